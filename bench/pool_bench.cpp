// What a pool adds to starting and reaping many children, next to a loop of epoll by hand.
// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <sys/resource.h>

#include <memory>
#include <thread>
#include <unordered_map>

#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

const brood::command& noop() {
  static const brood::command c{BIN "/bench-noop"};
  return c;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void by_pool(std::size_t jobs) {
  brood::pool p({.max_workers = 2});
  for (std::size_t i = 0; i < jobs; ++i) p.submit(noop(), {}, [](const brood::job&) {});
  p.wait();
  if (p.count().failed != 0) bench::die("a job failed");
}

/// Two slots: start, wait for an exit by epoll, reap, start.
void by_hand(std::size_t jobs) {
  const raw::words words({BIN "/bench-noop"});
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  raw::require(epoll >= 0, "epoll_create1");
  std::unordered_map<int, raw::child> running;
  for (std::size_t started = 0; started < jobs || !running.empty();) {
    while (running.size() < 2 && started < jobs) {
      const raw::child c = raw::spawn(words);
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.fd = c.pidfd;
      raw::require(epoll_ctl(epoll, EPOLL_CTL_ADD, c.pidfd, &e) == 0, "epoll_ctl");
      running.emplace(c.pidfd, c);
      ++started;
    }
    epoll_event events[16];
    const int n = epoll_wait(epoll, events, 16, -1);
    for (int i = 0; i < n; ++i) {
      const auto at = running.find(events[i].data.fd);
      // A child between clone and exec may hold a pidfd that is closed here: epoll still tells.
      if (at == running.end()) continue;
      raw::wait(at->second);
      running.erase(at);
    }
  }
  close(epoll);
}

void throughput(bench::report& out, const bench::arguments& args) {
  const std::size_t jobs = args.pick(2000, 300);
  const double n = static_cast<double>(jobs);
  const bench::measurement m(
      {{"pool", [&] { return n / bench::per_call(1, [&] { by_pool(jobs); }); }},
       {"hand", [&] { return n / bench::per_call(1, [&] { by_hand(jobs); }); }}},
      args.rounds(11));
  out.add(std::to_string(jobs) + " no-ops, 2 at a time", m, "pool", "hand", 1, "jobs/s",
          bench::ratio_at_least(0.95));
}

struct crowd {
  double start_seconds = 0;     // for one
  double bytes = 0;             // of ours, for one
  double exit_cpu_seconds = 0;  // of ours, for one
};

/// So many children that wait for end-of-file on one pipe, by a pool; then all exit at once.
crowd sleepers(std::size_t count) {
  const raw::pipe_ends gate = raw::make_pipe();
  const double n = static_cast<double>(count);
  crowd result;
  brood::pool p({.max_workers = static_cast<int>(count)});
  brood::options o;
  o.in = brood::fd(gate.read_end);
  const auto before = raw::kilobytes_in("/proc/self/status", "VmRSS");
  result.start_seconds =
      bench::per_call(1,
                      [&] {
                        for (std::size_t i = 0; i < count; ++i) {
                          p.submit({BIN "/bench-hold"}, o, [](const brood::job&) {});
                        }
                        while (p.count().running < count)
                          std::this_thread::sleep_for(std::chrono::milliseconds(1));
                      }) /
      n;
  result.bytes = (static_cast<double>(raw::kilobytes_in("/proc/self/status", "VmRSS")) -
                  static_cast<double>(before)) /
                 n;
  const double cpu = cpu_seconds();
  close(gate.write_end);
  p.wait();
  result.exit_cpu_seconds = (cpu_seconds() - cpu) / n;
  if (p.count().failed != 0) bench::die("a job failed");
  close(gate.read_end);
  return result;
}

double raw_starts(std::size_t count) {
  const raw::pipe_ends gate = raw::make_pipe();
  const raw::words words({BIN "/bench-hold"});
  std::vector<raw::child> all;
  const double seconds = bench::per_call(1, [&] {
    for (std::size_t i = 0; i < count; ++i) all.push_back(raw::spawn(words, {gate.read_end}));
  });
  close(gate.write_end);
  for (const raw::child& c : all) raw::wait(c);
  close(gate.read_end);
  return seconds / static_cast<double>(count);
}

void many(bench::report& out, const bench::arguments& args) {
  const std::size_t count = args.pick(10'000, 1000);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < count + 100) {
    out.note("skipped: only " + std::to_string(files.rlim_cur) + " descriptors are allowed");
    return;
  }
  std::vector<double> bytes;
  std::vector<double> few;
  std::vector<double> lots;
  const bench::measurement m({{"pool",
                               [&] {
                                 // As many exits, or the noise of a millisecond decides.
                                 double all = 0;
                                 for (std::size_t i = 0; i < count / 100; ++i)
                                   all += sleepers(100).exit_cpu_seconds;
                                 few.push_back(all / (static_cast<double>(count) / 100));
                                 const crowd c = sleepers(count);
                                 bytes.push_back(c.bytes);
                                 lots.push_back(c.exit_cpu_seconds);
                                 return 1 / c.start_seconds;
                               }},
                              {"hand", [&] { return 1 / raw_starts(count); }}},
                             args.rounds(5));
  const std::string n = std::to_string(count);
  out.add(n + " sleepers at once: starts", m, "pool", "hand", 1, "1/s", bench::ratio_at_least(0.8));
  bench::row memory{n + " sleepers at once: our memory for one"};
  memory.ours = bench::summarise(bytes).median / 1024;
  memory.unit = "KiB";
  memory.promise = bench::value_at_most(8);
  out.add(memory);
  bench::row cpu{"CPU for an exit, " + n + " at once; peer: 100"};
  cpu.ours = bench::summarise(lots).median * 1e6;
  cpu.peer = bench::summarise(few).median * 1e6;
  cpu.unit = "us";
  cpu.ratio = {cpu.ours / *cpu.peer, cpu.ours / *cpu.peer, cpu.ours / *cpu.peer};
  cpu.promise = bench::ratio_at_most(1.2);
  out.add(cpu);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  bench::report out("pool", args);
  out.note("the peer: clone(VM|VFORK|PIDFD), epoll_wait, waitid");
  throughput(out, args);
  many(out, args);
}
