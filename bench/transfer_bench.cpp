// How fast much output is collected and much input fed, and how much memory that takes.
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

using namespace std::chrono_literals;

/// What one measurement, a process of its own, says on its stdout.
struct answer {
  double seconds = 0;
  double peak = 0;  // bytes
};

void say(double seconds) {
  const auto peak = static_cast<double>(raw::kilobytes_in("/proc/self/status", "VmHWM"));
  std::printf("%.9g %.9g\n", seconds, peak);
}

answer parse(const std::string& text) {
  answer a;
  if (std::sscanf(text.c_str(), "%lf %lf", &a.seconds, &a.peak) != 2) bench::die("answer", text);
  return a;
}

void check_size(std::size_t came, std::size_t wanted) {
  if (came != wanted) bench::die("some of the bytes did not come", std::to_string(came));
}

void capture(std::size_t size) {
  const brood::command writer{BIN "/bench-writer", std::to_string(size)};
  const double start = bench::now();
  const auto r = brood::run(writer, {.out = brood::PIPE});
  say(bench::now() - start);
  check_size(r.out.size(), size);
}

void capture_by_hand(std::size_t size, int pipe_size) {
  const raw::words writer({BIN "/bench-writer", std::to_string(size)});
  raw::bytes out;
  const double start = bench::now();
  raw::capture_much(writer, out, pipe_size);
  say(bench::now() - start);
  check_size(out.size(), size);
}

// As python_peer.py does it.
void feed(std::size_t size) {
  constexpr std::string_view pattern = "0123456789abcdef";
  std::string data;
  data.reserve(size);
  while (data.size() < size) data += pattern;
  const brood::options how{.input = std::move(data), .out = brood::PIPE, .timeout = 60s};
  const double start = bench::now();
  const auto r = brood::run({BIN "/bench-cat"}, how);
  say(bench::now() - start);
  if (r.out != *how.input) bench::die("other bytes came back");
}

using samples = std::vector<double>;

/// Runs itself in another role; remembers the peaks.
class roles {
 public:
  explicit roles(std::size_t size) : size_(std::to_string(size)) {}

  bench::contender one(const std::string& name, const std::string& role, const std::string& pipe) {
    return {
        name, [=, this] {
          const raw::words words({raw::self(), "--role", role, "--bytes", size_, "--pipe", pipe});
          return remember(name, raw::output_of(words));
        }};
  }
  double remember(const std::string& name, const std::string& text) {
    const answer a = parse(text);
    peaks_[name].push_back(a.peak);
    return a.seconds;
  }
  double peak(const std::string& name) { return bench::summarise(peaks_[name]).median; }

 private:
  std::string size_;
  std::map<std::string, samples> peaks_;
};

void add_throughput(bench::report& out, const std::string& what, const bench::measurement& m,
                    const std::string& peer, double size, bench::bar promise) {
  const double gigabytes = size / 1e9;
  out.add({what, gigabytes / m.cost("ours").median, gigabytes / m.cost(peer).median, "GB/s",
           m.ratio(peer, "ours"), promise, m.calm_ratio(peer, "ours")});
}

void compare_captures(bench::report& out, std::size_t size, std::size_t rounds) {
  roles r(size);
  std::vector<bench::contender> all{r.one("ours", "capture", "0")};
  const std::vector<std::string> pipes{"65536", "262144", "524288", "1048576"};
  for (const std::string& p : pipes) all.push_back(r.one(p, "by-hand", p));
  const bench::measurement m(all, rounds);
  std::string best = pipes[0];
  for (const std::string& p : pipes) {
    if (m.cost(p).median < m.cost(best).median) best = p;
    out.note("read loop by hand, pipe of " + p + ": " +
             bench::digits(static_cast<double>(size) / 1e9 / m.cost(p).median) + " GB/s");
  }
  const std::string what = std::to_string(size >> 20) + " MiB captured";
  const auto bytes = static_cast<double>(size);
  add_throughput(out, what + ", peer: best by hand", m, best, bytes, bench::ratio_at_least(0.9));
  out.add({what + ": peak memory / output",
           r.peak("ours") / bytes,
           r.peak(best) / bytes,
           "x",
           {},
           bench::value_at_most(1.15)});
}

void compare_feeds(bench::report& out, std::size_t size, std::size_t rounds,
                   const std::string& python) {
  roles r(size);
  const raw::words words({python, HERE "/python_peer.py", BIN});
  const bench::contender peer{"python", [&] {
                                raw::partner p(words);
                                return r.remember("python", p.ask("feed " + std::to_string(size)));
                              }};
  const bench::measurement m({r.one("ours", "feed", "0"), peer}, rounds);
  const std::string what = std::to_string(size >> 20) + " MiB through a filter";
  const auto bytes = static_cast<double>(size);
  add_throughput(out, what + ", peer: CPython", m, "python", bytes, bench::ratio_at_least(2));
  out.add({what + ": peak memory / input", r.peak("ours") / bytes, r.peak("python") / bytes, "x"});
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  const std::size_t size = args.number("bytes", args.pick(1 << 30, 256 << 20));
  const std::string role = args.text("role");
  if (role == "capture") return capture(size), 0;
  if (role == "by-hand") return capture_by_hand(size, static_cast<int>(args.number("pipe", 0))), 0;
  if (role == "feed") return feed(size), 0;
  bench::report out("transfer", args);
  compare_captures(out, size, args.rounds(9));
  compare_feeds(out, size, args.rounds(5), args.text("python", "/usr/bin/python3"));
}
