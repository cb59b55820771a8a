// JUnit's XML, as the test tabs of build servers read it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exit.hpp"
#include "journal/ending.hpp"
#include "journal/history.hpp"
#include "map/settings.hpp"
#include "report/formats.hpp"
#include "report/words.hpp"

namespace cli {

namespace {

constexpr std::size_t tail_bytes = 16 * 1024;

using state = journal::attempt_state;
using attempts = std::vector<journal::attempt>;  // of one job, at least one

struct counts {
  std::uint64_t tests = 0;
  std::uint64_t failures = 0;
  std::uint64_t errors = 0;
  std::uint64_t skipped = 0;
  std::uint64_t flakes = 0;
};

/// A job that waits for its next attempt has not ended, whatever its last one did.
state state_of(const report_source& from, const attempts& job) {
  const journal::attempt& a = job.back();
  if (!a.ended || a.last) return from.state_of(a);
  return from.run.state == journal::run_state::running ? state::running : state::unfinished;
}

/// How JUnit sees a job; "" if it succeeded. An error is a command that could not be started or did
/// not finish, and a test that says nothing, as it was stopped with its run or still runs, is
/// skipped.
std::string_view kind_of(state how, const journal::attempt& a) {
  switch (how) {
    case state::succeeded:
      return "";
    case state::stopped:
    case state::running:
      return "skipped";
    case state::unfinished:
      return "error";
    case state::failed:
      return a.pid == 0 ? "error" : "failure";
  }
  return "";
}

void each_job(const report_source& from, const std::function<void(const attempts&)>& see) {
  attempts job;
  const auto end_job = [&] {
    if (!job.empty() && (!from.failed_only || state_of(from, job) == state::failed)) see(job);
    job.clear();
  };
  from.journal.each_attempt(from.run.id, [&](const journal::attempt& a) {
    if (!job.empty() && job.back().seq != a.seq) end_job();
    job.push_back(a);
  });
  end_job();
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml_escaped(value) + "\"";
}

std::string attribute(std::string_view name, std::uint64_t n) {
  return attribute(name, std::to_string(n));
}

void write_property(std::string_view name, std::string_view value, sink& to) {
  to << "<property" << attribute("name", name) << attribute("value", value) << "/>";
}

/// Names of test cases: neither the run nor a job's place is part of one, so that build servers
/// know a test again.
class case_names {
 public:
  std::string start_of_case(const journal::attempt& a) {
    std::string name = command_line(a.argv);
    const std::uint32_t times = ++seen_[a.identity.command];
    if (times > 1) name += " #" + std::to_string(times);
    const std::string program = a.argv.empty() ? "" : a.argv[0].substr(a.argv[0].rfind('/') + 1);
    return "  <testcase" + attribute("name", name) + attribute("classname", program);
  }

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;  // commands
};

/// An attempt that another one followed, as Maven's Surefire spells it.
void write_attempt(const report_source& from, const journal::attempt& a, bool flaky, sink& to) {
  const std::string kind =
      std::string(flaky ? "flaky" : "rerun") + (a.pid == 0 ? "Error" : "Failure");
  to << "    <" << kind << attribute("message", describe_end(a)) << attribute("type", a.reason)
     << ">";
  for (const auto& [name, kept] :
       {std::pair("system-out", &a.out), std::pair("system-err", &a.err)}) {
    const std::string text = tail_of(from.journal, *kept, tail_bytes);
    if (!text.empty()) to << "<" << name << ">" << xml_escaped(text) << "</" << name << ">";
  }
  to << "</" << kind << ">\n";
}

void write_case(const report_source& from, const attempts& job, case_names& names, sink& to) {
  const journal::attempt& a = job.back();
  to << names.start_of_case(a) << attribute("time", fixed(to_seconds(a.wall), 3)) << ">\n"
     << "    <properties>";
  write_property("job", std::to_string(a.seq), to);
  write_property("attempts", std::to_string(job.size()), to);
  write_property("cpu_seconds", fixed(to_seconds(a.user + a.system), 3), to);
  write_property("max_rss_bytes", std::to_string(a.max_rss_bytes), to);
  to << "</properties>\n";
  const std::string out = tail_of(from.journal, a.out, tail_bytes);
  const std::string err = tail_of(from.journal, a.err, tail_bytes);
  const state how = state_of(from, job);
  const std::string_view kind = kind_of(how, a);
  if (kind == "skipped") {
    to << "    <skipped"
       << attribute("message",
                    how == state::running ? "is running" : describe_end(a, from.run.state))
       << "/>\n";
  } else if (!kind.empty()) {
    to << "    <" << kind << attribute("message", describe_end(a)) << attribute("type", a.reason)
       << ">" << xml_escaped(err) << "</" << kind << ">\n";
  }
  for (std::size_t i = 0; i + 1 < job.size(); ++i) {
    write_attempt(from, job[i], how == state::succeeded, to);
  }
  if (!out.empty()) to << "    <system-out>" << xml_escaped(out) << "</system-out>\n";
  if (!err.empty()) to << "    <system-err>" << xml_escaped(err) << "</system-err>\n";
  to << "  </testcase>\n";
}

/// The jobs that were done before: build servers would take them for gone.
void write_skipped(const report_source& from, case_names& names, sink& to) {
  if (from.run.skipped == 0 || from.failed_only) return;
  journal::history past(from.journal.where(), from.run.id, std::chrono::seconds(5));
  from.journal.each_skipped(from.run.id, [&](const journal::skipped_job& job) {
    const auto before = past.latest(job.key);
    if (!before) return;
    to << names.start_of_case(before->second) << attribute("time", "0") << "><skipped"
       << attribute("message", "succeeded in run " + std::to_string(before->first))
       << "/></testcase>\n";
  });
}

/// The command of a run without the options and the arguments, which change from call to call.
std::string command_of(const journal::run_record& run) {
  std::vector<std::string> words(run.info.argv);
  if (words.size() < 2 || words[1] != "map") return command_line(words);
  words.erase(words.begin(), words.begin() + 2);
  std::vector<char*> pointers;
  for (std::string& w : words) pointers.push_back(w.data());
  try {
    words.erase(words.begin(),
                words.begin() + static_cast<std::ptrdiff_t>(count_flags(map_flags(), pointers)));
  } catch (const failure&) {  // another version had other options
  }
  const auto end = std::find_if(words.begin(), words.end(),
                                [](const std::string& w) { return w.starts_with(":::"); });
  words.erase(end, words.end());
  return command_line(words);
}

void write_properties(const journal::run_record& run, sink& to) {
  to << "<properties>";
  write_property("run", std::to_string(run.id), to);
  write_property("command", command_line(run.info.argv), to);
  write_property("directory", run.info.cwd, to);
  write_property("workers", std::to_string(run.info.workers), to);
  write_property("version", run.info.version, to);
  write_property("state", to_text(run.state), to);
  if (run.exit_status) write_property("exit_status", std::to_string(*run.exit_status), to);
  to << "</properties>\n";
}

}  // namespace

void write_junit(const report_source& from, sink& to) {
  counts all;
  each_job(from, [&](const attempts& job) {
    ++all.tests;
    const state how = state_of(from, job);
    const std::string_view kind = kind_of(how, job.back());
    if (kind == "failure") ++all.failures;
    if (kind == "error") ++all.errors;
    if (kind == "skipped") ++all.skipped;
    if (how == state::succeeded && job.size() > 1) ++all.flakes;
  });
  if (!from.failed_only) {
    all.tests += from.run.skipped;
    all.skipped += from.run.skipped;
  }
  const std::string numbers = attribute("tests", all.tests) + attribute("failures", all.failures) +
                              attribute("errors", all.errors) + attribute("skipped", all.skipped) +
                              attribute("time", fixed(to_seconds(wall_of(from.run)), 3));
  to << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" << numbers << ">\n<testsuite"
     << attribute("name", command_of(from.run)) << numbers << attribute("flakes", all.flakes)
     << attribute("timestamp", utc_time(from.run.info.started).substr(0, 19)) << ">\n";
  write_properties(from.run, to);
  case_names names;
  each_job(from, [&](const attempts& job) { write_case(from, job, names, to); });
  write_skipped(from, names, to);
  to << "</testsuite>\n</testsuites>\n";
}

}  // namespace cli
