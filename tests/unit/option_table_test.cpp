// The table of options: complete, without doubles, and strict about what each entry reads.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <brood/option_table.hpp>

namespace {

using brood::find_option;
using brood::option_entry;
using brood::option_table;
using brood::options;
using texts = std::vector<std::string_view>;

// Each entry with a text that it takes, the check of what it did, and texts that it must refuse.
struct entry_case {
  std::string_view name;
  std::string_view good;
  bool (*took)(const options&);
  texts bad;
};

const texts no_duration{"", "x", "-1", "1x", "nan", "1 s 1", "99999999999999999999"};
const texts no_size{"", "x", "-1", "1.5", "1 ", "18446744073709551616"};
const texts no_switch{"", "x", "True", "1", "true "};
const texts no_word{"", "x", "Strict", "strict "};

const entry_case cases[] = {
    {"in", "f", [](const options& o) { return o.in.path() == "f"; }, {""}},
    {"input", "a\nb", [](const options& o) { return o.input == "a\nb"; }, {}},
    {"out", "f", [](const options& o) { return o.out.path() == "f"; }, {""}},
    {"err", "f", [](const options& o) { return o.err.path() == "f"; }, {""}},
    {"max_output", "64K", [](const options& o) { return o.max_output.bytes == 65536; }, no_size},
    {"max_output.policy",
     "spill:f",
     [](const options& o) {
       return o.max_output.policy == brood::overflow::spill && o.max_output.spill_path == "f";
     },
     {"", "x", "spill", "spill:", "head tail", "Error"}},
    {"text", "true", [](const options& o) { return o.text; }, no_switch},
    {"encoding", "latin1", [](const options& o) { return o.encoding == "latin1"; }, {""}},
    {"errors", "ignore", [](const options& o) { return o.errors == brood::text_errors::ignore; },
     no_word},
    {"cwd", "/tmp", [](const options& o) { return o.cwd == "/tmp"; }, {""}},
    {"env",
     "A=b=c",
     [](const options& o) { return o.env.block(nullptr) == std::vector<std::string>{"A=b=c"}; },
     {"", "A", "=x", "="}},
    {"env.clear", "true", [](const options& o) { return o.env.starts_empty(); }, no_switch},
    {"env.pass",
     "A,B",
     [](const options& o) {
       return o.env.starts_empty() && o.env.passed() == std::vector<std::string>{"A", "B"};
     },
     {"", ",", "A,", ",A", "A,,B", "A=1"}},
    {"env.unset",
     "A",
     [](const options& o) { return !o.env.changes().empty() && o.env.changes()[0].removed; },
     {"", "A=1", "="}},
    {"executable", "/bin/ls", [](const options& o) { return o.executable == "/bin/ls"; }, {""}},
    {"timeout", "1.5", [](const options& o) { return o.timeout.nanoseconds() == 1'500'000'000; },
     no_duration},
    {"idle_timeout", "2m",
     [](const options& o) { return o.idle_timeout.nanoseconds() == 120'000'000'000; }, no_duration},
    {"stop",
     "INT,1s,KILL",
     [](const options& o) { return o.stop.size() == 2 && o.stop[0].signal == SIGINT; },
     {"", "x", "5s", "TERM,", "TERM,5x"}},
    {"contain", "sealed", [](const options& o) { return o.contain == brood::containment::sealed; },
     no_word},
    {"drain_grace", "10ms",
     [](const options& o) { return o.drain_grace.nanoseconds() == 10'000'000; }, no_duration},
    {"ok_codes",
     "0,3,5-7",
     [](const options& o) {
       return o.ok_codes == std::vector<int>{0, 3, 5, 6, 7};
     },
     {"", "x", "-1", "256", "1,", ",1", "1,,2", "3-1", "1-", "-", "1-256", "1-2-3", "1--2",
      "0--0"}},
    {"retry",
     "5,1s,x2,max30s,jitter0.2,total5m",
     [](const options& o) {
       const brood::retry_policy& p = o.retry;
       return p.attempts == 5 && p.delay.nanoseconds() == 1'000'000'000 && p.factor == 2 &&
              p.max_delay.nanoseconds() == 30'000'000'000 && p.jitter == 0.2 &&
              p.total.nanoseconds() == 300'000'000'000;
     },
     {"", "x", "0", "-1", "5,", "5,1s,2s", "5,x0.5", "5,xx", "5,max", "5,jitter2", "5,total0",
      "5,-1s", "1.5", "99999999999"}},
    {"retry.on",
     "75,TERM,timed_out",
     [](const options& o) {
       const brood::retry_policy& p = o.retry;
       return p.on_codes == std::vector<int>{75} && p.on_signals == std::vector<int>{15} &&
              p.on_reasons == std::vector<brood::reason>{brood::reason::timed_out};
     },
     {"", ",", "75,", "256", "-1", "nope", "cancelled"}},
    {"user",
     "nobody",
     [](const options& o) { return !o.user.numeric() && o.user.name() == "nobody"; },
     {""}},
    {"group",
     "100",
     [](const options& o) { return o.group.numeric() && o.group.id() == 100; },
     {""}},
    {"extra_groups",
     "audio,5",
     [](const options& o) {
       return o.extra_groups.given() && o.extra_groups.list().size() == 2 &&
              o.extra_groups.list()[0].name() == "audio" && o.extra_groups.list()[1].id() == 5;
     },
     {",", "a,", ",a", "a,,b"}},
    {"umask",
     "027",
     [](const options& o) { return o.umask == 027u; },
     {"", "8", "1000", "-1", "-0", "0o22", "22 ", "x"}},
    {"new_session", "true", [](const options& o) { return o.new_session; }, no_switch},
    {"process_group",
     "0",
     [](const options& o) { return o.process_group == 0; },
     {"", "-1", "x", "1 ", "2147483648", "99999999999999999999"}},
    {"nice",
     "-5",
     [](const options& o) { return o.nice == -5; },
     {"", "x", "-41", "40", "5 ", "--5", "99999999999999999999"}},
    {"close_fds", "false", [](const options& o) { return !o.close_fds; }, no_switch},
    {"pass_fds",
     "3,5",
     [](const options& o) {
       return o.pass_fds == std::vector<int>{3, 5};
     },
     {"", "x", "-1", "-0", "3,", ",3", "3,,5", "3 ,5", "2147483648", "4294967299"}},
    {"map_fds",
     "3=7",
     [](const options& o) {
       return o.map_fds.size() == 1 && o.map_fds[0].to == 3 && o.map_fds[0].from == 7;
     },
     {"", "3", "=", "3=", "=7", "x=7", "3=x", "-3=7", "3=-7", "3=7=8", "3=4294967299"}},
    {"limits.cpu_time", "2s",
     [](const options& o) { return o.limits.cpu_time.nanoseconds() == 2'000'000'000; },
     no_duration},
    {"limits.address_space", "1G",
     [](const options& o) { return o.limits.address_space == 1073741824u; }, no_size},
    {"limits.open_files", "64", [](const options& o) { return o.limits.open_files == 64u; },
     no_size},
    {"limits.file_size", "1M", [](const options& o) { return o.limits.file_size == 1048576u; },
     no_size},
    {"limits.processes", "10", [](const options& o) { return o.limits.processes == 10u; }, no_size},
    {"limits.core", "0", [](const options& o) { return o.limits.core == 0u; }, no_size},
    {"limits.stack", "8M", [](const options& o) { return o.limits.stack == 8388608u; }, no_size},
    {"best_effort", "true", [](const options& o) { return o.best_effort; }, no_switch},
};

texts parts_of(std::string_view list) {
  texts parts;
  for (std::size_t end = 0; end != list.npos; list.remove_prefix(end + 1)) {
    end = list.find(',');
    parts.push_back(list.substr(0, end));
    if (end == list.npos) break;
  }
  return parts;
}

void set(options& o, std::string_view name, std::string_view text) {
  const option_entry* e = find_option(name);
  ASSERT_NE(e, nullptr) << name;
  const auto r = e->set(o, text);
  ASSERT_TRUE(r) << name << ' ' << text;
}

TEST(option_table, has_its_entries_in_the_order_of_the_struct) {
  texts expected, actual;
  for (const entry_case& c : cases) expected.push_back(c.name);
  for (const option_entry& e : option_table()) actual.push_back(e.name);
  EXPECT_EQ(actual, expected);
}

TEST(option_table, has_no_name_and_no_flag_twice) {
  std::set<std::string_view> seen;
  for (const option_entry& e : option_table()) {
    EXPECT_TRUE(seen.insert(e.name).second) << e.name;
    for (const std::string_view flag : parts_of(e.flags)) {
      EXPECT_TRUE(seen.insert(flag).second) << flag;
      EXPECT_TRUE(flag.starts_with("--") ? flag.size() > 3 : flag.size() == 2 && flag[0] == '-')
          << flag;
    }
  }
}

TEST(option_table, explains_each_entry_in_a_sentence) {
  for (const option_entry& e : option_table()) {
    EXPECT_TRUE(e.help.ends_with('.')) << e.name;
    EXPECT_EQ(e.help.find('\n'), e.help.npos) << e.name;
  }
}

TEST(option_table, finds_entries_by_name_and_nothing_else) {
  for (const option_entry& e : option_table()) EXPECT_EQ(find_option(e.name), &e);
  for (const char* name : {"", "Timeout", "--timeout", "timeout ", "limits", "capture_output"}) {
    EXPECT_EQ(find_option(name), nullptr) << name;
  }
}

TEST(option_table, reads_a_good_text_into_the_member) {
  for (const entry_case& c : cases) {
    options o;
    EXPECT_FALSE(c.took(o)) << c.name << " is so by default";
    set(o, c.name, c.good);
    EXPECT_TRUE(c.took(o)) << c.name;
  }
}

TEST(option_table, says_what_a_switch_stands_for_and_takes_the_opposite_too) {
  for (const entry_case& c : cases) {
    const option_entry* e = find_option(c.name);
    ASSERT_NE(e, nullptr) << c.name;
    EXPECT_EQ(e->alone, e->value.empty() ? c.good : "") << c.name;
    if (!e->value.empty()) continue;
    options o;
    set(o, c.name, e->alone == "true" ? "false" : "true");
    EXPECT_FALSE(c.took(o)) << c.name;
  }
}

TEST(option_table, refuses_a_bad_text_by_name_and_quotes_it) {
  for (const entry_case& c : cases) {
    const option_entry* e = find_option(c.name);
    ASSERT_NE(e, nullptr) << c.name;
    for (const std::string_view text : c.bad) {
      options o;
      const auto r = e->set(o, text);
      ASSERT_FALSE(r) << c.name << " took '" << text << "'";
      EXPECT_EQ(r.error().kind(), brood::error_kind::bad_request) << c.name;
      const texts flags = parts_of(e->flags);
      EXPECT_EQ(r.error().subject(), flags.back()) << c.name;
      EXPECT_NE(std::string(r.error().what()).find('\''), std::string::npos) << r.error().what();
    }
  }
}

TEST(option_table, leaves_the_options_as_they_were_when_it_refuses) {
  options o;
  for (const entry_case& c : cases) {
    for (const std::string_view text : c.bad) (void)find_option(c.name)->set(o, text);
  }
  EXPECT_FALSE(o.process_group);
  EXPECT_FALSE(o.nice);
  EXPECT_FALSE(o.umask);
  EXPECT_TRUE(o.pass_fds.empty());
  EXPECT_TRUE(o.map_fds.empty());
  EXPECT_TRUE(o.ok_codes.empty());
  EXPECT_FALSE(o.extra_groups.given());
  EXPECT_TRUE(o.env.is_inherited());
  EXPECT_TRUE(o.env.passed().empty());
  EXPECT_EQ(o.stop.size(), 2u);
  EXPECT_FALSE(o.timeout.given());
  EXPECT_EQ(o.max_output.bytes, UINT64_MAX);
}

TEST(option_table, knows_every_policy_and_level) {
  options o;
  for (const char* text : {"error", "head", "tail", "head-tail"}) set(o, "max_output.policy", text);
  EXPECT_EQ(o.max_output.policy, brood::overflow::keep_head_tail);
  for (const char* text : {"replace", "ignore", "backslashreplace", "strict"})
    set(o, "errors", text);
  EXPECT_EQ(o.errors, brood::text_errors::strict);
  for (const char* text : {"process", "group", "sealed", "tree"}) set(o, "contain", text);
  EXPECT_EQ(o.contain, brood::containment::tree);
}

TEST(option_table, takes_the_size_and_its_policy_in_either_order) {
  options o;
  set(o, "max_output.policy", "tail");
  set(o, "max_output", "1K");
  EXPECT_EQ(o.max_output.policy, brood::overflow::keep_tail);
  EXPECT_EQ(o.max_output.bytes, 1024u);
}

TEST(option_table, collects_what_repeats) {
  options o;
  set(o, "env", "A=1");
  set(o, "env", "B=2");
  set(o, "env.unset", "C");
  set(o, "map_fds", "3=7");
  set(o, "map_fds", "4=8");
  EXPECT_EQ(o.env.changes().size(), 3u);
  EXPECT_EQ(o.map_fds.size(), 2u);
  EXPECT_TRUE(find_option("env")->repeats);
  EXPECT_TRUE(find_option("map_fds")->repeats);
  EXPECT_FALSE(find_option("timeout")->repeats);
}

TEST(option_table, lets_the_last_value_win_where_nothing_repeats) {
  options o;
  set(o, "timeout", "1s");
  set(o, "timeout", "2s");
  set(o, "ok_codes", "1");
  set(o, "ok_codes", "2");
  EXPECT_EQ(o.timeout.nanoseconds(), 2'000'000'000);
  EXPECT_EQ(o.ok_codes, std::vector<int>{2});
}

TEST(option_table, clears_the_environment_but_not_its_changes_in_any_order) {
  const char* const parent[] = {"HOME=/root", "PATH=/bin", "X=x", nullptr};
  options o;
  set(o, "env", "A=1");
  set(o, "env.unset", "X");
  set(o, "env.pass", "X,PATH");
  set(o, "env.clear", "true");
  set(o, "env", "B=2");
  EXPECT_EQ(o.env.block(parent), (std::vector<std::string>{"PATH=/bin", "A=1", "B=2"}));
}

TEST(option_table, takes_no_groups_for_a_list) {
  options o;
  set(o, "extra_groups", "");
  EXPECT_TRUE(o.extra_groups.given());
  EXPECT_TRUE(o.extra_groups.list().empty());
}

// "-0" read as a number would be root.
TEST(option_table, takes_only_digits_for_an_id) {
  for (const char* text : {"-0", "-1", "+0", "0x0", "0 "}) {
    options o;
    set(o, "user", text);
    EXPECT_FALSE(o.user.numeric()) << text;
    EXPECT_EQ(o.user.name(), text);
  }
}

}  // namespace
