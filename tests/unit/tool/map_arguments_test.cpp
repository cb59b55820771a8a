// Arguments of a batch: lines, columns, CSV, combinations, packing, blocks.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exit.hpp"
#include "map/blocks.hpp"
#include "map/file_blocks.hpp"
#include "map/input.hpp"
#include "map/packing.hpp"
#include "map/source.hpp"
#include "map/template.hpp"
#include "support/fuzz.hpp"

namespace {

using cli::fields;
using cli::got;
using cli::input;
using cli::record_format;
using ::testing::ElementsAre;

/// A pipe as stdin has it, and the source that reads it.
class piped {
 public:
  explicit piped(const record_format& f) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    write_ = ends[1];
    source_ = cli::file_source("/dev/fd/" + std::to_string(ends[0]), f);
    ::close(ends[0]);
  }
  piped(const piped&) = delete;
  piped& operator=(const piped&) = delete;
  ~piped() { close(); }
  void write(std::string_view text) const {
    ASSERT_EQ(::write(write_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() {
    if (write_ >= 0) ::close(std::exchange(write_, -1));
  }
  cli::source& operator*() { return *source_; }
  std::unique_ptr<cli::source> release() { return std::move(source_); }

 private:
  int write_ = -1;
  std::unique_ptr<cli::source> source_;
};

std::vector<fields> all_of(cli::source& s) {
  std::vector<fields> all;
  fields f;
  while (s.next(f) == got::one) all.push_back(f);
  return all;
}

std::vector<fields> all_of(input& in) {
  std::vector<fields> all;
  fields f;
  while (in.next(f) == got::one) all.push_back(f);
  return all;
}

std::vector<fields> read(const std::string& text, const record_format& f) {
  piped p(f);
  p.write(text);
  p.close();
  return all_of(*p);
}

input words(std::vector<std::pair<std::vector<std::string>, bool>> sources) {
  input in;
  for (auto& [all, linked] : sources) in.add(cli::words_source(std::move(all), {}), linked);
  return in;
}

TEST(MapSource, LinesWithAndWithoutAnEnd) {
  EXPECT_THAT(read("a b\n\nc", {}), ElementsAre(fields{"a b"}, fields{""}, fields{"c"}));
  EXPECT_THAT(read("a\n", {}), ElementsAre(fields{"a"}));
  EXPECT_TRUE(read("", {}).empty());
  EXPECT_THAT(read(std::string("a\nb\0c", 5), {.delimiter = '\0'}),
              ElementsAre(fields{"a\nb"}, fields{"c"}));
}

TEST(MapSource, SaysThatItHasToWait) {
  piped p{record_format{}};
  fields f;
  EXPECT_EQ((*p).next(f), got::wait);
  p.write("half");
  EXPECT_EQ((*p).next(f), got::wait);
  p.write(" done\nmo");
  EXPECT_EQ((*p).next(f), got::one);
  EXPECT_THAT(f, ElementsAre("half done"));
  EXPECT_EQ((*p).next(f), got::wait);
  p.close();
  EXPECT_EQ((*p).next(f), got::one);
  EXPECT_THAT(f, ElementsAre("mo"));
  EXPECT_EQ((*p).next(f), got::end);
}

TEST(MapSource, ANulByteInALineIsRefusedByItsPlace) {
  try {
    (void)read(std::string("a\nb\0c\n", 6), {});
    FAIL();
  } catch (const cli::failure& e) {
    EXPECT_THAT(e.text, ::testing::HasSubstr("line 2 has a NUL byte"));
  }
}

TEST(MapSource, BytesThatAreNoTextAreKept) {
  EXPECT_THAT(read("\xff\xfe\n", {}), ElementsAre(fields{"\xff\xfe"}));
}

TEST(MapSource, Columns) {
  record_format f;
  cli::set_separator(f, "\\t");
  EXPECT_THAT(read("a\tb\t\n", f), ElementsAre(fields{"a", "b", ""}));
  cli::set_separator(f, "::");
  EXPECT_THAT(read("a::b:c\n", f), ElementsAre(fields{"a", "b:c"}));
  cli::set_separator(f, "\\s+");
  EXPECT_THAT(read("  a \t b\n", f), ElementsAre(fields{"a", "b"}));
  EXPECT_THROW(cli::set_separator(f, ""), cli::failure);
  EXPECT_THROW(cli::set_separator(f, "\\q"), cli::failure);
  EXPECT_THROW(cli::set_separator(f, "\\"), cli::failure);
}

TEST(MapSource, Delimiters) {
  EXPECT_EQ(cli::parse_delimiter(","), ',');
  EXPECT_EQ(cli::parse_delimiter("\\0"), '\0');
  EXPECT_EQ(cli::parse_delimiter("\\n"), '\n');
  EXPECT_THROW(cli::parse_delimiter(""), cli::failure);
  EXPECT_THROW(cli::parse_delimiter("ab"), cli::failure);
}

TEST(MapSource, Csv) {
  const record_format f{.csv = true};
  EXPECT_THAT(read("a,\"b,c\",\"d\"\"e\"\r\n,\n", f),
              ElementsAre(fields{"a", "b,c", "d\"e"}, fields{"", ""}));
  EXPECT_THAT(read("\"two\nlines\",x\n", f), ElementsAre(fields{"two\nlines", "x"}));
  EXPECT_THAT(read("pipe 5\" x,1\nplain,2\n", f),
              ElementsAre(fields{"pipe 5\" x", "1"}, fields{"plain", "2"}));
  EXPECT_THAT(read("\"a\"b\"c,\"d\" \n", f), ElementsAre(fields{"ab\"c", "d "}));
  EXPECT_THAT(read("a\rb\r\n\r\n\n\"c\r\nd\"", f),
              ElementsAre(fields{"a"}, fields{"b"}, fields{"c\r\nd"}));
  EXPECT_THAT(read("a,", f), ElementsAre(fields{"a", ""}));
  EXPECT_TRUE(read("\n\r\n", f).empty());
  try {
    (void)read("a\nb\n\"open\nx\n", f);
    FAIL();
  } catch (const cli::failure& e) {
    EXPECT_THAT(e.text, ::testing::HasSubstr("line 3: a quote is not closed"));
  }
}

TEST(MapSource, CsvComesInPiecesOfAnySize) {
  piped p{record_format{.csv = true}};
  fields f;
  for (const char* const part : {"a,\"b", "\"", "\"c\"", "\r"}) {
    EXPECT_EQ((*p).next(f), got::wait);
    p.write(part);
  }
  EXPECT_EQ((*p).next(f), got::one);
  EXPECT_THAT(f, ElementsAre("a", "b\"c"));
  p.write("\nd\n");
  EXPECT_EQ((*p).next(f), got::one);
  EXPECT_THAT(f, ElementsAre("d"));
}

TEST(MapSource, CsvOfWords) {
  const record_format f{.csv = true};
  const auto source = cli::words_source({"a,\"b,c\"", "", "5\" x", "d\n"}, f);
  EXPECT_THAT(all_of(*source),
              ElementsAre(fields{"a", "b,c"}, fields{""}, fields{"5\" x"}, fields{"d"}));
  fields to;
  EXPECT_THROW((void)cli::words_source({"a\nb"}, f)->next(to), cli::failure);
  EXPECT_THROW((void)cli::words_source({"\"a"}, f)->next(to), cli::failure);
}

TEST(MapSource, AMarkAtTheStartOfATableIsNoPartOfIt) {
  const record_format f{.csv = true, .may_have_mark = true};
  EXPECT_THAT(read("\xEF\xBB\xBF\"a\",b\n\xEF\xBB\xBF\n", f),
              ElementsAre(fields{"a", "b"}, fields{"\xEF\xBB\xBF"}));
  EXPECT_THAT(read("\xEF\xBB", f), ElementsAre(fields{"\xEF\xBB"}));
  EXPECT_TRUE(read("\xEF\xBB\xBF", f).empty());
  EXPECT_THROW(read(std::string("\xFF\xFE"
                                "a\0",
                                4),
                    f),
               cli::failure);
  EXPECT_THAT(read("\xEF\xBB\xBF"
                   "a\n",
                   {}),
              ElementsAre(fields{"\xEF\xBB\xBF"
                                 "a"}));
}

TEST(MapSource, AFileThatCannotBeRead) {
  EXPECT_THROW(cli::file_source("/nowhere/file", {}), cli::failure);
  EXPECT_THROW(
      {
        const auto s = cli::file_source("/", {});
        fields f;
        (void)s->next(f);
      },
      cli::failure);
}

TEST(MapInput, EachWithEachAndSideBySide) {
  input product = words({{{"a", "b"}, false}, {{"1", "2"}, false}});
  EXPECT_EQ(product.total(), 4U);
  EXPECT_THAT(all_of(product),
              ElementsAre(fields{"a", "1"}, fields{"a", "2"}, fields{"b", "1"}, fields{"b", "2"}));
  input linked = words({{{"a", "b"}, false}, {{"1", "2", "3"}, true}});
  EXPECT_EQ(linked.total(), 2U);
  EXPECT_THAT(all_of(linked), ElementsAre(fields{"a", "1"}, fields{"b", "2"}));
  input both = words({{{"a", "b"}, false}, {{"1", "2"}, false}, {{"x", "y"}, true}});
  EXPECT_THAT(all_of(both), ElementsAre(fields{"a", "1", "x"}, fields{"a", "2", "y"},
                                        fields{"b", "1", "x"}, fields{"b", "2", "y"}));
}

TEST(MapInput, NothingTimesSomethingIsNothing) {
  input in = words({{{"a", "b"}, false}, {{}, false}});
  EXPECT_TRUE(all_of(in).empty());
  input none = words({{{}, false}});
  EXPECT_TRUE(all_of(none).empty());
}

TEST(MapInput, TheFirstSourceIsReadAsItComes) {
  piped p{record_format{}};
  p.write("a\n");
  input in;
  in.add(p.release(), false);
  in.add(cli::words_source({"1", "2"}, {}), false);
  EXPECT_FALSE(in.total());
  fields f;
  EXPECT_EQ(in.next(f), got::one);
  EXPECT_THAT(f, ElementsAre("a", "1"));
  EXPECT_EQ(in.next(f), got::one);
  EXPECT_EQ(in.next(f), got::wait);
  p.write("b\n");
  EXPECT_EQ(in.next(f), got::one);
  EXPECT_THAT(f, ElementsAre("b", "1"));
}

TEST(MapInput, Header) {
  input in = words({{{"x", "1", "2"}, false}, {{"y", "3"}, false}});
  in.read_header();
  EXPECT_THAT(in.names(), ElementsAre("x", "y"));
  EXPECT_EQ(in.total(), 2U);
  EXPECT_THAT(all_of(in), ElementsAre(fields{"1", "3"}, fields{"2", "3"}));
  input padded = words({{{" unit price\t", "1"}, false}});
  padded.read_header();
  EXPECT_THAT(padded.names(), ElementsAre("unit price"));
  input empty = words({{{}, false}});
  EXPECT_THROW(empty.read_header(), cli::failure);
}

TEST(MapInput, ShuffledIsAllOfIt) {
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::to_string(i));
  input in = words({{many, false}});
  in.shuffle();
  std::map<std::string, int> seen;
  std::vector<std::string> order;
  for (const fields& f : all_of(in)) {
    ++seen[f[0]];
    order.push_back(f[0]);
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_NE(order, many);  // once in 100! runs
}

std::vector<std::vector<std::string>> jobs_of(std::vector<std::string> args, cli::packing how) {
  const auto jobs = cli::argument_jobs(words({{std::move(args), false}}), how);
  std::vector<std::vector<std::string>> all;
  for (cli::map_job job; jobs->next(job) == got::one;) {
    EXPECT_EQ(job.seq, all.size() + 1);
    all.push_back(job.args);
  }
  return all;
}

TEST(MapPlan, SoManyForEachJob) {
  EXPECT_THAT(jobs_of({"a", "b", "c"}, {}), ElementsAre(fields{"a"}, fields{"b"}, fields{"c"}));
  EXPECT_THAT(jobs_of({"a", "b", "c"}, {.max_args = 2}),
              ElementsAre(fields{"a", "b"}, fields{"c"}));
  EXPECT_TRUE(jobs_of({}, {.max_args = 2}).empty());
}

TEST(MapPlan, ButNotMoreThanThereIsRoomFor) {
  const std::size_t each = 2 + sizeof(char*);
  EXPECT_THAT(jobs_of({"a", "b", "c", "d", "e"}, {.max_args = 100, .max_bytes = 2 * each}),
              ElementsAre(fields{"a", "b"}, fields{"c", "d"}, fields{"e"}));
  // What is too long by itself goes alone: the system will say so.
  EXPECT_THAT(jobs_of({"a", "bb", "c"}, {.max_args = 100, .max_bytes = 1}),
              ElementsAre(fields{"a"}, fields{"bb"}, fields{"c"}));
  EXPECT_GT(cli::pack_for({.copies = 1, .bytes = 10}, 100, {}).max_bytes, 10'000U);
}

TEST(MapPlan, NorThanOneWordCanHave) {
  EXPECT_THAT(jobs_of({"a", "b", "c"}, {.max_args = 100, .max_bytes = 1000, .max_word = 4}),
              ElementsAre(fields{"a", "b"}, fields{"c"}));
  EXPECT_THAT(
      jobs_of({"a", "'", "c"}, {.max_args = 100, .max_bytes = 1000, .max_word = 7, .quoted = true}),
      ElementsAre(fields{"a"}, fields{"'"}, fields{"c"}));
  const cli::template_options o;
  const auto words = cli::word_template({"x", "{}", "a{}b{.}"}, o).argument_budget();
  EXPECT_EQ(words.copies, 3U);
  EXPECT_EQ(words.in_word, 2U);
  EXPECT_FALSE(words.quoted);
  const auto text = cli::shell_template({"x {}"}, o).argument_budget();
  EXPECT_EQ(text.in_word, 1U);
  EXPECT_TRUE(text.quoted);
  const cli::packing twice = cli::pack_for(words, 100, {});
  EXPECT_LT(twice.max_word, 131072U / 2);
  EXPECT_EQ(cli::pack_for({.copies = 1}, 100, {}).max_word, 0U);
}

TEST(MapPlan, TheRoomIsThatOfTheJob) {
  const cli::arg_size one{.copies = 1};
  brood::options o;
  o.limits.stack = 1 << 20;
  const std::size_t small = cli::pack_for(one, 100, o).max_bytes;
  EXPECT_LT(small, (1U << 20) / 4);
  o.limits.stack = UINT64_MAX;
  EXPECT_LT(cli::pack_for(one, 100, o).max_bytes, 6U << 20);
  o.env.set("X", std::string(100'000, 'x'));
  o.limits.stack = 1 << 20;
  EXPECT_LT(cli::pack_for(one, 100, o).max_bytes + 100'000, small + 1);
  o.env = brood::environment::empty();
  EXPECT_GT(cli::pack_for(one, 100, o).max_bytes, small);
}

TEST(MapPlan, CountedFirst) {
  const auto jobs = cli::counted_jobs(cli::argument_jobs(words({{{"a", "b"}, false}}), {}));
  EXPECT_FALSE(jobs->total());
  cli::map_job job;
  ASSERT_EQ(jobs->next(job), got::one);
  EXPECT_EQ(jobs->total(), 2U);
  EXPECT_EQ(job.seq, 1U);
  ASSERT_EQ(jobs->next(job), got::one);
  EXPECT_EQ(job.seq, 2U);
  EXPECT_THAT(job.args, ElementsAre("b"));
  EXPECT_EQ(jobs->next(job), got::end);
}

std::vector<std::string> blocks_of(std::string_view text, const cli::block_format& f) {
  std::vector<std::string> all;
  while (const std::size_t n = cli::find_block(text, f, true)) {
    all.emplace_back(text.substr(0, n));
    text.remove_prefix(n);
  }
  return all;
}

TEST(MapBlocks, WholeRecordsUpToASize) {
  EXPECT_THAT(blocks_of("aa\nbb\ncc\n", {.bytes = 6}), ElementsAre("aa\nbb\n", "cc\n"));
  EXPECT_THAT(blocks_of("aa\nbb\ncc\n", {.bytes = 7}), ElementsAre("aa\nbb\n", "cc\n"));
  EXPECT_THAT(blocks_of("aa\nbb\ncc", {.bytes = 1}), ElementsAre("aa\n", "bb\n", "cc"));
  EXPECT_THAT(blocks_of("long line\nx\n", {.bytes = 4}), ElementsAre("long line\n", "x\n"));
  EXPECT_TRUE(blocks_of("", {}).empty());
}

TEST(MapBlocks, WaitForTheEndOfARecord) {
  EXPECT_EQ(cli::find_block("aaaa", {.bytes = 2}, false), 0U);
  EXPECT_EQ(cli::find_block("aaaa\nb", {.bytes = 2}, false), 5U);
  EXPECT_EQ(cli::find_block("aaaa", {.bytes = 2}, true), 4U);
}

TEST(MapBlocks, SoManyRecords) {
  EXPECT_THAT(blocks_of("1\n2\n3\n", {.records = 2}), ElementsAre("1\n2\n", "3\n"));
  EXPECT_EQ(cli::find_block("1\n", {.records = 2}, false), 0U);
}

TEST(MapBlocks, RecordsThatBeginWithSomething) {
  const cli::block_format fasta{.bytes = 5, .end = "", .start = ">"};
  EXPECT_THAT(blocks_of(">a\nx\n>b\n>c\n", fasta), ElementsAre(">a\nx\n", ">b\n", ">c\n"));
  const cli::block_format one{.records = 1, .end = "", .start = ">"};
  EXPECT_THAT(blocks_of(">a\nx\n>b\n>c\n", one), ElementsAre(">a\nx\n", ">b\n", ">c\n"));
  const cli::block_format both{.bytes = 1, .end = "\n", .start = "-"};
  EXPECT_THAT(blocks_of("-a\nb\n-c\n", both), ElementsAre("-a\nb\n", "-c\n"));
}

TEST(MapBlocks, NothingIsSearchedTwice) {
  for (const cli::block_format& f :
       {cli::block_format{.bytes = 4}, cli::block_format{.records = 2}}) {
    cli::block_finder finder(f);
    EXPECT_EQ(finder.find("aaaaaaaa", false), 0U);
    // It must not be seen that there is a border by now.
    EXPECT_EQ(finder.find("aaaaaa\nabbbb", false), 0U);
    EXPECT_EQ(finder.find("aaaaaa\nabbbb\n\n", false), f.records > 0 ? 14U : 13U);
    finder.next();
    EXPECT_EQ(finder.find("a\nb\n", false), 4U);
  }
}

/// The blocks that `jobs` gives, whether they are text or parts of a file.
std::vector<std::string> blocks_of(cli::job_source& jobs) {
  std::vector<std::string> all;
  for (;;) {
    cli::map_job job;
    const got r = jobs.next(job);
    if (r == got::end) return all;
    if (r == got::wait) continue;
    std::string text = job.block->text;
    if (job.block->file >= 0) {
      text.resize(job.block->length);
      const auto from = static_cast<off_t>(job.block->from);
      EXPECT_EQ(::pread(job.block->file, text.data(), text.size(), from),
                static_cast<ssize_t>(text.size()));
    }
    EXPECT_EQ(text.size(), job.block->length);
    journal::content_hash hash;
    hash.add(text);
    EXPECT_EQ(job.block->digest, hash.key());
    all.push_back(std::move(text));
  }
}

TEST(MapBlocks, AFileIsCutAsAStreamIs) {
  std::mt19937 random(support::fuzz_seed());
  const auto below = [&](std::size_t n) { return random() % n; };
  for (std::size_t round = support::fuzz_rounds(60); round > 0; --round) {
    const std::size_t longest = below(2) == 0 ? 20 : 500'000;  // windows have 256 KiB
    std::string text;
    for (std::size_t n = below(12); n > 0; --n) {
      text.append(below(longest), "ab"[below(2)]) += "\n->"[below(3)];
      if (below(2) == 0) text += "->\n";
    }
    cli::block_format f{.bytes = 1 + below(longest * 2), .hashed = true};
    if (below(3) == 0) f.records = 1 + below(4);
    f.end = std::array{"\n", "", "->\n", "-"}[below(4)];
    f.start = f.end.empty() || below(3) == 0 ? std::array{">", "->", "a\n"}[below(3)] : "";
    FILE* const file = std::tmpfile();
    ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
    std::rewind(file);
    const auto jobs = cli::file_block_jobs(::fileno(file), false, "file", f);
    ASSERT_TRUE(blocks_of(*jobs) == blocks_of(text, f)) << "round " << round;
    EXPECT_EQ(::lseek(::fileno(file), 0, SEEK_CUR), static_cast<off_t>(text.size()));
    std::fclose(file);
  }
}

TEST(MapBlocks, SomethingMustTellRecordsApart) {
  EXPECT_THROW(cli::block_jobs("-", {.end = "", .start = ""}), cli::failure);
}

}  // namespace
