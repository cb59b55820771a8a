// The state behind brood::process: an execution, and its streams while the caller uses them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <memory>
#include <optional>
#include <string>

#include <brood/process.hpp>

#include "process/block.hpp"
#include "process/execution.hpp"

namespace brood {

struct process::impl {
  explicit impl(std::unique_ptr<detail::execution> started);
  ~impl();
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  /// All that the caller has not read, or not closed, goes to the pump.
  void hand_over(std::optional<std::string> more);
  /// The output alone, for its callbacks: stdin stays the caller's.
  void hand_over_output();
  /// options::input, also where nobody collects the output.
  void feed_input();
  /// block(); an exception of a callback stops the command first.
  bool carry_on(detail::goal g, detail::deadline limit);
  exit_status stop(const detail::ladder_steps& steps);

  std::unique_ptr<detail::execution> e;
  pipe_writer in;
  pipe_reader out;
  pipe_reader err;
  bool in_piped = false;  // the caller may use it
  bool out_piped = false;
  bool err_piped = false;
  bool handed_over = false;

 private:
  void hand_over(detail::sys::fd to_stdin, std::optional<std::string> more);
};

struct process_access {
  static process wrap(std::unique_ptr<detail::execution> e) {
    return process(new process::impl(std::move(e)));
  }
};

}  // namespace brood
