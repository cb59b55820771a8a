// What collecting the few bytes that a command prints costs, next to a loop
// written by hand. SPDX-License-Identifier: Apache-2.0
#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

constexpr std::string_view hello_out = "hello, world\n";
constexpr std::string_view hello_err = "hello, operator\n";

void ours(const brood::command& command, brood::containment c, bool speaks) {
  const auto r = brood::run(command, {.capture_output = true, .contain = c});
  if (!r.success() || r.out != (speaks ? hello_out : "") || r.err != (speaks ? hello_err : "")) {
    bench::die("brood::run collected something else");
  }
}

void peer(const raw::words& command, bool speaks) {
  raw::bytes out;
  raw::bytes err;
  raw::capture(command, out, err);
  if (out.view() != (speaks ? hello_out : "") || err.view() != (speaks ? hello_err : "")) {
    bench::die("the peer collected something else");
  }
}

void compare(bench::report& out, const bench::arguments& args, const std::string& path,
             bool speaks) {
  using brood::containment;
  const std::size_t count = args.number("count", 20);
  const brood::command command{path};
  const raw::words words({path});
  const auto with = [&](containment c) {
    return [&, c] { return bench::per_call(count, [&] { ours(command, c, speaks); }); };
  };
  const bench::measurement m(
      {{"process", with(containment::process)},
       {"tree", with(containment::tree)},
       {"raw", [&] { return bench::per_call(count, [&] { peer(words, speaks); }); }}},
      args.rounds(201));
  const std::string what = speaks ? "two lines" : "nothing";
  const bench::bar promise = bench::ratio_at_most(1.10);
  out.add(what + " captured, contain=process", m, "process", "raw", 1e6, "us", promise);
  out.add(what + " captured, contain=tree", m, "tree", "raw", 1e6, "us", promise);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  bench::report out("capture", args);
  out.note(
      "the peer: two pipe2, clone(VM|VFORK|PIDFD), execve, poll and read "
      "to the end, waitid");
  compare(out, args, BIN "/bench-hello", true);
  compare(out, args, BIN "/bench-noop", false);
}
