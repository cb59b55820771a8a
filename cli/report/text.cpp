// The report for people: the result, then what went wrong, the most common cause first.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <brood/status.hpp>

#include "journal/ending.hpp"
#include "report/causes.hpp"
#include "report/formats.hpp"
#include "report/why.hpp"
#include "report/words.hpp"

namespace cli {

namespace {

constexpr std::size_t tail_bytes = 1024;
constexpr std::size_t tail_lines = 5;
constexpr std::size_t most_running = 10;

std::string counted(std::uint64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

/// The times of all attempts that ended.
struct extremes {
  std::vector<std::chrono::nanoseconds> walls{};
  std::uint64_t longest = 0;  // the job
  std::chrono::nanoseconds longest_wall{-1};
  std::uint64_t largest = 0;
  std::uint64_t largest_rss = 0;
  std::chrono::nanoseconds cpu{};

  void add(const journal::attempt& a) {
    if (!a.ended) return;
    walls.push_back(a.wall);
    add_to(cpu, a.user + a.system);
    if (a.wall > longest_wall) {
      longest_wall = a.wall;
      longest = a.seq;
    }
    if (a.max_rss_bytes > largest_rss) {
      largest_rss = a.max_rss_bytes;
      largest = a.seq;
    }
  }

  std::chrono::nanoseconds quantile(std::size_t percent) {
    const std::size_t at = std::min(walls.size() - 1, walls.size() * percent / 100);
    std::nth_element(walls.begin(), walls.begin() + static_cast<std::ptrdiff_t>(at), walls.end());
    return walls[at];
  }
};

/// Jobs that run now: how many, and the first few.
struct running_jobs {
  std::uint64_t count = 0;
  std::vector<journal::attempt> first{};

  void add(const journal::attempt& a) {
    if (++count <= most_running) first.push_back(a);
  }
};

void write_head(const journal::run_record& run, std::uint64_t running, sink& to) {
  to << "run " << std::to_string(run.id) << ": " << command_line(run.info.argv) << "\n";
  to << "  in " << printable(run.info.cwd) << ", " << counted(run.info.workers, "worker")
     << ", brood " << run.info.version << "\n";
  to << "  started " << local_time(run.info.started) << ", ";
  switch (run.state) {
    case journal::run_state::running:
      to << "running for " << span_text(wall_of(run)) << "\n";
      break;
    case journal::run_state::interrupted:
      to << "interrupted after about " << span_text(wall_of(run)) << "\n";
      break;
    case journal::run_state::ended:
      to << "ended after " << span_text(wall_of(run)) << " with status "
         << std::to_string(run.exit_status.value_or(0));
      if (const int signal = stopped_by(run)) to << ", stopped by " << brood::signal_name(signal);
      to << "\n";
  }
  to << "  jobs: " << std::to_string(run.succeeded) << " succeeded, " << std::to_string(run.failed)
     << " failed";
  if (running > 0) to << ", " << std::to_string(running) << " running";
  if (run.stopped > 0) to << ", " << std::to_string(run.stopped) << " stopped";
  if (run.skipped > 0) to << ", " << std::to_string(run.skipped) << " skipped (done before)";
  to << "\n";
}

void write_extremes(extremes& e, sink& to) {
  if (e.walls.empty()) return;
  to << "  attempts: " << std::to_string(e.walls.size()) << "; median " << span_text(e.quantile(50))
     << ", 95% below " << span_text(e.quantile(95)) << ", longest " << span_text(e.longest_wall)
     << " (job " << std::to_string(e.longest) << ")\n";
  to << "  CPU " << span_text(e.cpu) << "; largest process " << size_text(e.largest_rss) << " (job "
     << std::to_string(e.largest) << ")\n";
}

void write_job_line(const journal::attempt& a, sink& to) {
  to << "  job " << std::to_string(a.seq);
  if (a.number > 1) to << " (attempt " << std::to_string(a.number) << ")";
  if (a.ended) to << "  " << span_text(a.wall);
  to << "  " << command_line(a.argv) << "\n";
}

void write_running(const running_jobs& running, sink& to) {
  if (running.count == 0) return;
  const journal::moment now =
      std::chrono::time_point_cast<journal::moment::duration>(std::chrono::system_clock::now());
  to << "\nrunning now\n";
  for (const journal::attempt& a : running.first) {
    to << "  job " << std::to_string(a.seq) << "  for "
       << span_text(std::max(now - a.started, std::chrono::nanoseconds(0))) << "  "
       << command_line(a.argv) << "\n";
  }
  if (running.count > running.first.size()) {
    to << "  and " << std::to_string(running.count - running.first.size()) << " more\n";
  }
}

}  // namespace

void write_tail(const journal::reader& journal, const journal::kept_output& kept, sink& to) {
  std::string text = tail_of(journal, kept, tail_bytes);
  while (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return;
  std::size_t start = text.size();
  for (std::size_t lines = 0; start != 0 && start != std::string::npos && lines < tail_lines;
       ++lines) {
    start = text.rfind('\n', start - 1);
  }
  if (start != 0 && start != std::string::npos) text.erase(0, start + 1);
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    to << "    | " << printable(std::string_view(text).substr(at, end - at)) << "\n";
    at = end + 1;
  }
}

void write_text(const report_source& from, sink& to) {
  if (from.failed_only) {
    from.each([&](const journal::attempt& a) {
      write_job_line(a, to);
      to << "    " << printable(describe_end(a)) << "\n";
      write_tail(from.journal, a.err, to);
    });
    return;
  }
  extremes e;
  running_jobs running;
  from.each([&](const journal::attempt& a) {
    e.add(a);
    if (from.state_of(a) == journal::attempt_state::running) running.add(a);
  });
  write_head(from.run, running.count, to);
  write_extremes(e, to);
  write_running(running, to);
  for (const failure_cause& cause : find_causes(from)) {
    to << "\n" << std::to_string(cause.count) << " x " << printable(cause.text) << "\n";
    for (const journal::attempt& a : cause.examples) write_job_line(a, to);
    if (cause.count > cause.examples.size()) {
      to << "  and " << std::to_string(cause.count - cause.examples.size())
         << " more: brood report --failed " << std::to_string(from.run.id) << "\n";
    }
    write_tail(from.journal, cause.examples.front().err, to);
  }
}

}  // namespace cli
