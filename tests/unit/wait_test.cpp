// Waiting for descriptors: what is ready, of how many, and until when.
// SPDX-License-Identifier: Apache-2.0
#include "sys/wait.hpp"

#include <unistd.h>

#include <vector>

#include <gtest/gtest.h>

#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace {

using brood::detail::deadline;
namespace sys = brood::detail::sys;
using sys::poll_until;
using sys::wait_item;

TEST(poll_until, tells_reading_from_writing_of_one_descriptor) {
  sys::fd a;
  sys::fd b;
  ASSERT_EQ(sys::make_stream_pair(a, b), 0);
  std::vector<wait_item> items{wait_item::to_read(a.get()), wait_item::to_write(a.get())};
  EXPECT_EQ(poll_until(items, deadline::at(0)), 1);
  EXPECT_FALSE(items[0].ready.any());
  EXPECT_TRUE(items[1].ready.out);
  ASSERT_EQ(sys::write_some(b.get(), "x", 1), 1);
  EXPECT_EQ(poll_until(items, deadline::never()), 2);
  EXPECT_TRUE(items[0].ready.in);
  EXPECT_FALSE(items[0].ready.out);
}

TEST(poll_until, takes_an_end_for_something_to_read) {
  sys::fd read;
  sys::fd write;
  ASSERT_EQ(sys::make_pipe(read, write), 0);
  write.reset();
  std::vector<wait_item> items{wait_item::to_read(read.get())};
  EXPECT_EQ(poll_until(items, deadline::never()), 1);
  EXPECT_TRUE(items[0].ready.in);
  EXPECT_FALSE(items[0].broken);
}

TEST(poll_until, says_that_a_descriptor_is_broken) {
  sys::fd read;
  sys::fd write;
  ASSERT_EQ(sys::make_pipe(read, write), 0);
  read.reset();
  wait_item items[] = {wait_item::to_write(write.get()), wait_item::to_read(1'000'000)};
  EXPECT_EQ(poll_until(items, deadline::never()), 2);
  EXPECT_TRUE(items[0].ready.out && items[0].broken);
  EXPECT_TRUE(items[1].ready.in && items[1].broken);
}

TEST(poll_until, passes_over_what_is_no_descriptor_or_not_wanted) {
  sys::fd a;
  sys::fd b;
  ASSERT_EQ(sys::make_stream_pair(a, b), 0);
  wait_item items[] = {wait_item::to_read(-1), {a.get(), {}, {}}, wait_item::to_write(a.get())};
  EXPECT_EQ(poll_until(items, deadline::never()), 1);
  EXPECT_TRUE(items[2].ready.out);
  const std::int64_t start = sys::now();
  EXPECT_EQ(poll_until({items, 2}, deadline::after(start, 3'000'000)), 0);
  EXPECT_GE(sys::now(), start + 3'000'000);
}

TEST(poll_until, takes_more_items_than_stand_on_the_stack) {
  std::vector<sys::fd> keep;
  std::vector<wait_item> items;
  for (int i = 0; i < 40; ++i) {
    sys::fd read;
    sys::fd write;
    ASSERT_EQ(sys::make_pipe(read, write), 0);
    items.push_back(wait_item::to_read(read.get()));
    if (i == 33) {
      ASSERT_EQ(sys::write_some(write.get(), "x", 1), 1);
    }
    keep.push_back(std::move(read));
    keep.push_back(std::move(write));
  }
  EXPECT_EQ(poll_until(items, deadline::never()), 1);
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].ready.in, i == 33);
}

}  // namespace
