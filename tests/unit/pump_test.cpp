// The pump on pipes of our own: what it waits for, and what it does with what is ready.
// SPDX-License-Identifier: Apache-2.0
#include "stream/pump.hpp"

#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sys/fd.hpp"
#include "sys/wait.hpp"

namespace {

using brood::output_stream;
using brood::detail::deadline;
using brood::detail::pump;
using brood::detail::source;
namespace sys = brood::detail::sys;

struct pipe_ends {
  sys::fd read;
  sys::fd write;
  pipe_ends() { EXPECT_EQ(sys::make_pipe(read, write), 0); }
};

std::vector<sys::wait_item> wants(const pump& p) {
  std::vector<sys::wait_item> items;
  p.wants(items);
  return items;
}

// One round with what is ready at this moment; false if nothing is.
bool round_of(pump& p) {
  auto items = wants(p);
  if (sys::poll_until(items, deadline::at(0)) <= 0) return false;
  p.serve(items);
  return true;
}

void write_to(const sys::fd& end, const std::string& text) {
  ASSERT_EQ(sys::write_all(end.get(), text.data(), text.size()), 0);
}

source reading(sys::fd end, bool collect = true) {
  source s;
  s.end = std::move(end);
  s.collect = collect;
  s.name = "stdout";
  return s;
}

TEST(pump, waits_for_its_input_and_its_outputs) {
  pipe_ends in;
  pipe_ends out;
  pump p;
  EXPECT_TRUE(wants(p).empty());
  p.feed(std::move(in.write), "x");
  p.add(reading(std::move(out.read)));
  const auto items = wants(p);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_TRUE(items[0].wanted.out);
  EXPECT_FALSE(items[0].wanted.in);
  EXPECT_TRUE(items[1].wanted.in);
}

TEST(pump, does_nothing_with_what_is_not_ready) {
  pipe_ends out;
  pump p;
  p.add(reading(std::move(out.read)));
  write_to(out.write, "x");
  p.serve(wants(p));  // nobody asked what is ready
  EXPECT_EQ(p.sources()[0].kept.storage(), "");
  EXPECT_TRUE(round_of(p));
  EXPECT_EQ(p.sources()[0].kept.storage(), "x");
}

TEST(pump, finds_its_items_among_those_of_others) {
  pipe_ends other;
  pipe_ends out;
  pump p;
  p.add(reading(std::move(out.read)));
  write_to(out.write, "x");
  std::vector<sys::wait_item> items{sys::wait_item::to_read(-1),
                                    sys::wait_item::to_read(other.read.get())};
  p.wants(items);
  EXPECT_EQ(sys::poll_until(items, deadline::at(0)), 1);
  p.serve(items);
  EXPECT_EQ(p.sources()[0].kept.storage(), "x");
}

TEST(pump, feeds_and_reads_one_descriptor) {
  sys::fd ours;
  sys::fd theirs;
  ASSERT_EQ(sys::make_stream_pair(ours, theirs), 0);
  pump p;
  p.feed(sys::fd(sys::dup_above(ours.get(), 3)), "to them");
  p.add(reading(std::move(ours)));
  write_to(theirs, "to us");
  while (p.feeding()) ASSERT_TRUE(round_of(p));
  char got[16];
  EXPECT_EQ(sys::read_some(theirs.get(), got, sizeof got), 7);
  theirs.reset();
  while (p.reading()) ASSERT_TRUE(round_of(p));
  EXPECT_EQ(p.sources()[0].kept.storage(), "to us");
}

TEST(pump, says_what_it_closes_before_it_does) {
  pipe_ends in;
  pipe_ends out;
  const int input = in.write.get();
  const int output = out.read.get();
  pump p;
  std::vector<int> closed;
  p.before_close([&](int number) {
    EXPECT_EQ(sys::is_open(number), 0);
    closed.push_back(number);
  });
  p.feed(std::move(in.write), "x");
  p.add(reading(std::move(out.read)));
  out.write.reset();
  while (p.busy()) ASSERT_TRUE(round_of(p));
  EXPECT_EQ(closed, (std::vector<int>{input, output}));
}

TEST(pump, reads_no_further_where_its_only_sink_is_gone) {
  pipe_ends out;
  pipe_ends sink;
  pump p;
  source s = reading(std::move(out.read), false);
  s.relays = {sink.write.get()};
  p.add(std::move(s));
  sink.read.reset();
  write_to(out.write, "x");
  while (p.reading()) ASSERT_TRUE(round_of(p));
  EXPECT_FALSE(p.failure()) << "a reader that has enough is no error";
  EXPECT_EQ(sys::write_quietly(out.write.get(), "y", 1), -EPIPE);
}

TEST(pump, reads_no_further_for_a_file_alone_where_the_reader_is_gone) {
  pipe_ends out;
  pipe_ends sink;
  pipe_ends other;
  pump p;
  source s = reading(std::move(out.read), false);
  s.relays = {sink.write.get(), other.write.get()};
  p.add(std::move(s));
  sink.read.reset();
  write_to(out.write, "one");
  while (p.reading()) ASSERT_TRUE(round_of(p));
  EXPECT_FALSE(p.failure());
  EXPECT_EQ(sys::write_quietly(out.write.get(), "y", 1), -EPIPE);
  char got[16];
  EXPECT_EQ(sys::read_some(other.read.get(), got, sizeof got), 3) << "what was read is passed on";
}

TEST(pump, goes_on_for_those_who_listen_still) {
  for (const bool collect : {true, false}) {
    pipe_ends out;
    pipe_ends gone;
    pipe_ends there;
    pump p;
    std::string heard;
    if (!collect) p.on_chunk([&](output_stream, std::string_view text) { heard += text; });
    source s = reading(std::move(out.read), collect);
    s.relays = {gone.write.get()};
    if (collect) s.relays.push_back(there.write.get());
    p.add(std::move(s));
    gone.read.reset();
    write_to(out.write, "one");
    ASSERT_TRUE(round_of(p));
    write_to(out.write, "two");
    ASSERT_TRUE(round_of(p));
    EXPECT_EQ(p.sources()[0].relays.size(), collect ? 1U : 0U);
    EXPECT_EQ(collect ? p.sources()[0].kept.storage() : heard, "onetwo");
    out.write.reset();
    while (p.reading()) ASSERT_TRUE(round_of(p));
    char got[16];
    if (collect) {
      EXPECT_EQ(sys::read_some(there.read.get(), got, sizeof got), 6);
    }
  }
}

source text_of(sys::fd end) {
  source s = reading(std::move(end), false);
  s.text.emplace("UTF-8", brood::text_errors::strict);
  return s;
}

TEST(pump, delivers_a_line_as_soon_as_its_carriage_return_has_come) {
  pipe_ends out;
  pump p;
  std::vector<std::string> lines;
  std::string chunks;
  p.on_line([&](output_stream, std::string_view line) { lines.emplace_back(line); });
  p.on_chunk([&](output_stream, std::string_view text) { chunks.append(text).append("|"); });
  p.add(text_of(std::move(out.read)));
  for (const char* piece : {"10%\r", "20%\r", "\n30", "%\r\n", "done"}) {
    write_to(out.write, piece);
    ASSERT_TRUE(round_of(p));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"10%", "20%", "30%"}));
  EXPECT_EQ(chunks, "10%\n|20%\n|30|%\n|done|");
  out.write.reset();
  while (p.reading()) ASSERT_TRUE(round_of(p));
  EXPECT_EQ(lines.back(), "done");
}

// Bytes that are no text have lines too, which end in "\n" alone.
TEST(pump, takes_a_carriage_return_for_a_byte_where_there_is_no_text) {
  pipe_ends out;
  pump p;
  std::vector<std::string> lines;
  p.on_line([&](output_stream, std::string_view line) { lines.emplace_back(line); });
  p.add(reading(std::move(out.read), false));
  write_to(out.write, "a\rb\r\nc");
  ASSERT_TRUE(round_of(p));
  EXPECT_EQ(lines, (std::vector<std::string>{"a\rb\r"}));
}

TEST(pump, cuts_a_long_line_between_characters) {
  constexpr std::size_t most = 1024 * 1024;
  for (const std::size_t step : {std::size_t{777}, std::size_t{60'000}}) {
    pipe_ends out;
    pump p;
    std::vector<std::string> lines;
    p.on_line([&](output_stream, std::string_view line) { lines.emplace_back(line); });
    p.add(text_of(std::move(out.read)));
    std::string all;
    while (all.size() < 2 * most + 5000) all += "\xe2\x82\xac";  // three bytes: none ends at `most`
    const std::string sent = all + "\nnext\n";
    for (std::size_t at = 0; at < sent.size(); at += step) {
      write_to(out.write, sent.substr(at, step));
      while (round_of(p)) {
      }
    }
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].size(), most / 3 * 3);
    EXPECT_EQ(lines[1].size(), most / 3 * 3);
    EXPECT_EQ(lines[0] + lines[1] + lines[2], all);
    EXPECT_EQ(lines[3], "next");
  }
}

TEST(pump, stops_reading_while_a_relay_is_full) {
  pipe_ends out;
  pipe_ends sink;
  pump p;
  source s = reading(std::move(out.read), false);
  s.relays = {sink.write.get()};
  p.add(std::move(s));
  ASSERT_GE(sys::set_pipe_size(sink.write.get(), 4096), 4096);
  write_to(out.write, std::string(20'000, 'x'));
  while (round_of(p)) {
  }
  const auto items = wants(p);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].number, sink.write.get());
  EXPECT_TRUE(items[0].wanted.out);
  std::size_t read = 0;
  std::string room(4096, '\0');
  out.write.reset();
  while (p.reading()) {
    while (round_of(p)) {
    }
    while (sys::readable_bytes(sink.read.get()) > 0) {
      read += static_cast<std::size_t>(sys::read_some(sink.read.get(), room.data(), room.size()));
    }
  }
  EXPECT_EQ(read, 20'000U);
}

}  // namespace
