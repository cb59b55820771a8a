// What `brood run -- true` costs over a bare `true`, next to what `timeout 10 true` costs over it.
// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>
#include <sys/resource.h>

#include <memory>

#include "measure.hpp"
#include "raw.hpp"

namespace {

/// CPU time in seconds of all children that were reaped.
double children_cpu() {
  rusage u{};
  getrusage(RUSAGE_CHILDREN, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

/// Whatever outlives its parent comes to us. It is waited for outside of the time that is measured:
/// its CPU time counts, and it must not run into the next one's time.
void reap_leftovers() {
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

class comparison {
 public:
  explicit comparison(std::size_t count) : count_(count) {}

  void add(const std::string& name, std::vector<std::string> command) {
    auto& words = commands_[name];
    words = std::make_unique<raw::words>(std::move(command));
    raw::require(access(words->path(), X_OK) == 0, words->path());
    all_.push_back({name, [this, name] { return measure(name); }});
  }
  bench::measurement run(std::size_t rounds) { return {all_, rounds}; }
  /// Seconds of CPU time, without the first round, which warms up.
  bench::quartiles cpu(const std::string& name) const {
    const std::vector<double>& all = cpu_.at(name);
    return bench::summarise({all.begin() + 1, all.end()});
  }

 private:
  double measure(const std::string& name) {
    const raw::words& words = *commands_.at(name);
    double wall = 0;
    const double cpu = children_cpu();
    for (std::size_t i = 0; i < count_; ++i) {
      wall += bench::per_call(1, [&] { raw::run(words, {-1, null_, -1}); });
      reap_leftovers();
    }
    const auto count = static_cast<double>(count_);
    cpu_[name].push_back((children_cpu() - cpu) / count);
    return wall / count;
  }

  std::size_t count_;
  int null_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::map<std::string, std::unique_ptr<raw::words>> commands_;
  std::vector<bench::contender> all_;
  std::map<std::string, std::vector<double>> cpu_;
};

/// What `ours` costs more than the bare command, over what `timeout` costs more, round by round.
std::vector<double> added_ratios(const bench::measurement& m, const std::string& ours) {
  std::vector<double> all;
  for (std::size_t i = 0; i < m.of("bare").size(); ++i) {
    const double bare = m.of("bare")[i];
    all.push_back((m.of(ours)[i] - bare) / (m.of("timeout")[i] - bare));
  }
  return all;
}

double calm_added_ratio(const bench::measurement& m, const std::string& ours) {
  const double bare = bench::quantile(m.of("bare"), 0.1);
  return (bench::quantile(m.of(ours), 0.1) - bare) / (bench::quantile(m.of("timeout"), 0.1) - bare);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const std::string tool = args.text("tool", BIN "/brood");
  comparison all(args.number("count", 3));
  all.add("bare", {"/usr/bin/true"});
  all.add("timeout", {"/usr/bin/timeout", "10", "true"});
  all.add("sealed", {tool, "run", "--", "true"});
  all.add("tree", {tool, "run", "--contain", "tree", "--", "true"});
  all.add("process", {tool, "run", "--contain", "process", "--", "true"});
  all.add("help", {tool, "--version"});
  const bench::measurement m = all.run(args.rounds(151));
  bench::report out("tool", args);
  out.note("the peer is `timeout 10 true`; \"added\" is less a bare `true`");
  const double bare = m.cost("bare").median;
  const double timeout = m.cost("timeout").median;
  const auto rows = [&](const std::string& name, const std::string& what, bench::bar promise) {
    const double cost = m.cost(name).median;
    out.add({what + ", time added", (cost - bare) * 1e6, (timeout - bare) * 1e6, "us",
             bench::summarise(added_ratios(m, name)), promise, calm_added_ratio(m, name)});
    out.add(what + ", whole time", m, name, "timeout", 1e6, "us", promise);
    const double cpu = all.cpu(name).median;
    const double peer = all.cpu("timeout").median;
    out.add({what + ", CPU, all processes", cpu * 1e6, peer * 1e6, "us", bench::only(cpu / peer)});
  };
  rows("sealed", "brood run -- true", bench::ratio_at_most(1.5));
  rows("tree", "brood run --contain tree", {});
  rows("process", "brood run --contain process", {});
  out.add("not a run: brood --version, whole time", m, "help", "timeout", 1e6, "us");
  out.add("not ours: a bare true, whole time", m, "bare", "timeout", 1e6, "us");
}
