// What a batch costs: `brood map` next to `make -j2`, `xargs -P2` and GNU parallel, on the same
// jobs. SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/stat.h>

#include <memory>

#include "measure.hpp"
#include "raw.hpp"

namespace {

struct cost {
  double wall = 0;
  double cpu = 0;     ///< of the program and of all that it waited for
  double memory = 0;  ///< the largest peak of one process among those, in bytes
};

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

cost cost_of(const raw::words& command, raw::streams fds) {
  const double start = bench::now();
  const raw::child c = raw::spawn(command, fds);
  int status = 0;
  rusage usage{};
  raw::require(wait4(c.pid, &status, 0, &usage) == c.pid, "wait4");
  const double wall = bench::now() - start;
  if (c.pidfd >= 0) close(c.pidfd);
  if (status != 0) bench::die("failed", command.path());
  return {wall, seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) * 1024};
}

/// The programs that are compared, all on the same input; their output is thrown away.
class comparison {
 public:
  explicit comparison(std::string input) : input_(std::move(input)) {}

  void add(const std::string& name, std::vector<std::string> command) {
    auto& words = commands_[name];
    words = std::make_unique<raw::words>(std::move(command));
    raw::require(access(words->path(), X_OK) == 0, words->path());
    all_.push_back({name, [this, name] { return once(name).wall; }});
  }
  cost once(const std::string& name) {
    const int in = open(input_.c_str(), O_RDONLY | O_CLOEXEC);
    raw::require(in >= 0, input_.c_str());
    const cost c = cost_of(*commands_.at(name), {in, null_, -1});
    close(in);
    costs_[name].push_back(c);
    return c;
  }
  bench::measurement measure(std::size_t rounds) { return {all_, rounds}; }

  /// Of CPU time, round by round; the first round warms up.
  bench::row cpu(std::string what, const std::string& ours, const std::string& peer,
                 std::size_t jobs, bench::bar promise = {}) const {
    std::vector<double> a, b, ratios;
    for (std::size_t i = 1; i < costs_.at(ours).size(); ++i) {
      a.push_back(costs_.at(ours)[i].cpu);
      b.push_back(costs_.at(peer)[i].cpu);
      ratios.push_back(a.back() / b.back());
    }
    const double scale = 1e6 / static_cast<double>(jobs);
    return {std::move(what),
            bench::quantile(a, 0.5) * scale,
            bench::quantile(b, 0.5) * scale,
            "us",
            bench::summarise(ratios),
            promise,
            bench::quantile(a, 0.1) / bench::quantile(b, 0.1)};
  }
  double memory(const std::string& name) const {
    std::vector<double> all;
    for (const cost& c : costs_.at(name)) all.push_back(c.memory);
    return bench::quantile(all, 0.5) / (1 << 20);
  }

 private:
  std::string input_;
  int null_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::map<std::string, std::unique_ptr<raw::words>> commands_;
  std::map<std::string, std::vector<cost>> costs_;
  std::vector<bench::contender> all_;
};

/// An empty folder, which is left and removed in the end.
class folder {
 public:
  folder() {
    raw::require(mkdtemp(path_.data()) != nullptr && chdir(path_.c_str()) == 0, path_.c_str());
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() {
    if (chdir("/") != 0) return;
    raw::run(raw::words({"/bin/rm", "-rf", "--", path_}));
  }

 private:
  std::string path_ = "/tmp/map_bench.XXXXXX";
};

void write_file(const std::string& path, const std::function<void(std::FILE*)>& content) {
  std::FILE* f = std::fopen(path.c_str(), "w");
  raw::require(f != nullptr, path.c_str());
  content(f);
  raw::require(std::fclose(f) == 0, path.c_str());
}

std::string numbers(const std::string& path, std::size_t count) {
  write_file(path, [&](std::FILE* f) {
    for (std::size_t i = 1; i <= count; ++i) std::fprintf(f, "%zu\n", i);
  });
  return path;
}

void write_makefile(std::size_t count, const std::string& program) {
  write_file("Makefile", [&](std::FILE* f) {
    std::fprintf(f, "all:");
    for (std::size_t i = 1; i <= count; ++i) std::fprintf(f, " %zu", i);
    std::fprintf(f, "\n.PHONY: all");
    for (std::size_t i = 1; i <= count; ++i) std::fprintf(f, " %zu", i);
    std::fprintf(f, "\n");
    for (std::size_t i = 1; i <= count; ++i)
      std::fprintf(f, "%zu:\n\t@%s $@\n", i, program.c_str());
  });
}

const std::string noop = BIN "/bench-noop";
const std::string gnu_parallel = "/usr/bin/parallel";

struct questions {
  const bench::arguments& args;
  bench::report& out;
  std::string tool;
  bool parallel = access(gnu_parallel.c_str(), X_OK) == 0;

  std::vector<std::string> map(std::vector<std::string> rest) const {
    rest.insert(rest.begin(), {tool, "map", "-j2", "--quiet"});
    return rest;
  }

  void many_jobs() const {
    const std::size_t jobs = args.number("jobs", 2000);
    write_makefile(jobs, noop);
    comparison all(numbers("jobs", jobs));
    all.add("map", map({noop}));
    all.add("tree", map({"--contain", "tree", noop}));
    all.add("no journal", map({"--no-journal", noop}));
    all.add("make", {"/usr/bin/make", "-s", "-j2"});
    all.add("xargs", {"/usr/bin/xargs", "-P2", "-n1", noop});
    const bench::measurement m = all.measure(args.rounds(9));
    const std::string what = std::to_string(jobs) + " no-ops, -j2, ";
    const double scale = 1e6 / static_cast<double>(jobs);
    out.add(what + "to make, time per job", m, "map", "make", scale, "us",
            bench::ratio_at_most(1 / 0.9));
    out.add(what + "to xargs, time per job", m, "map", "xargs", scale, "us",
            bench::ratio_at_most(1 / 1.1));
    out.add(all.cpu(what + "to xargs, CPU per job", "map", "xargs", jobs, bench::ratio_at_most(1)));
    out.add(all.cpu(what + "to make, CPU per job", "map", "make", jobs));
    out.add(what + "tree, to make", m, "tree", "make", scale, "us");
    out.add(all.cpu(what + "tree, to xargs, CPU", "tree", "xargs", jobs));
    out.add(what + "no journal, to make", m, "no journal", "make", scale, "us");
  }

  /// Of programs as people have them; the bars are shares of the peers' rates.
  void many_jobs_of(const std::string& program, const std::string& kind, double to_make,
                    double to_xargs) const {
    const std::size_t jobs = args.number("jobs", 2000);
    write_makefile(jobs, program);
    comparison all(numbers("jobs", jobs));
    all.add("map", map({program}));
    all.add("make", {"/usr/bin/make", "-s", "-j2"});
    all.add("xargs", {"/usr/bin/xargs", "-P2", "-n1", program});
    const bench::measurement m = all.measure(args.rounds(9));
    const std::string what = std::to_string(jobs) + " times " + kind + ", -j2, to ";
    const double scale = 1e6 / static_cast<double>(jobs);
    out.add(what + "make", m, "map", "make", scale, "us", bench::ratio_at_most(1 / to_make));
    out.add(what + "xargs", m, "map", "xargs", scale, "us", bench::ratio_at_most(1 / to_xargs));
  }

  void against_parallel() const {
    const std::size_t jobs = args.number("parallel-jobs", 400);
    comparison all(numbers("few", jobs));
    all.add("map", map({noop}));
    all.add("parallel", {gnu_parallel, "-j2", noop});
    const bench::measurement m = all.measure(args.rounds(5));
    out.add(std::to_string(jobs) + " no-ops, -j2, to GNU parallel", m, "map", "parallel",
            1e6 / static_cast<double>(jobs), "us", bench::ratio_at_most(1.0 / 8));
  }

  void one_job() const {
    comparison all(numbers("one", 1));
    all.add("map", {tool, "map", noop});
    all.add("no journal", {tool, "map", "--no-journal", noop});
    all.add("xargs", {"/usr/bin/xargs", "-n1", noop});
    if (parallel) all.add("parallel", {gnu_parallel, noop});
    const bench::measurement m = all.measure(args.rounds(31));
    out.add("one no-op, whole run, to xargs", m, "map", "xargs", 1e6, "us",
            bench::ratio_at_most(2));
    out.add("one no-op, whole run, no journal, to xargs", m, "no journal", "xargs", 1e6, "us");
    if (parallel) out.add("one no-op, whole run, to parallel", m, "map", "parallel", 1e6, "us");
  }

  void much_output() const {
    const unsigned long long size = args.pick(1 << 30, 1 << 26);
    write_file("size", [&](std::FILE* f) { std::fprintf(f, "%llu\n", size); });
    comparison all("size");
    all.add("map", {tool, "map", BIN "/bench-writer"});
    if (parallel) all.add("parallel", {gnu_parallel, BIN "/bench-writer"});
    const bench::measurement m = all.measure(args.rounds(3));
    out.add({"one job prints 1 GiB, peak memory",
             all.memory("map"),
             {},
             "MiB",
             {},
             bench::value_at_most(16e6 / (1 << 20))});
    if (parallel) {
      out.add("one job prints 1 GiB, to parallel", m, "map", "parallel", 1, "s",
              bench::ratio_at_most(1));
    }
  }

  // Once the journal's cache is full, after some thousand jobs, nothing grows any more.
  void many_lines() const {
    const std::size_t few = args.pick(20'000, 10'000);
    const auto memory_after = [&](std::size_t jobs) {
      comparison one("lines");
      one.add("map", map({"--halt", "soon,done=" + std::to_string(jobs), noop}));
      return one.once("map").memory / (1 << 20);
    };
    numbers("lines", 1'000'000);
    const double less = memory_after(few);
    const double more = memory_after(3 * few);
    const std::string counts = std::to_string(3 * few) + "; peer: " + std::to_string(few);
    out.add({"1,000,000 lines, memory after " + counts, more, less, "MiB", bench::only(more / less),
             bench::ratio_at_most(1.1)});
  }

  void resume() const {
    const std::size_t jobs = args.pick(200'000, 20'000);
    numbers("done", jobs);
    const raw::words first(map({"-a", "done", noop}));
    cost_of(first, {});
    numbers("done", jobs + 1);
    const raw::words again(map({"--resume", "-a", "done", noop}));
    out.add({"resume after " + std::to_string(jobs) + " done jobs",
             cost_of(again, {}).wall,
             {},
             "s",
             {},
             bench::value_at_most(1)});
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  const folder here;
  bench::report out("map", args);
  const questions q{args, out, args.text("tool", BIN "/brood")};
  out.note("sealed, with a journal, unless it says otherwise");
  q.many_jobs();
  q.many_jobs_of(BIN "/bench-empty", "a static no-op", 0.95, 1.05);
  q.many_jobs_of("/bin/true", "/bin/true", 1.0, 1.0);
  q.one_job();
  if (q.parallel) {
    q.against_parallel();
  } else {
    out.note("no GNU parallel here: what is compared with it is left out");
  }
  q.much_output();
  q.many_lines();
  q.resume();
}
