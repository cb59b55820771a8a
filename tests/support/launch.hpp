// Launching a plan directly, without what else there is to running a command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/deadline.hpp"
#include "spawn/pending_exec.hpp"
#include "spawn/plan.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "sys/time.hpp"

namespace support {

inline brood::detail::deadline in_ms(std::int64_t ms) {
  return brood::detail::deadline::after(brood::detail::sys::now(), ms * 1'000'000);
}
inline constexpr std::int64_t soon = 10'000;  // ms; only a failing test waits for all of it

// Its argument: the portable launch.
class launch_test : public os_test, public ::testing::WithParamInterface<bool> {
 protected:
  brood::detail::spawn_spec spec_of(std::vector<std::string> args) const {
    brood::detail::spawn_spec s;
    s.args = std::move(args);
    s.program = s.args.front();
    s.programs = {s.args.front()};
    s.portable = GetParam();
    return s;
  }
  // Writes its stdout to the file `out`.
  brood::detail::spawn_spec to_file(std::vector<std::string> args) const {
    brood::detail::spawn_spec s = spec_of(std::move(args));
    s.opens = {{path("out"), O_WRONLY | O_CREAT | O_TRUNC, 0666, 1}};
    return s;
  }
  std::string output() const { return read_file(path("out")); }

  static std::shared_ptr<const brood::detail::plan> planned(brood::detail::spawn_spec s) {
    return std::make_shared<const brood::detail::plan>(std::move(s));
  }
  // The exit code, or the negative signal.
  static int end_of(brood::detail::child_handle& child) {
    brood::detail::sys::exit_record record;
    EXPECT_EQ(child.ref.reap(brood::detail::sys::wait_mode::block, record), 1);
    return record.how == CLD_EXITED ? record.value : -record.value;
  }
  static int run(const brood::detail::plan& p) {
    brood::detail::child_handle child = brood::detail::launch(p.view());
    if (child.error.os != 0) {
      ADD_FAILURE() << p.explain(child.error).what();
      return -1000;
    }
    return end_of(child);
  }
  std::string fifo() const {
    const std::string name = path("fifo");
    EXPECT_EQ(::mkfifo(name.c_str(), 0600), 0);
    return name;
  }
};

inline auto both_launches() { return ::testing::Bool(); }
inline std::string launch_name(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "portable" : "native";
}

}  // namespace support
