// Collected streams: limits, callbacks and text.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/pattern.hpp"
#include "support/temp_pipe.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using brood::output_stream;
using brood::overflow;
using brood::text_errors;
using support::helper;

std::string level_name(const ::testing::TestParamInfo<containment>& info) {
  return std::string(brood::to_string(info.param));
}

class Streams : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  brood::expected<brood::completed_process, brood::error> try_run(
      const std::vector<std::string>& verbs, options o) const {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.contain = GetParam();
    return brood::try_run(words, o);
  }
  brood::completed_process run(const std::vector<std::string>& verbs, options o) const {
    return try_run(verbs, std::move(o)).value();
  }
  std::string decoded(const std::string& text, options o) const {
    o.out = brood::PIPE;
    return run({"out", text}, std::move(o)).out;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Streams,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         level_name);

// Each byte is two in UTF-8: the limit is of those.
TEST_P(Streams, ALimitCountsDecodedTextAndCutsNoCharacter) {
  const std::string latin = "caf\xe9 \xe9\xe9\xe9";  // 8 bytes, 12 decoded
  const auto kept = [&](overflow policy, std::size_t limit) {
    auto r = run(
        {"out", latin},
        {.out = brood::PIPE, .max_output = {limit, policy, path("spilled")}, .encoding = "latin1"});
    EXPECT_EQ(r.out_omitted, 12 - r.out.size());
    return r.out;
  };
  EXPECT_EQ(kept(overflow::keep_head, 12), "caf\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9");
  EXPECT_EQ(kept(overflow::keep_head, 4), "caf");
  EXPECT_EQ(kept(overflow::keep_tail, 3), "\xc3\xa9");
  EXPECT_EQ(kept(overflow::keep_head_tail, 8), "caf\xc3\xa9\xc3\xa9");
  EXPECT_EQ(kept(overflow::spill, 4), "caf");
  EXPECT_EQ(support::read_file(path("spilled")), "caf\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9");
  auto over =
      try_run({"out", latin},
              {.out = brood::PIPE, .max_output = {11, overflow::error}, .encoding = "latin1"});
  EXPECT_EQ(over.value().reason, brood::reason::output_limit);
  EXPECT_EQ(over.value().out, "caf\xc3\xa9 \xc3\xa9\xc3\xa9");
}

TEST_P(Streams, ACommandWhoseOnlySinkIsGoneSeesThat) {
  support::temp_pipe sink;
  sink.close_read();
  const auto r = run({"spam", "1G"}, {.out = brood::tee(brood::fd(sink.write_end()))});
  EXPECT_EQ(r.status.signal(), SIGPIPE);
  EXPECT_EQ(r.reason, brood::reason::signaled);
}

TEST_P(Streams, ASinkThatIsGoneEndsNothingForTheOthers) {
  support::temp_pipe sink;
  sink.close_read();
  const auto r = run({"out", "one"}, {.out = brood::tee(brood::PIPE, brood::fd(sink.write_end()))});
  EXPECT_EQ(r.out, "one");
  EXPECT_TRUE(r.success());
}

// A file that cannot be written is not a reader that has enough.
TEST_P(Streams, ASinkThatIsFullIsAnError) {
  const auto r = try_run({"spam", "1G"}, {.out = brood::tee(brood::file("/dev/full"))});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code().value(), ENOSPC);
  EXPECT_EQ(r.error().result()->status.signal(), SIGPIPE);
}

TEST_P(Streams, TooMuchOutputIsAnErrorByDefault) {
  const auto r = try_run({"out", "0123456789", "+", "spam", "1G"},
                         {.out = brood::PIPE, .max_output = 10, .timeout = 60s});
  const brood::completed_process* result = r ? &*r : r.error().result();
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(result->reason, brood::reason::output_limit);
  EXPECT_EQ(result->out, "0123456789");
  EXPECT_FALSE(result->accepted);
}

TEST_P(Streams, TooMuchOutputIsTooMuchThoughTheCommandHasEnded) {
  for (int i = 0; i < 20; ++i) {
    const auto r = try_run({"out", "0123456789"}, {.out = brood::PIPE, .max_output = 5});
    const brood::completed_process* result = r ? &*r : r.error().result();
    ASSERT_NE(result, nullptr);
    EXPECT_EQ(result->reason, brood::reason::output_limit);
    EXPECT_FALSE(result->accepted);
  }
}

TEST_P(Streams, WhatWasReadAheadIsStillTextAndLines) {
  std::vector<std::string> lines;
  const auto note = [&](output_stream, std::string_view line) { lines.emplace_back(line); };
  auto p = brood::spawn(
      {support::helper(), "out", "a\\r\\nb\\xe9\\r\\nc"},
      {.out = brood::PIPE, .on_line = note, .encoding = "latin1", .contain = GetParam()});
  EXPECT_EQ(p.out().read_line(), "a\r\n");
  const auto r = p.finish();
  EXPECT_EQ(r.out, "b\xc3\xa9\nc");
  EXPECT_EQ(lines, (std::vector<std::string>{"b\xc3\xa9", "c"}));
}

TEST_P(Streams, ExactlyTheLimitIsNotTooMuch) {
  const auto r = run({"out", "0123456789"}, {.out = brood::PIPE, .max_output = 10});
  EXPECT_EQ(r.out, "0123456789");
  EXPECT_EQ(r.out_omitted, 0U);
  EXPECT_TRUE(r.success());
}

TEST_P(Streams, EachPolicyKeepsItsPartAndCountsTheRest) {
  const std::string all = support::pattern_bytes(1000003, 5);
  const auto kept = [&](overflow policy) {
    const auto r = run({"cat"}, {.input = all, .out = brood::PIPE, .max_output = {1000, policy}});
    EXPECT_EQ(r.out_omitted, all.size() - 1000);
    EXPECT_EQ(r.err_omitted, 0U);
    EXPECT_TRUE(r.success());
    return r.out;
  };
  EXPECT_TRUE(kept(overflow::keep_head) == all.substr(0, 1000));
  EXPECT_TRUE(kept(overflow::keep_tail) == all.substr(all.size() - 1000));
  EXPECT_TRUE(kept(overflow::keep_head_tail) == all.substr(0, 500) + all.substr(all.size() - 500));
}

TEST_P(Streams, TheLimitIsOfEachStream) {
  const auto r = run({"out", "12345678", "+", "err", "abcdef"},
                     {.capture_output = true, .max_output = {5, overflow::keep_tail}});
  EXPECT_EQ(r.out, "45678");
  EXPECT_EQ(r.err, "bcdef");
  EXPECT_EQ(r.out_omitted, 3U);
  EXPECT_EQ(r.err_omitted, 1U);
}

TEST_P(Streams, ASpillFileHoldsTheWholeOutput) {
  const std::string all = support::pattern_bytes(300001, 5);
  const auto r = run(
      {"cat", "+", "err", "abcdef"},
      {.input = all, .capture_output = true, .max_output = {1000, overflow::spill, path("spill")}});
  EXPECT_TRUE(r.out == all.substr(0, 1000));
  EXPECT_EQ(r.out_omitted, all.size() - 1000);
  EXPECT_TRUE(support::read_file(path("spill")) == all);
  EXPECT_NE(access(path("spill.err").c_str(), F_OK), 0) << "it was not needed";
}

TEST_P(Streams, LinesComeWithoutTheirEnds) {
  std::vector<std::string> seen;
  const auto note = [&](output_stream s, std::string_view line) {
    seen.push_back((s == output_stream::out ? "o:" : "e:") + std::string(line));
  };
  const auto r = run({"out", "a\\n\\nb\\r\\n", "+", "out", "last"}, {.on_line = note});
  EXPECT_EQ(seen, (std::vector<std::string>{"o:a", "o:", "o:b\r", "o:last"}));
  EXPECT_EQ(r.out, "");
  seen.clear();
  run({"err", "x\\r\\ny\\rz"}, {.err = brood::PIPE, .on_line = note, .text = true}).success();
  EXPECT_EQ(seen, (std::vector<std::string>{"e:x", "e:y", "e:z"}));
}

TEST_P(Streams, ALongLineComesInPieces) {
  std::size_t bytes = 0;
  std::size_t longest = 0;
  std::size_t calls = 0;
  const auto note = [&](output_stream, std::string_view line) {
    ++calls;
    bytes += line.size();
    longest = std::max(longest, line.size());
  };
  run({"spam", "3M"}, {.on_line = note}).success();
  EXPECT_EQ(bytes, 3U << 20);
  EXPECT_GE(calls, 3U);
  EXPECT_LE(longest, 1U << 20);
}

TEST_P(Streams, ChunksAddUpToTheOutput) {
  std::string seen;
  const auto r = run(
      {"pattern", "500000", "3"},
      {.out = brood::PIPE, .on_chunk = [&](output_stream, std::string_view s) { seen.append(s); }});
  EXPECT_TRUE(seen == support::pattern_bytes(500000, 3));
  EXPECT_TRUE(r.out == seen);
}

TEST_P(Streams, AnExceptionFromACallbackStopsTheCommand) {
  std::string pid;
  try {
    (void)run({"session", "+", "pause"}, {.on_line = [&](output_stream, std::string_view line) {
                pid = line.substr(line.find(' ') + 1);
                throw std::runtime_error("enough");
              }});
    ADD_FAILURE() << "no exception";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "enough");
  }
  ASSERT_NE(pid, "");
  EXPECT_FALSE(support::pid_alive(std::stoi(pid)));
}

TEST_P(Streams, TextMakesNewlinesUniform) {
  EXPECT_EQ(decoded("a\\r\\nb\\rc\\n\\r\\n", {.text = true}), "a\nb\nc\n\n");
  EXPECT_EQ(decoded("a\\r\\nb", {}), "a\r\nb");
  EXPECT_EQ(decoded("a\\r", {.text = true}), "a\n");
}

TEST_P(Streams, OtherEncodingsAreDecodedAndEncoded) {
  EXPECT_EQ(decoded("caf\\xe9", {.encoding = "latin1"}), "caf\xc3\xa9");
  EXPECT_EQ(decoded("h\\0\\xac\\x20", {.encoding = "UTF-16LE"}), "h\xe2\x82\xac");
  EXPECT_EQ(decoded("\\xff\\xfeh\\0i\\0", {.encoding = "utf-16"}), "hi");
  EXPECT_EQ(run({"sum"}, {.input = "caf\xc3\xa9", .out = brood::PIPE, .encoding = "latin1"}).out,
            support::sum_line("caf\xe9"));
  EXPECT_EQ(run({"cat"}, {.input = "a\xe2\x82\xac", .out = brood::PIPE, .encoding = "utf-16"}).out,
            "a\xe2\x82\xac");
}

TEST_P(Streams, InputThatTheEncodingLacksIsBadData) {
  const auto r = try_run({"cat"}, {.input = "\xe2\x82\xac", .encoding = "latin1"});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::bad_data);
  EXPECT_EQ(r.error().stage(), brood::error_stage::encode);
}

TEST_P(Streams, BrokenUtf8IsTreatedAsAsked) {
  const std::string broken = "a\\xff\\xc3(\\xe2\\x82";
  EXPECT_EQ(decoded(broken, {.text = true, .errors = text_errors::replace}),
            "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd");
  EXPECT_EQ(decoded(broken, {.text = true, .errors = text_errors::ignore}), "a(");
  EXPECT_EQ(decoded(broken, {.text = true, .errors = text_errors::backslashreplace}),
            "a\\xff\\xc3(\\xe2\\x82");
  const auto r = try_run({"out", broken}, {.out = brood::PIPE, .text = true});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::bad_data);
  EXPECT_EQ(r.error().stage(), brood::error_stage::decode);
  EXPECT_NE(r.error().result(), nullptr);
}

TEST_P(Streams, SurrogatesAndOverlongFormsAreNotUtf8) {
  for (const char* bad : {"\\xed\\xa0\\x80", "\\xc0\\x80", "\\x80", "\\xf4\\x90\\x80\\x80",
                          "\\xf5\\x80", "\\xe2\\x82\\xf8"}) {
    EXPECT_FALSE(try_run({"out", bad}, {.out = brood::PIPE, .text = true})) << bad;
    EXPECT_EQ(decoded(bad, {.text = true, .errors = text_errors::ignore}), "") << bad;
  }
}

TEST_P(Streams, CharactersMayBeSplitOverChunks) {
  std::string seen;
  const auto note = [&](output_stream, std::string_view s) { seen.append(s); };
  const auto r = run({"drip", "1", "0", "\\xe2", "+", "drip", "2", "30", "\\x82", "+", "out", "\\r",
                      "+", "drip", "2", "30", "\\n"},
                     {.out = brood::PIPE,
                      .on_chunk = note,
                      .text = true,
                      .errors = text_errors::backslashreplace});
  EXPECT_EQ(r.out, "\xe2\x82\x82\n\n");
  EXPECT_EQ(seen, r.out);
  const auto euro =
      run({"out",  "\\xe2", "+",   "sleep",    "0.03", "+",     "out",  "\\x82", "+",   "sleep",
           "0.03", "+",     "out", "\\xac\\r", "+",    "sleep", "0.03", "+",     "out", "\\n"},
          {.out = brood::PIPE, .text = true});
  EXPECT_EQ(euro.out, "\xe2\x82\xac\n");
}

TEST_P(Streams, CharactersOfUtf16MayBeSplitToo) {
  const auto r =
      run({"out",  "h", "+",   "sleep",    "0.03", "+",     "out",  "\\0\\x3d", "+",   "sleep",
           "0.03", "+", "out", "\\xd8\\0", "+",    "sleep", "0.03", "+",        "out", "\\xde"},
          {.out = brood::PIPE, .encoding = "utf-16le"});
  EXPECT_EQ(r.out, "h\xf0\x9f\x98\x80");
}

}  // namespace
