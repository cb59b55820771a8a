// A locale in which the decimal point is a comma, for tests of what must not depend on it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace support {

/// In force for this process while it lives. One of the host's; else one is made by localedef(1).
class comma_locale {
 public:
  comma_locale();
  comma_locale(const comma_locale&) = delete;
  comma_locale& operator=(const comma_locale&) = delete;
  ~comma_locale();

  /// Whether there is one.
  bool in_force() const { return in_force_; }

 private:
  bool make();

  std::string before_;
  bool in_force_ = false;
};

}  // namespace support
