// Judges programs: bounds time, memory and output, compares the answer, and says what went wrong.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>

#include <brood/brood.hpp>

using namespace std::chrono_literals;
using namespace brood::literals;

static std::string verdict(const brood::command& submission, const std::string& wanted) {
  const auto r =
      brood::try_run(submission, {.input = "6 7\n",
                                  .capture_output = true,
                                  .max_output = 64_KiB,
                                  .timeout = 5s,
                                  .stop = {{9, {}}},
                                  .contain = brood::containment::sealed,
                                  .limits = {.cpu_time = 1s, .open_files = 32, .core = 0}});
  if (!r && r.error().kind() == brood::error_kind::timed_out) return "takes too long";
  if (!r) return r.error().what();
  switch (r->reason) {
    case brood::reason::cpu_limit:
      return "uses too much CPU time";
    case brood::reason::output_limit:
      return "writes too much";
    default:
      break;
  }
  if (!r->success()) return r->status.to_string();
  return r->out == wanted ? "right" : "wrong";
}

int main() {
  struct {
    const char* program;
    const char* expected;
  } const submissions[] = {
      {"read a b; echo $((a * b))", "right"},
      {"echo 41", "wrong"},
      {"exit 3", "exit status 3"},
      {"kill -ABRT $$", "killed by SIGABRT"},
      {"sleep 60 & sleep 60", "takes too long"},
      {"while :; do :; done", "uses too much CPU time"},
      {"yes", "writes too much"},
  };
  int surprises = 0;
  for (const auto& s : submissions) {
    const std::string v = verdict(brood::shell(s.program), "42\n");
    std::printf("%-28s %s\n", s.program, v.c_str());
    if (v != s.expected) ++surprises;
  }
  return surprises;
}
