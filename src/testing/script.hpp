// What a fake knows: how commands behave, and which were asked for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <brood/testing.hpp>

#include "sys/fd.hpp"

namespace brood::detail {
struct call_log;
}

namespace brood::testing {

struct expectation::script {
  std::shared_ptr<detail::call_log> log;  // its lock guards the rest
  std::vector<word> pattern;
  std::string out;
  std::string err;
  int code = 0;
  int signal = 0;  // it ends by this one, if not 0
  int os = 0;      // it cannot be started, if not 0
  std::int64_t takes = 0;
  std::vector<int> ignored;
  std::int64_t left = 1;  // -1: always
  callback<void(const call&)> effect;

  bool fits(const std::vector<std::string>& args) const;
  std::string to_string() const;
};

}  // namespace brood::testing

namespace brood::detail {

/// A call, and where the rest of its input comes from.
struct call_record {
  testing::call call;
  bool refused = false;
  sys::fd written;  // reads what the caller writes to stdin
};

/// Shared by a fake and the children that it plays, which may outlive it.
struct call_log {
  std::mutex lock;
  std::vector<std::unique_ptr<call_record>> calls;

  /// Take in what has been written since. The lock is held.
  static void refresh(call_record& r);
};

}  // namespace brood::detail
