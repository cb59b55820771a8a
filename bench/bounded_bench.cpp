// What four jobs at once cost that write 1 GiB each into a bound of 1 MiB: memory and throughput.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <map>
#include <string>
#include <vector>

#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

constexpr int jobs = 4;
constexpr std::size_t bound = 1 << 20;

double peak() { return static_cast<double>(raw::kilobytes_in("/proc/self/status", "VmHWM")); }

/// One measurement is a process of its own; it says its seconds and what its peak grew by, in
/// bytes.
void say(double seconds, double grown) { std::printf("%.9g %.9g\n", seconds, grown); }

void check(const brood::expected<brood::completed_process, brood::error>& r, bool stopped) {
  if (!r) bench::die("a job failed", r.error().what());
  const auto wanted = stopped ? brood::reason::output_limit : brood::reason::exited;
  if (r->reason != wanted) bench::die("another reason", brood::to_string(r->reason));
  if (r->out.size() != bound) bench::die("kept", std::to_string(r->out.size()));
}

void by_pool(const std::string& size, brood::overflow beyond) {
  const brood::command writer{BIN "/bench-writer", size};
  const brood::options o{.out = brood::PIPE, .max_output = {bound, beyond}};
  brood::pool p({.max_workers = jobs});
  (void)p.submit({BIN "/bench-noop"}).result();
  const double before = peak();
  const double start = bench::now();
  std::vector<brood::job> all;
  for (int i = 0; i < jobs; ++i) all.push_back(p.submit(writer, o));
  for (const brood::job& j : all) check(j.try_result(), beyond == brood::overflow::error);
  say(bench::now() - start, peak() - before);
}

/// Reads by turns what is there, and keeps the first bytes.
void by_hand(const std::string& size) {
  const raw::words writer({BIN "/bench-writer", size});
  const double before = peak();
  const double start = bench::now();
  std::vector<raw::child> children;
  std::vector<pollfd> outs;
  std::vector<std::string> kept(jobs);
  std::string block(1 << 16, '\0');
  for (int i = 0; i < jobs; ++i) {
    const raw::pipe_ends out = raw::make_pipe();
    children.push_back(raw::spawn(writer, {-1, out.write_end, -1}));
    close(out.write_end);
    outs.push_back({out.read_end, POLLIN, 0});
  }
  for (int open = jobs; open > 0;) {
    raw::require(poll(outs.data(), jobs, 60'000) > 0, "poll");
    for (std::size_t i = 0; i < jobs; ++i) {
      if (outs[i].fd < 0 || outs[i].revents == 0) continue;
      const ssize_t n = read(outs[i].fd, block.data(), block.size());
      raw::require(n >= 0, "read");
      const std::size_t room = bound - kept[i].size();
      kept[i].append(block, 0, std::min(room, static_cast<std::size_t>(n)));
      if (n > 0) continue;
      close(outs[i].fd);
      outs[i].fd = -1;
      --open;
    }
  }
  for (const raw::child& c : children) raw::wait(c);
  say(bench::now() - start, peak() - before);
}

struct role {
  const char* name;
  brood::overflow beyond;
};
constexpr role roles[] = {{"keep_head", brood::overflow::keep_head},
                          {"keep_tail", brood::overflow::keep_tail},
                          {"keep_head_tail", brood::overflow::keep_head_tail},
                          {"error", brood::overflow::error}};

int play(const std::string& name, const std::string& size) {
  if (name == "hand") return by_hand(size), 0;
  for (const role& r : roles) {
    if (name == r.name) return by_pool(size, r.beyond), 0;
  }
  bench::die("no such role", name);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  const std::size_t size = args.number("bytes", args.pick(1 << 30, 128 << 20));
  const std::string bytes = std::to_string(size);
  if (const std::string name = args.text("role"); !name.empty()) return play(name, bytes);
  std::map<std::string, std::vector<double>> peaks;
  const auto contender = [&](const std::string& name) {
    return bench::contender{
        name, [&, name] {
          const raw::words words({raw::self(), "--role", name, "--bytes", bytes});
          double seconds = 0;
          double grown = 0;
          const std::string said = raw::output_of(words);
          if (std::sscanf(said.c_str(), "%lf %lf", &seconds, &grown) != 2) bench::die(name, said);
          peaks[name].push_back(grown / (1 << 20));
          return seconds;
        }};
  };
  std::vector<bench::contender> all{contender("hand")};
  for (const role& r : roles) all.push_back(contender(r.name));
  const bench::measurement m(all, args.rounds(9));
  bench::report out("bounded", args);
  out.note("4 jobs of a pool at once, each writes " + std::to_string(size >> 20) +
           " MiB; max_output is 1 MiB");
  out.note("by hand: poll, read; the first MiB of each is kept");
  const double gigabytes = jobs * static_cast<double>(size) / 1e9;
  for (const role& r : roles) {
    const std::string name = r.name;
    const double grown = bench::quantile(peaks[name], 1);
    if (r.beyond != brood::overflow::error) {
      out.add({name + ": all of them",
               gigabytes / m.cost(name).median,
               gigabytes / m.cost("hand").median,
               "GB/s",
               m.ratio("hand", name),
               {},
               m.calm_ratio("hand", name)});
    } else {
      out.add({name + ": until all are stopped", m.cost(name).median * 1e3, {}, "ms"});
    }
    out.add({name + ": largest growth of our memory",
             grown,
             bench::quantile(peaks["hand"], 1),
             "MiB",
             {},
             bench::value_at_most(16)});
  }
}
