// What the library costs next to CPython's subprocess, the same command run and captured by both.
// SPDX-License-Identifier: Apache-2.0
#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

using namespace std::chrono_literals;

double ours(std::size_t count, const brood::options& how) {
  const brood::command noop{BIN "/bench-noop"};
  return bench::per_call(count, [&] {
    if (!brood::run(noop, how).success()) bench::die("no success");
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  const std::size_t count = args.number("count", 10);
  const raw::words words({args.text("python", "/usr/bin/python3"), HERE "/python_peer.py", BIN});
  raw::partner python(words);
  bench::report out("python", args);
  out.note("the peer: CPython " + python.ask("version 0") +
           ", subprocess.run(capture_output=True)");
  const auto ask = [&](const std::string& what) {
    return [&, what] { return std::atof(python.ask(what + std::to_string(count)).c_str()); };
  };
  const auto with = [&](brood::options how) { return [&, how] { return ours(count, how); }; };
  using brood::containment;
  const bench::measurement m(
      {{"tree", with({.capture_output = true})},
       {"process", with({.capture_output = true, .contain = containment::process})},
       {"tree, timeout", with({.capture_output = true, .timeout = 10s})},
       {"process, timeout",
        with({.capture_output = true, .timeout = 10s, .contain = containment::process})},
       {"python", ask("run ")},
       {"python, timeout", ask("timeout ")}},
      args.rounds(101));
  const auto row = [&](const char* what, const char* name, const char* peer, double most) {
    out.add(what, m, name, peer, 1e6, "us", bench::ratio_at_most(most));
  };
  row("capture, contain=tree", "tree", "python", 1.0);
  row("capture, contain=process", "process", "python", 1.0);
  row("capture with a timeout, contain=tree", "tree, timeout", "python, timeout", 0.6);
  row("capture with a timeout, contain=process", "process, timeout", "python, timeout", 0.6);
}
