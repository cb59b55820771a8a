// A plan survives being packed for the guardian and unpacked there.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/pack.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "spawn/plan.hpp"
#include "spawn/step_table.hpp"

namespace {

using brood::detail::op;
using brood::detail::pack;
using brood::detail::plan;
using brood::detail::plan_view;
using brood::detail::spawn_spec;
using brood::detail::step;
using brood::detail::unpack;

std::vector<std::string> strings(const char* const* list) {
  std::vector<std::string> all;
  for (; *list; ++list) all.emplace_back(*list);
  return all;
}

std::string bytes_of(const step& s) {
  return s.data == nullptr ? std::string()
                           : std::string(static_cast<const char*>(s.data), data_size(s));
}

void expect_same_step(const step& a, const step& b) {
  EXPECT_EQ(a.what, b.what);
  EXPECT_EQ(a.n, b.n);
  EXPECT_EQ(a.a, b.a);
  EXPECT_EQ(a.b, b.b);
  EXPECT_EQ(a.c, b.c);
  EXPECT_EQ(a.d, b.d);
  EXPECT_EQ(bytes_of(a), bytes_of(b));
}

// The unpacked plan, with the memory that it points into; aligned as mmap would.
struct unpacked {
  explicit unpacked(const std::string& bytes)
      : room(new std::max_align_t[bytes.size() / sizeof(std::max_align_t) + 1]),
        size(bytes.size()) {
    std::memcpy(room.get(), bytes.data(), size);
    good = unpack(start(), size, view);
  }
  char* start() const { return reinterpret_cast<char*>(room.get()); }
  bool inside(const void* p) const {
    const auto* at = static_cast<const char*>(p);
    return at >= start() && at < start() + size;
  }

  std::unique_ptr<std::max_align_t[]> room;
  std::size_t size;
  plan_view view{};
  bool good = false;
};

void expect_round_trip(spawn_spec r) {
  const plan before(std::move(r));
  const plan_view& v = before.view();
  const unpacked after(pack(v));
  ASSERT_TRUE(after.good);
  EXPECT_EQ(strings(after.view.programs), strings(v.programs));
  EXPECT_EQ(strings(after.view.argv), strings(v.argv));
  EXPECT_EQ(strings(after.view.envp), strings(v.envp));
  EXPECT_EQ(after.view.program_fd, -1);
  EXPECT_EQ(after.view.portable, v.portable);
  EXPECT_EQ(after.view.close_fds, v.close_fds);
  ASSERT_EQ(after.view.step_count, v.step_count);
  for (std::uint32_t i = 0; i < v.step_count; ++i) {
    const step& s = after.view.steps[i];
    expect_same_step(s, v.steps[i]);
    EXPECT_TRUE(s.data == nullptr || after.inside(s.data));
    if (s.what == op::set_groups && s.data != nullptr) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s.data) % alignof(unsigned), 0U);
    }
  }
  for (char* const* a = after.view.argv; *a; ++a) EXPECT_TRUE(after.inside(*a));
}

TEST(pack, keeps_a_plan_that_says_nothing) {
  spawn_spec r;
  r.inherit_env = false;
  r.close_fds = false;
  expect_round_trip(r);
  r.inherit_env = true;
  expect_round_trip(r);
}

TEST(pack, keeps_all_that_a_plan_can_say) {
  spawn_spec r;
  r.args = {"name", "", "a b", "\xff\n", "last"};
  r.program = "name";
  r.programs = {"/bin/name", "/usr/bin/name"};
  r.env = {"A=1", "EMPTY=", "TWO=a=b"};
  r.inherit_env = false;
  r.cwd = "/some/where";
  r.moves = {{5, 0}, {6, 1}, {1, 6}, {9, 9}};
  r.keep = {11, 12};
  r.new_session = true;
  r.process_group = 0;
  r.umask = 027U;
  r.nice = -3;
  r.limits = {{1, 2, 3}, {4, UINT64_MAX, UINT64_MAX - 1}};
  r.groups = {{1, 2, 4294967294U}};
  r.gid = 65534;
  r.uid = 4294967294U;
  r.portable = true;
  expect_round_trip(r);
}

TEST(pack, keeps_the_difference_between_no_groups_and_unchanged_groups) {
  spawn_spec r;
  r.groups.emplace();
  const plan before(std::move(r));
  const unpacked after(pack(before.view()));
  ASSERT_TRUE(after.good);
  bool found = false;
  for (std::uint32_t i = 0; i < after.view.step_count; ++i) {
    if (after.view.steps[i].what != op::set_groups) continue;
    found = true;
    EXPECT_EQ(after.view.steps[i].n, 0U);
  }
  EXPECT_TRUE(found);
}

TEST(pack, keeps_strings_of_any_length) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string word(length, 'w');
    spawn_spec r;
    r.args = {word.c_str(), "x", word.c_str()};
    r.programs = {word};
    r.env = {word, "E=" + word};
    r.inherit_env = false;
    r.cwd = word;
    r.groups = std::vector<unsigned>(length, 7U);
    expect_round_trip(r);
  }
}

TEST(pack, keeps_a_large_plan) {
  const std::string word(1000, 'w');
  spawn_spec r;
  r.args.assign(3000, word.c_str());
  r.env.assign(2000, "E=" + word);
  r.inherit_env = false;
  r.groups = std::vector<unsigned>(65536, 3U);
  for (int i = 0; i < 500; ++i) r.keep.push_back(i);
  expect_round_trip(r);
}

TEST(pack, keeps_random_plans) {
  std::mt19937 random(1);  // the same each time
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> words(random() % 9);
    for (std::string& w : words) w.assign(random() % 30, static_cast<char>('a' + random() % 26));
    spawn_spec r;
    for (const std::string& w : words) r.args.push_back(w.c_str());
    r.programs.assign(words.rbegin(), words.rend());
    r.env = words;
    r.inherit_env = false;
    if (random() % 2) r.cwd = "/" + std::string(random() % 20, 'd');
    if (random() % 2) r.groups = std::vector<unsigned>(random() % 9, static_cast<unsigned>(round));
    if (random() % 2) r.limits = {{static_cast<int>(random() % 16), random(), random()}};
    r.portable = random() % 2 != 0;
    expect_round_trip(r);
  }
}

TEST(unpack, refuses_what_is_no_plan) {
  const plan p{spawn_spec{}};
  std::string bytes = pack(p.view());
  EXPECT_TRUE(unpacked(bytes).good);
  EXPECT_FALSE(unpacked("").good);
  EXPECT_FALSE(unpacked(bytes.substr(0, sizeof(brood::detail::pack_header) - 1)).good);
  bytes[0] = static_cast<char>(bytes[0] ^ 1);
  EXPECT_FALSE(unpacked(bytes).good);
}

}  // namespace
