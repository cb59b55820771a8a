// What starting a command and waiting for it costs, next to the bare system
// calls. SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

using brood::containment;

const raw::words& noop() {
  static const raw::words words({BIN "/bench-noop"});
  return words;
}

const brood::command& noop_command() {
  static const brood::command command{BIN "/bench-noop"};
  return command;
}

const raw::words& empty() {
  static const raw::words words({BIN "/bench-empty"});
  return words;
}

const brood::command& empty_command() {
  static const brood::command command{BIN "/bench-empty"};
  return command;
}

void spawn_and_wait(containment c) {
  if (!brood::spawn(noop_command(), {.contain = c}).wait().success()) bench::die("no success");
}

void run(const brood::command& what, containment c) {
  if (!brood::run(what, {.contain = c}).success()) bench::die("no success");
}

/// Seconds of one call, by name: so that another process can be asked for it.
double cost_of(std::string_view what, std::size_t count) {
  const auto each = [&](auto f) { return bench::per_call(count, f); };
  if (what == "process") return each([] { spawn_and_wait(containment::process); });
  if (what == "group") return each([] { spawn_and_wait(containment::group); });
  if (what == "tree") return each([] { spawn_and_wait(containment::tree); });
  if (what == "sealed") return each([] { spawn_and_wait(containment::sealed); });
  if (what == "run process") return each([] { run(noop_command(), containment::process); });
  if (what == "run tree") return each([] { run(noop_command(), containment::tree); });
  if (what == "run empty") return each([] { run(empty_command(), containment::process); });
  if (what == "raw empty") return each([] { raw::run(empty()); });
  if (what == "raw") return each([] { raw::run(noop()); });
  if (what == "posix_spawn") return each([] { raw::run_posix_spawn(noop()); });
  if (what == "fork") return each([] { raw::run_fork(noop()); });
  bench::die("nothing is called so", what);
}

void compare_with_raw(bench::report& out, const bench::arguments& args) {
  const std::size_t count = args.number("count", 20);
  std::vector<bench::contender> all;
  for (const char* name : {"process", "group", "tree", "run process", "run tree", "run empty",
                           "sealed", "raw", "raw empty", "posix_spawn", "fork"}) {
    const std::size_t fewer = std::strcmp(name, "sealed") == 0 ? count / 4 : count;
    all.push_back({name, [name, fewer] { return cost_of(name, fewer); }});
  }
  const bench::measurement m(all, args.rounds(201));
  const auto row = [&](const char* what, const char* ours, bench::bar promise = {}) {
    out.add(what, m, ours, "raw", 1e6, "us", promise);
  };
  out.note("the peer is clone(VM|VFORK|PIDFD) + execve + waitid, and nothing else");
  row("run(), contain=process", "run process", bench::ratio_at_most(1.07));
  out.add("run() of a static program with glibc", m, "run empty", "raw empty", 1e6, "us",
          bench::ratio_at_most(1.04));
  row("run(), contain=tree", "run tree", bench::ratio_at_most(1.25));
  // wait() sleeps where other threads can wake it, in ppoll(2); the others sleep in waitid(2).
  row("spawn().wait(), contain=process", "process");
  row("spawn().wait(), contain=tree", "tree");
  row("spawn().wait(), contain=group", "group");
  row("spawn().wait(), contain=sealed", "sealed");
  row("not ours: posix_spawn + waitpid", "posix_spawn");
  row("not ours: fork + execve + waitpid", "fork");
}

/// With `resident` bytes in memory: answers each line "COUNT WHAT" by the
/// seconds of one.
int serve(std::size_t resident) {
  if (resident > 0) {
    void* const memory =
        mmap(nullptr, resident, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    raw::require(memory != MAP_FAILED, "mmap");
    std::memset(memory, 1, resident);
  }
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    char* what = nullptr;
    const std::size_t count = std::strtoull(line, &what, 10);
    line[std::strcspn(line, "\n")] = '\0';
    std::printf("%.9g\n", cost_of(what + 1, count));
    std::fflush(stdout);
  }
  return 0;
}

bench::measurement ask_both(std::size_t resident,
                            const std::vector<std::pair<std::string, std::size_t>>& what,
                            std::size_t rounds) {
  const std::string self = raw::self();
  raw::partner small(raw::words({self, "--serve", "0"}));
  raw::partner large(raw::words({self, "--serve", std::to_string(resident)}));
  std::vector<bench::contender> all;
  for (const auto& [name, count] : what) {
    const std::string line = std::to_string(count) + ' ' + name;
    all.push_back({"small " + name, [&small, line] { return std::atof(small.ask(line).c_str()); }});
    all.push_back({"large " + name, [&large, line] { return std::atof(large.ask(line).c_str()); }});
  }
  return {all, rounds};
}

void compare_large_with_small(bench::report& out, const bench::arguments& args) {
  const std::uint64_t wanted = args.pick(std::uint64_t{4} << 30, std::uint64_t{1} << 30);
  const std::uint64_t available = raw::kilobytes_in("/proc/meminfo", "MemAvailable");
  const std::size_t resident = std::min(wanted, available / 2) >> 20 << 20;
  const std::size_t count = args.number("count", 20);
  const std::string size = std::to_string(resident >> 20) + " MiB resident, ";
  out.note("from here on the peer is the same from a small parent");
  if (resident < wanted) out.note("there is no memory for more");
  const bench::measurement m = ask_both(
      resident, {{"process", count}, {"tree", count}, {"sealed", count / 4}, {"raw", count}},
      args.rounds(151));
  const auto row = [&](const bench::measurement& from, const std::string& name,
                       const std::string& what, bench::bar promise = {}) {
    out.add(size + what, from, "large " + name, "small " + name, 1e6, "us", promise);
  };
  row(m, "process", "contain=process", bench::ratio_at_most(1.15));
  row(m, "tree", "contain=tree", bench::ratio_at_most(1.15));
  row(m, "sealed", "contain=sealed");
  row(m, "raw", "not ours: raw");
  // By itself: a fork leaves the large parent with all its pages to be copied again.
  row(ask_both(resident, {{"fork", 5}}, 3), "fork", "not ours: fork");
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  if (!args.text("serve").empty()) return serve(args.number("serve", 0));
  bench::report out("spawn", args);
  compare_with_raw(out, args);
  compare_large_with_small(out, args);
}
