// Which folders a process's control groups are in, and what the files there allow.
// SPDX-License-Identifier: Apache-2.0
#include "sys/cgroup.hpp"

#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/files.hpp"

namespace {

using brood::detail::sys::cgroup_folder;
using brood::detail::sys::cpu_quota;
using brood::detail::sys::find_cgroups;
using brood::detail::sys::memory_left;
using testing::ElementsAre;
using testing::IsEmpty;

// Version 2 has a mark.
std::vector<std::string> folders(const std::string& groups, const std::string& mounts,
                                 const std::string& controller) {
  std::vector<std::string> found;
  for (const cgroup_folder& f : find_cgroups(groups, mounts, controller)) {
    found.push_back((f.v2 ? "2:" : "") + f.path);
  }
  return found;
}

std::string mount_of(const std::string& root, const std::string& at, const std::string& type,
                     const std::string& options) {
  return "36 35 98:0 " + root + " " + at + " rw,noatime master:1 - " + type + " " + type + " " +
         options + "\n";
}

TEST(cgroup, both_versions_and_all_ancestors) {
  const std::string mounts = mount_of("/", "/", "ext4", "rw,cpu") +
                             mount_of("/", "/c/cpu", "cgroup", "rw,cpu,cpuacct") +
                             mount_of("/", "/c/memory", "cgroup", "rw,memory") +
                             mount_of("/", "/c/unified", "cgroup2", "rw,nsdelegate");
  const std::string groups = "4:memory:/m\n3:cpu,cpuacct:/a/b\n1:name=systemd:/s\n0::/u/v\n";
  EXPECT_THAT(folders(groups, mounts, "cpu"),
              ElementsAre("/c/cpu/a/b", "/c/cpu/a", "/c/cpu", "2:/c/unified/u/v", "2:/c/unified/u",
                          "2:/c/unified"));
  EXPECT_THAT(folders("4:memory:/m\n", mounts, "memory"), ElementsAre("/c/memory/m", "/c/memory"));
  EXPECT_THAT(folders("0::/\n", mounts, "cpu"), ElementsAre("2:/c/unified"));
  EXPECT_THAT(folders(groups, "", "cpu"), IsEmpty());
  EXPECT_THAT(folders("", mounts, "cpu"), IsEmpty());
  EXPECT_THAT(folders("garbage\n:::\n0\n", "garbage\n\n", "cpu"), IsEmpty());
}

TEST(cgroup, a_container_sees_its_part) {
  const auto at = [](const std::string& root, const std::string& own) {
    return folders("0::" + own + "\n", mount_of(root, "/c\\040d", "cgroup2", "rw"), "cpu");
  };
  EXPECT_THAT(at("/docker/1", "/docker/1"), ElementsAre("2:/c d"));
  EXPECT_THAT(at("/docker/1", "/docker/1/x"), ElementsAre("2:/c d/x", "2:/c d"));
  EXPECT_THAT(at("/docker/1", "/docker/12"), IsEmpty());
  EXPECT_THAT(at("/docker/1", "/"), IsEmpty());
  EXPECT_THAT(at("/", "/../x"), IsEmpty());
  EXPECT_THAT(at("/", "/.."), IsEmpty());
}

class cgroup_files : public testing::Test {
 protected:
  ~cgroup_files() override { std::filesystem::remove_all(temp_); }
  cgroup_folder group(const std::string& name, bool v2) {
    ::mkdir((temp_ + name).c_str(), 0700);
    return {temp_ + name, v2};
  }
  void put(const std::string& file, const std::string& text) {
    support::write_file(temp_ + file, text + "\n");
  }
  std::string temp_ = ::mkdtemp(std::string("/tmp/cgroup-XXXXXX").data()) + std::string("/");
};

TEST_F(cgroup_files, the_least_quota_counts) {
  const std::vector<cgroup_folder> all{group("one", false), group("two", true), group("no", true)};
  EXPECT_TRUE(std::isinf(cpu_quota({})));
  EXPECT_TRUE(std::isinf(cpu_quota(all)));
  put("two/cpu.max", "max 100000");
  put("one/cpu.cfs_quota_us", "-1");
  put("one/cpu.cfs_period_us", "100000");
  EXPECT_TRUE(std::isinf(cpu_quota(all)));
  put("two/cpu.max", "150000 100000");
  EXPECT_DOUBLE_EQ(cpu_quota(all), 1.5);
  put("one/cpu.cfs_quota_us", "25000");
  EXPECT_DOUBLE_EQ(cpu_quota(all), 0.25);
  put("one/cpu.cfs_period_us", "0");
  EXPECT_DOUBLE_EQ(cpu_quota(all), 1.5);
}

TEST_F(cgroup_files, pages_that_can_be_dropped_are_no_used_memory) {
  const std::vector<cgroup_folder> all{group("one", false), group("two", true)};
  EXPECT_EQ(memory_left(all), UINT64_MAX);
  put("two/memory.max", "max");
  put("two/memory.current", "5000");
  EXPECT_EQ(memory_left(all), UINT64_MAX);
  put("two/memory.max", "6000");
  EXPECT_EQ(memory_left(all), 1000U);
  put("two/memory.stat", "anon 4000\ninactive_file 300\nactive_file 500");
  EXPECT_EQ(memory_left(all), 1300U);
  put("one/memory.limit_in_bytes", "4096");
  put("one/memory.usage_in_bytes", "4000");
  put("one/memory.stat", "inactive_file 1\ntotal_inactive_file 10");
  EXPECT_EQ(memory_left(all), 106U);
  put("one/memory.usage_in_bytes", "9999");
  EXPECT_EQ(memory_left(all), 0U);
}

}  // namespace
