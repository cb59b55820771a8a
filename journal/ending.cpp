// Words for how an attempt ended: the reason that it was stopped for, otherwise its status.
// SPDX-License-Identifier: Apache-2.0
#include "journal/ending.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <brood/status.hpp>

namespace journal {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> causes{{
    {"timed_out", "timed out"},
    {"idle_timed_out", "no output for too long"},
    {"cpu_limit", "used up its CPU time"},
    {"memory_limit", "ran into its memory limit"},
    {"output_limit", "wrote too much output"},
    {"file_size_limit", "wrote too large a file"},
    {"cancelled", "was stopped"},
}};

}  // namespace

attempt_state state_of(const attempt& a, run_state run) {
  using state = attempt_state;
  if (!a.ended) return run == run_state::running ? state::running : state::unfinished;
  if (a.success) return state::succeeded;
  return a.reason == "cancelled" ? state::stopped : state::failed;
}

std::string_view to_text(attempt_state state) {
  constexpr std::array<std::string_view, 5> names{"succeeded", "failed", "stopped", "running",
                                                  "unfinished"};
  return names[static_cast<std::size_t>(state)];
}

std::string describe_end(const attempt& a, run_state run) {
  if (!a.ended) return run == run_state::running ? "is running" : "not finished";
  if (a.success) return "succeeded";
  if (a.pid == 0) return "could not be started" + (a.error.empty() ? "" : ": " + a.error);
  for (const auto& [reason, words] : causes) {
    if (reason == a.reason) return std::string(words);
  }
  std::string text;
  if (a.signal) {
    text = "killed by " + std::string(brood::signal_name(*a.signal));
  } else if (a.exit_code) {
    text = "exit status " + std::to_string(*a.exit_code);
  } else {
    text = a.reason;
  }
  if (!a.error.empty()) text += ": " + a.error;
  return text;
}

}  // namespace journal
