// The page: a fixed text (page.html) with the run's data in it, as JSON in a <script>.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <string_view>

#include "journal/ending.hpp"
#include "json_writer.hpp"
#include "report/causes.hpp"
#include "report/formats.hpp"
#include "report/json_forms.hpp"
#include "report/words.hpp"

namespace cli {

extern const std::string_view page_html;  // made of page.html by the build

namespace {

// A page with more rows takes browsers too long to open. Failures come first.
constexpr std::uint64_t row_limit = 20'000;
constexpr std::uint64_t tail_limit = 200;
constexpr std::size_t tail_bytes = 4096;
constexpr std::string_view place = "<!--DATA-->";

class rows {
 public:
  rows(const report_source& from, sink& to) : from_(from), to_(to) {}

  void add(const journal::attempt& a) {
    if (count_ >= row_limit) {
      ++left_out_;
      return;
    }
    to_ << (count_++ == 0 ? "\n[" : ",\n[");
    number(a.seq);
    number(a.number);
    number(a.slot);
    milliseconds(a.started - from_.run.info.started);
    milliseconds(a.wall);
    to_ << "\"" << to_text(from_.state_of(a)) << "\",";
    text(describe_end(a, from_.run.state));
    to_ << ",";
    number(a.max_rss_bytes);
    milliseconds(a.user + a.system);
    text(command_line(a.argv));
    to_ << ",";
    text(tail(a));
    to_ << "]";
  }

  std::uint64_t left_out() const { return left_out_; }

 private:
  void number(std::uint64_t n) { to_ << std::to_string(n) << ","; }
  void milliseconds(std::chrono::nanoseconds t) { to_ << json_decimal(t.count(), 6) << ","; }
  void text(std::string_view s) { to_ << json_in_html(json_string(s)); }

  std::string tail(const journal::attempt& a) {
    if (!a.ended || a.success || tails_ >= tail_limit) return {};
    std::string text = tail_of(from_.journal, a.err, tail_bytes);
    if (text.empty()) text = tail_of(from_.journal, a.out, tail_bytes);
    if (!text.empty()) ++tails_;
    return text;
  }

  const report_source& from_;
  sink& to_;
  std::uint64_t count_ = 0;
  std::uint64_t left_out_ = 0;
  std::uint64_t tails_ = 0;
};

void write_causes(const report_source& from, sink& to) {
  to << "\"causes\":[";
  bool first = true;
  for (const failure_cause& cause : find_causes(from)) {
    to << (first ? "\n" : ",\n") << "{\"state\":\"" << to_text(cause.state)
       << "\",\"count\":" << std::to_string(cause.count)
       << ",\"text\":" << json_in_html(json_string(cause.text)) << ",\"jobs\":[";
    for (std::size_t i = 0; i < cause.examples.size(); ++i) {
      to << (i == 0 ? "" : ",") << std::to_string(cause.examples[i].seq);
    }
    const journal::attempt& example = cause.examples.front();
    std::string tail = tail_of(from.journal, example.err, tail_bytes);
    if (tail.empty()) tail = tail_of(from.journal, example.out, tail_bytes);
    to << "],\"command\":" << json_in_html(json_string(command_line(example.argv)))
       << ",\"tail\":" << json_in_html(json_string(tail)) << "}";
    first = false;
  }
  to << "],\n";
}

}  // namespace

void write_html(const report_source& from, sink& to) {
  const std::size_t at = page_html.find(place);
  to << page_html.substr(0, at) << "{\"run\":" << json_in_html(run_object(from.run)) << ",\n";
  to << "\"command\":" << json_in_html(json_string(command_line(from.run.info.argv))) << ",\n";
  write_causes(from, to);
  to << "\"rows\":[";
  rows all(from, to);
  const auto is_bad = [](const journal::attempt& a) { return !a.ended || !a.success; };
  from.each([&](const journal::attempt& a) {
    if (is_bad(a)) all.add(a);
  });
  from.each([&](const journal::attempt& a) {
    if (!is_bad(a)) all.add(a);
  });
  to << "],\n\"left_out\":" << std::to_string(all.left_out()) << "}"
     << page_html.substr(at + place.size());
}

}  // namespace cli
