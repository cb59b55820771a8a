// JUnit's XML, as the test tabs of build servers read it.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "journal/ending.hpp"
#include "report/formats.hpp"
#include "report/words.hpp"

namespace cli {

namespace {

constexpr std::size_t tail_bytes = 16 * 1024;

struct counts {
  std::uint64_t tests = 0;
  std::uint64_t failures = 0;
  std::uint64_t errors = 0;
};

/// JUnit tells errors from failures: here, the command could not be started, or did not finish.
bool is_error(const journal::attempt& a) { return !a.ended || a.pid == 0; }

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml_escaped(value) + "\"";
}

void write_case(const report_source& from, const journal::attempt& a, sink& to) {
  to << "  <testcase" << attribute("name", std::to_string(a.seq) + ": " + command_line(a.argv))
     << attribute("classname", "run " + std::to_string(from.run.id))
     << attribute("time", fixed(to_seconds(a.wall), 3)) << ">\n";
  const std::string out = tail_of(from.journal, a.out, tail_bytes);
  const std::string err = tail_of(from.journal, a.err, tail_bytes);
  if (!a.success || !a.ended) {
    const char* const kind = is_error(a) ? "error" : "failure";
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
    if (a.ended && a.success) return;
    ++(is_error(a) ? all.errors : all.failures);
  });
  const std::string numbers = attribute("tests", std::to_string(all.tests)) +
                              attribute("failures", std::to_string(all.failures)) +
                              attribute("errors", std::to_string(all.errors)) +
                              attribute("time", fixed(to_seconds(wall_of(from.run)), 3));
  to << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" << numbers << ">\n<testsuite"
     << attribute("name", command_line(from.run.info.argv)) << numbers << attribute("skipped", "0")
     << attribute("timestamp", utc_time(from.run.info.started).substr(0, 19)) << ">\n";
  from.each([&](const journal::attempt& a) {
    if (counts_as_test(a)) write_case(from, a, to);
  });
  to << "</testsuite>\n</testsuites>\n";
}

}  // namespace cli
