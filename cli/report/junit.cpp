// JUnit's XML, as the test tabs of build servers read it.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "journal/ending.hpp"
#include "report/formats.hpp"
#include "report/words.hpp"

namespace cli {

namespace {

constexpr std::size_t tail_bytes = 16 * 1024;

using state = journal::attempt_state;

struct counts {
  std::uint64_t tests = 0;
  std::uint64_t failures = 0;
  std::uint64_t errors = 0;
  std::uint64_t skipped = 0;
};

/// How JUnit sees a job; "" if it succeeded. An error is a command that could not be started or did
/// not finish, and a test that says nothing, as it was stopped with its run or still runs, is
/// skipped.
std::string_view kind_of(const report_source& from, const journal::attempt& a) {
  switch (from.state_of(a)) {
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

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml_escaped(value) + "\"";
}

void write_case(const report_source& from, const journal::attempt& a, sink& to) {
  to << "  <testcase" << attribute("name", std::to_string(a.seq) + ": " + command_line(a.argv))
     << attribute("classname", "run " + std::to_string(from.run.id))
     << attribute("time", fixed(to_seconds(a.wall), 3)) << ">\n";
  const std::string out = tail_of(from.journal, a.out, tail_bytes);
  const std::string err = tail_of(from.journal, a.err, tail_bytes);
  const std::string_view kind = kind_of(from, a);
  if (kind == "skipped") {
    to << "    <skipped" << attribute("message", describe_end(a)) << "/>\n";
  } else if (!kind.empty()) {
    to << "    <" << kind << attribute("message", describe_end(a)) << attribute("type", a.reason)
       << ">" << xml_escaped(err) << "</" << kind << ">\n";
  }
  if (!out.empty()) to << "    <system-out>" << xml_escaped(out) << "</system-out>\n";
  if (!err.empty()) to << "    <system-err>" << xml_escaped(err) << "</system-err>\n";
  to << "  </testcase>\n";
}

}  // namespace

void write_junit(const report_source& from, sink& to) {
  counts all;
  const auto counts_as_test = [](const journal::attempt& a) { return a.last || !a.ended; };
  from.each([&](const journal::attempt& a) {
    if (!counts_as_test(a)) return;
    ++all.tests;
    const std::string_view kind = kind_of(from, a);
    if (kind.empty()) return;
    ++(kind == "error" ? all.errors : kind == "skipped" ? all.skipped : all.failures);
  });
  const std::string numbers = attribute("tests", std::to_string(all.tests)) +
                              attribute("failures", std::to_string(all.failures)) +
                              attribute("errors", std::to_string(all.errors)) +
                              attribute("time", fixed(to_seconds(wall_of(from.run)), 3));
  to << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" << numbers << ">\n<testsuite"
     << attribute("name", command_line(from.run.info.argv)) << numbers
     << attribute("skipped", std::to_string(all.skipped))
     << attribute("timestamp", utc_time(from.run.info.started).substr(0, 19)) << ">\n";
  from.each([&](const journal::attempt& a) {
    if (counts_as_test(a)) write_case(from, a, to);
  });
  to << "</testsuite>\n</testsuites>\n";
}

}  // namespace cli
