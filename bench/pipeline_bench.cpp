// How fast bytes move through a pipeline of three, next to the shell's.
// SPDX-License-Identifier: Apache-2.0
#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  bench::report out("pipeline", args);
  const std::uint64_t size = args.pick(4ULL << 30, 256ULL << 20);
  const std::string bytes = std::to_string(size);
  const double gigabytes = static_cast<double>(size) / 1e9;
  const brood::command writer{BIN "/bench-writer", bytes};
  const brood::command cat{BIN "/bench-cat"};
  const auto ours = [&] {
    const auto r = brood::run(writer | cat | cat, {.out = brood::DEVNULL});
    if (!r.success()) bench::die("a stage failed");
  };
  const std::string line = std::string(BIN "/bench-writer ") + bytes +
                           " | " BIN "/bench-cat | " BIN "/bench-cat >/dev/null";
  const raw::words shell({"/bin/sh", "-c", line});
  out.note("the peer: /bin/sh -c 'writer | cat | cat >/dev/null'");
  const bench::measurement m(
      {{"brood", [&] { return gigabytes / bench::per_call(1, ours); }},
       {"sh", [&] { return gigabytes / bench::per_call(1, [&] { raw::run(shell); }); }}},
      args.rounds(5));
  out.add(std::to_string(size >> 20) + " MiB through three stages", m, "brood", "sh", 1, "GB/s",
          bench::ratio_at_least(0.95));
}
