// How soon a wait with a time limit notices the exit, and whether it sleeps until then.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

using namespace std::chrono_literals;

constexpr const char* milliseconds = "300";

double switches() {
  rusage u{};
  getrusage(RUSAGE_THREAD, &u);
  return static_cast<double>(u.ru_nvcsw);
}

/// One kind of wait: its delays are what the measurement keeps, the switches are kept here.
struct kind {
  std::vector<double> slept = {};
  double median_switches() const { return bench::summarise(slept).median; }
};

double by_library(kind& k) {
  brood::process p = brood::spawn({BIN "/bench-sleeper", milliseconds}, {.out = brood::PIPE});
  const double before = switches();
  const auto status = p.wait_for(10s);
  const double returned = bench::now();
  k.slept.push_back(switches() - before);
  if (!status || !status->success()) bench::die("the sleeper failed");
  return returned - std::atof(p.out().read_all().c_str()) / 1e9;
}

double by_hand(kind& k, const raw::words& sleeper) {
  const raw::pipe_ends o = raw::make_pipe();
  const raw::child c = raw::spawn(sleeper, {-1, o.write_end, -1});
  close(o.write_end);
  const double before = switches();
  pollfd exit{c.pidfd, POLLIN, 0};
  raw::require(poll(&exit, 1, 10'000) == 1, "poll");
  raw::wait(c);
  const double returned = bench::now();
  k.slept.push_back(switches() - before);
  raw::bytes text;
  while (text.read_from(o.read_end, 64)) {
  }
  close(o.read_end);
  return returned - std::atof(std::string(text.view()).c_str()) / 1e9;
}

double by_python(kind& k, raw::partner& python) {
  const std::string answer = python.ask(std::string("wait ") + milliseconds);
  char* end = nullptr;
  const double delay = std::strtod(answer.c_str(), &end);
  k.slept.push_back(std::atof(end));
  return delay;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  const raw::words sleeper({BIN "/bench-sleeper", milliseconds});
  const raw::words words({args.text("python", "/usr/bin/python3"), HERE "/python_peer.py", BIN});
  raw::partner python(words);
  kind ours;
  kind hand;
  kind peer;
  const bench::measurement m({{"ours", [&] { return by_library(ours); }},
                              {"hand", [&] { return by_hand(hand, sleeper); }},
                              {"python", [&] { return by_python(peer, python); }}},
                             args.rounds(15));
  bench::report out("wait", args);
  out.note("a child that sleeps 0.3 s; the delay is from just before its exit to our return");
  out.note("CPython: Popen.wait(timeout=10); by hand: poll of the pidfd, waitid");
  const auto worst = [&](const char* name) {
    return *std::max_element(m.of(name).begin(), m.of(name).end()) * 1e3;
  };
  const double median = m.cost("ours").median * 1e3;
  const bench::bar promise = bench::value_at_most(5);
  out.add({"delay of wait_for(10s), peer: CPython", median, m.cost("python").median * 1e3, "ms",
           m.ratio("ours", "python"), promise});
  out.add({"delay of wait_for(10s), worst, peer: CPython",
           worst("ours"),
           worst("python"),
           "ms",
           {},
           promise});
  out.add("delay of wait_for(10s), peer: by hand", m, "ours", "hand", 1e3, "ms");
  out.add(
      {"times it went to sleep, peer: CPython", ours.median_switches(), peer.median_switches()});
  out.add(
      {"times it went to sleep, peer: by hand", ours.median_switches(), hand.median_switches()});
}
