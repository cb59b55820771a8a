// The exceptions of everything that reads or writes a journal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace journal {

/// A journal cannot be used, or an input file cannot be read. `what()` is for people: it names the
/// file and, where there is one, a way out.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// No journal can be kept in this place, whatever the state of the one that is there: a caller that
/// needs none can go on without.
class unavailable : public error {
 public:
  using error::error;
};

}  // namespace journal
