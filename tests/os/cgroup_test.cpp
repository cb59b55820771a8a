// Defaults under real control groups: a quota of CPUs and a limit of memory, above the own group.
// SPDX-License-Identifier: Apache-2.0
#include "sys/cgroup.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <brood/pool.hpp>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

namespace sys = brood::detail::sys;

// A group below ours, and one below that.
class two_groups {
 public:
  /// `file`: what a group has that may be limited.
  two_groups(const std::string& controller, const std::string& v1_file,
             const std::string& v2_file) {
    for (const sys::cgroup_folder& ours : sys::find_cgroups(controller)) {
      const std::string outer = ours.path + "/brood-test-" + std::to_string(::getpid());
      if (::mkdir(outer.c_str(), 0755) != 0) continue;
      outer_ = {outer, ours.v2};
      limit_ = outer + "/" + (ours.v2 ? v2_file : v1_file);
      if (::access(limit_.c_str(), W_OK) == 0 && ::mkdir(inner().c_str(), 0755) == 0) return;
      ::rmdir(outer.c_str());
      outer_.path.clear();
    }
  }
  two_groups(const two_groups&) = delete;
  two_groups& operator=(const two_groups&) = delete;
  ~two_groups() {
    if (outer_.path.empty()) return;
    EXPECT_TRUE(support::poll_until(support::patience, [this] {
      return ::rmdir(inner().c_str()) == 0 || ::access(inner().c_str(), F_OK) != 0;
    }));
    EXPECT_EQ(::rmdir(outer_.path.c_str()), 0);
  }

  explicit operator bool() const { return !outer_.path.empty(); }
  bool v2() const { return outer_.v2; }
  std::string inner() const { return outer_.path + "/inner"; }
  void limit(const std::string& text) const { support::write_file(limit_, text); }

  /// The exit status of `f` in a process of the inner group.
  template <class F>
  int run_inside(F f) const {
    const pid_t child = ::fork();
    if (child == 0) {
      support::write_file(inner() + "/cgroup.procs", "0");
      ::_exit(f());
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  sys::cgroup_folder outer_;
  std::string limit_;
};

constexpr const char* no_groups = "no control group can be made here: it takes root, and a mount";

class Cgroup : public support::os_test {};

TEST_F(Cgroup, AQuotaOfCpusIsKnownToPoolsAndToTheTool) {
  const two_groups groups("cpu", "cpu.cfs_quota_us", "cpu.max");
  if (!groups) GTEST_SKIP() << no_groups;
  const auto cpus = [] { return brood::worker_count{}.resolve().value(); };
  EXPECT_EQ(groups.run_inside(cpus), cpus());
  groups.limit(groups.v2() ? "50000 100000" : "50000");
  EXPECT_EQ(groups.run_inside(cpus), 1);
  const std::string script = "echo 0 >'" + groups.inner() + "/cgroup.procs'; exec '" +
                             support::tool() + "' map --no-journal --dry-run echo {%} ::: a b c";
  EXPECT_EQ(support::run_bare({"/bin/sh", "-c", script}).out, "echo 1\necho 1\necho 1\n");
}

TEST_F(Cgroup, ALimitOfMemoryIsKnown) {
  const two_groups groups("memory", "memory.limit_in_bytes", "memory.max");
  if (!groups) GTEST_SKIP() << no_groups;
  constexpr std::uint64_t limit = 64 << 20;
  groups.limit(std::to_string(limit));
  EXPECT_EQ(groups.run_inside([] {
    const auto free = brood::available_memory();
    return free && *free > limit / 2 && *free <= limit ? 0 : 1;
  }),
            0);
}

}  // namespace
