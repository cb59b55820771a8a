// A plan survives being packed for the guardian and unpacked there.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/pack.hpp"

#include <algorithm>
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
  const auto& kind = brood::detail::kind_of(b.what);  // what only the parent has is not sent
  EXPECT_EQ(a.a, kind.a == brood::detail::role::closed ? -1 : b.a);
  EXPECT_EQ(a.b, kind.b == brood::detail::role::closed ? -1 : b.b);
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
  EXPECT_EQ(after.view.clone_flags, v.clone_flags);
  EXPECT_EQ(after.view.cgroup_fd, v.cgroup_fd);
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
  r.opens = {{"/in", 0, 0, 0}, {"out file", 0101, 0640, 8}};
  r.copies = {{8, 2}, {1, 7}};
  r.rendezvous = {{20, 21}};
  r.clone_flags = 0x2'0000'0080;
  r.cgroup_fd = 22;
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
    r.args = {word, "x", word};
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
  r.args.assign(3000, word);
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
    r.args = words;
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

// Whatever it points to is inside, and can be read up to its end.
void expect_inside(const unpacked& u) {
  for (std::uint32_t i = 0; i < u.view.step_count; ++i) {
    const step& s = u.view.steps[i];
    ASSERT_TRUE(u.inside(&s));
    ASSERT_LT(static_cast<std::size_t>(s.what), brood::detail::step_kind_count);
    const std::uint64_t size = data_size(s);
    if (s.data == nullptr) {
      ASSERT_EQ(s.n * brood::detail::kind_of(s.what).unit, 0U);
      continue;
    }
    ASSERT_TRUE(u.inside(s.data));
    ASSERT_LE(size,
              static_cast<std::uint64_t>(u.start() + u.size - static_cast<const char*>(s.data)));
    if (brood::detail::kind_of(s.what).unit == 1) {
      ASSERT_LT(std::strlen(static_cast<const char*>(s.data)), size);
    }
  }
  for (const char* const* list : {u.view.programs, const_cast<const char* const*>(u.view.argv),
                                  const_cast<const char* const*>(u.view.envp)}) {
    for (; *list; ++list) {
      ASSERT_TRUE(u.inside(*list));
      ASSERT_LT(*list + std::strlen(*list), u.start() + u.size);
    }
  }
}

TEST(unpack, believes_no_length_and_no_offset) {
  spawn_spec r;
  r.args = {"name", "argument"};
  r.programs = {"/bin/name"};
  r.env = {"A=1"};
  r.inherit_env = false;
  r.cwd = "/some/where";
  r.opens = {{"file", 0, 0, 1}};
  r.groups = {{1, 2, 3}};
  const plan p(std::move(r));
  const std::string whole = pack(p.view());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const unpacked u(whole.substr(0, size));
    if (u.good) expect_inside(u);
    if (::testing::Test::HasFatalFailure()) FAIL() << size;
  }
  const std::uint64_t absurd[] = {0,
                                  1,
                                  7,
                                  whole.size() - 1,
                                  whole.size(),
                                  whole.size() + 1,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x1'0000'0000,
                                  UINT64_MAX / 4,
                                  UINT64_MAX / 40,
                                  UINT64_MAX - 7,
                                  UINT64_MAX};
  for (std::size_t at = 0; at < whole.size(); at += 4) {
    for (const std::uint64_t value : absurd) {
      for (const std::size_t width : {std::size_t{4}, std::size_t{8}}) {
        std::string bytes = whole;
        std::memcpy(bytes.data() + at, &value, std::min(width, bytes.size() - at));
        const unpacked u(bytes);
        if (u.good) expect_inside(u);
        if (::testing::Test::HasFatalFailure()) FAIL() << value << " at " << at;
      }
    }
  }
}

TEST(unpack, survives_random_damage) {
  std::mt19937 random(1);  // the same each time
  spawn_spec r;
  r.args = {"name", "argument"};
  r.programs = {"/bin/name"};
  r.cwd = "/";
  r.groups = {{1, 2}};
  r.opens = {{"file", 0, 0, 1}};
  r.inherit_env = false;
  const plan p(std::move(r));
  const std::string whole = pack(p.view());
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = whole;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const unpacked u(bytes);
    if (u.good) expect_inside(u);
    if (::testing::Test::HasFatalFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
