// The list of formats, and the two simple ones for programs: GNU parallel's job log, OpenMetrics.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "report/formats.hpp"
#include "report/words.hpp"

namespace cli {

std::span<const report_format> report_formats() {
  static constexpr std::array<report_format, 7> formats{{
      {"text", write_text},
      {"json", write_json},
      {"joblog", write_joblog},
      {"junit", write_junit},
      {"trace", write_trace},
      {"metrics", write_metrics},
      {"html", write_html},
  }};
  return formats;
}

namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace

void write_joblog(const report_source& from, sink& to) {
  to << "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
  from.each([&to](const journal::attempt& a) {
    if (!a.ended || !a.last) return;
    // parallel writes -1 for a job that it ended at its --timeout.
    const int timed_out = a.reason == "timed_out" || a.reason == "idle_timed_out" ? -1 : 0;
    const int code = a.pid == 0 ? 127 : a.exit_code.value_or(timed_out);
    to << std::to_string(a.seq) << "\t:\t"
       << padded(fixed(to_seconds(a.started.time_since_epoch()), 3), 14) << "\t"
       << padded(fixed(to_seconds(a.wall), 3), 10) << "\t0\t" << std::to_string(a.out.bytes) << "\t"
       << std::to_string(code) << "\t" << std::to_string(a.signal.value_or(0)) << "\t"
       << command_line(a.argv) << "\n";
  });
}

namespace {

constexpr std::array<double, 12> bounds{0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 3600};

struct sums {
  std::map<std::string, std::uint64_t> reasons;
  std::array<std::uint64_t, bounds.size() + 1> durations{};
  std::uint64_t ended = 0;
  std::uint64_t running = 0;
  std::uint64_t largest = 0;
  std::chrono::nanoseconds wall{};
  std::chrono::nanoseconds user{};
  std::chrono::nanoseconds system{};

  void add(const journal::attempt& a) {
    if (!a.ended) {
      ++running;
      return;
    }
    ++ended;
    ++reasons[a.reason];
    const auto place = std::lower_bound(bounds.begin(), bounds.end(), to_seconds(a.wall));
    ++durations[static_cast<std::size_t>(place - bounds.begin())];
    add_to(wall, a.wall);
    add_to(user, a.user);
    add_to(system, a.system);
    largest = std::max(largest, a.max_rss_bytes);
  }
};

class metrics {
 public:
  metrics(sink& to, std::string labels) : to_(to), labels_(std::move(labels)) {}

  void family(std::string_view name, std::string_view type, std::string_view help,
              std::string_view unit = {}) {
    name_ = name;
    to_ << "# HELP " << name << " " << help << "\n# TYPE " << name << " " << type << "\n";
    if (!unit.empty()) to_ << "# UNIT " << name << " " << unit << "\n";
  }
  void sample(std::string_view suffix, const std::string& more, const std::string& value) {
    to_ << name_ << suffix << "{" << labels_ << (more.empty() ? "" : ",") << more << "} " << value
        << "\n";
  }

 private:
  sink& to_;
  std::string labels_;
  std::string name_;
};

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + label_escaped(value) + "\"";
}

}  // namespace

void write_metrics(const report_source& from, sink& to) {
  sums all;
  from.each([&all](const journal::attempt& a) { all.add(a); });
  const journal::run_record& run = from.run;
  const auto text = [](std::uint64_t n) { return std::to_string(n); };
  metrics out(to, label("run", std::to_string(run.id)));

  out.family("brood_run", "info", "The run.");
  out.sample("_info",
             label("version", run.info.version) + "," + label("cwd", run.info.cwd) + "," +
                 label("command", command_line(run.info.argv)),
             "1");
  out.family("brood_run_state", "stateset", "Whether the run is still alive.");
  for (const journal::run_state s :
       {journal::run_state::running, journal::run_state::ended, journal::run_state::interrupted}) {
    out.sample("", label("brood_run_state", to_text(s)), s == run.state ? "1" : "0");
  }
  out.family("brood_run_start_time_seconds", "gauge", "When the run began.", "seconds");
  out.sample("", "", fixed(to_seconds(run.info.started.time_since_epoch()), 3));
  out.family("brood_run_wall_seconds", "gauge", "How long the run has taken.", "seconds");
  out.sample("", "", fixed(to_seconds(wall_of(run)), 3));
  out.family("brood_workers", "gauge", "How many jobs may run at a time.");
  out.sample("", "", text(run.info.workers));
  out.family("brood_jobs", "counter", "Jobs by their result.");
  out.sample("_total", label("result", "succeeded"), text(run.succeeded));
  out.sample("_total", label("result", "failed"), text(run.failed));
  out.sample("_total", label("result", "stopped"), text(run.stopped));
  out.sample("_total", label("result", "skipped"), text(run.skipped));
  out.family("brood_attempts", "counter", "Attempts by why they ended.");
  for (const auto& [reason, count] : all.reasons) {
    out.sample("_total", label("reason", reason), text(count));
  }
  out.family("brood_attempts_running", "gauge", "Attempts that have not ended.");
  out.sample("", "", text(all.running));
  out.family("brood_attempt_duration_seconds", "histogram", "How long attempts took.", "seconds");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += all.durations[i];
    std::string bound = fixed(bounds[i], 3);
    bound.erase(std::max(bound.find_last_not_of('0') + 1, bound.find('.') + 2));
    out.sample("_bucket", label("le", bound), text(below));
  }
  out.sample("_bucket", label("le", "+Inf"), text(all.ended));
  out.sample("_sum", "", fixed(to_seconds(all.wall), 6));
  out.sample("_count", "", text(all.ended));
  out.family("brood_cpu_seconds", "counter", "CPU time of the attempts.", "seconds");
  out.sample("_total", label("mode", "user"), fixed(to_seconds(all.user), 6));
  out.sample("_total", label("mode", "system"), fixed(to_seconds(all.system), 6));
  out.family("brood_max_rss_bytes", "gauge", "Peak memory of the largest process.", "bytes");
  out.sample("", "", text(all.largest));
  to << "# EOF\n";
}

}  // namespace cli
