// What a request to a persistent worker costs, next to a write, poll and read loop by hand.
// SPDX-License-Identifier: Apache-2.0
#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

constexpr std::size_t message_size = 100;

/// A persistent child and the loop around it, written for this purpose alone.
class by_hand {
 public:
  explicit by_hand(const raw::words& command) {
    const raw::pipe_ends to = raw::make_pipe();
    const raw::pipe_ends from = raw::make_pipe();
    child_ = raw::spawn(command, {to.read_end, from.write_end, -1});
    close(to.read_end);
    close(from.write_end);
    in_ = to.write_end;
    out_ = from.read_end;
  }
  by_hand(const by_hand&) = delete;
  by_hand& operator=(const by_hand&) = delete;
  ~by_hand() {
    close(in_);
    close(out_);
    raw::wait(child_);
  }

  std::string call(const std::string& message) {
    const std::string line = message + '\n';
    raw::require(write(in_, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
                 "write");
    std::string answer;
    char block[4096];
    for (;;) {
      pollfd p{out_, POLLIN, 0};
      raw::require(poll(&p, 1, 10'000) == 1, "poll");
      const ssize_t n = read(out_, block, sizeof block);
      raw::require(n > 0, "read");
      answer.append(block, static_cast<std::size_t>(n));
      if (answer.back() == '\n') break;
    }
    answer.pop_back();
    return answer;
  }

 private:
  raw::child child_;
  int in_ = -1;
  int out_ = -1;
};

void check(const std::string& answer, const std::string& message) {
  if (answer != message) bench::die("another answer came", answer);
}

cpu_set_t own_cpus() {
  cpu_set_t cpus;
  raw::require(sched_getaffinity(0, sizeof cpus, &cpus) == 0, "sched_getaffinity");
  return cpus;
}

/// Else a round trip takes 6 us or 50, as the scheduler puts the two on one CPU or on two, and
/// keeps them there: luck that outweighs all else. On one, what we add weighs most.
void stay_on_one_of(const cpu_set_t& cpus) {
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
    if (CPU_ISSET(i, &cpus)) CPU_SET(i, &one);
  }
  raw::require(sched_setaffinity(0, sizeof one, &one) == 0, "sched_setaffinity");
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  const cpu_set_t everywhere = own_cpus();
  stay_on_one_of(everywhere);
  const std::size_t count = args.pick(500, 200);
  const std::string message(message_size, 'x');
  const raw::words words({BIN "/bench-cat"});
  by_hand hand(words);
  brood::worker_pool pool({BIN "/bench-cat"}, {.min_workers = 1, .max_workers = 1});
  brood::worker_pool limited({BIN "/bench-cat"}, {.min_workers = 1,
                                                  .max_workers = 1,
                                                  .idle_timeout = std::chrono::seconds(10),
                                                  .timeout = std::chrono::seconds(10),
                                                  .max_requests = UINT64_MAX,
                                                  .max_age = std::chrono::hours(1)});
  pool.warm_up();
  limited.warm_up();
  const auto contender = [&](const char* name, auto ask) {
    return bench::contender{name, [=, &message] {
                              return bench::per_call(count, [&] { check(ask(message), message); });
                            }};
  };
  const bench::measurement m(
      {contender("call", [&](const std::string& s) { return pool.call(s); }),
       contender("limited", [&](const std::string& s) { return limited.call(s); }),
       contender("request", [&](const std::string& s) { return pool.request(s).result(); }),
       contender("hand", [&](const std::string& s) { return hand.call(s); })},
      args.rounds(60));
  bench::report out("worker", args);
  out.note("a message of 100 bytes to a worker that sends it back, and the answer");
  out.note("by hand: a persistent child; write, poll, read; all on one CPU");
  out.add("call()", m, "call", "hand", 1e6, "us", bench::ratio_at_most(1.5));
  out.add("call() with a timeout and limits", m, "limited", "hand", 1e6, "us",
          bench::ratio_at_most(1.5));
  out.add("request() and result(), by the pool's thread", m, "request", "hand", 1e6, "us");

  constexpr std::size_t many = 200;
  raw::require(sched_setaffinity(0, sizeof everywhere, &everywhere) == 0, "sched_setaffinity");
  brood::worker_pool wide({BIN "/bench-cat"}, {.min_workers = 2, .max_workers = 2});
  wide.warm_up();
  const bench::measurement t(
      {{"ours",
        [&] {
          const double start = bench::now();
          std::vector<brood::reply> all;
          for (std::size_t i = 0; i < many; ++i) all.push_back(wide.request(message));
          for (const brood::reply& r : all) check(r.result(), message);
          return (bench::now() - start) / many;
        }},
       {"hand",
        [&] { return bench::per_call(many, [&] { check(hand.call(message), message); }); }}},
      args.rounds(60));
  out.add("200 requests at once to 2 workers, each", t, "ours", "hand", 1e6, "us");
}
