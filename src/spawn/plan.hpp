// From a request to a plan: pure, and the only place that allocates for the child.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <brood/error.hpp>

#include "spawn/plan_view.hpp"
#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// Owns all that its view() points to, and points to nothing that the host may change meanwhile:
/// its environment is copied here, by the thread that makes the plan. Immovable, as the view points
/// into it.
class plan {
 public:
  explicit plan(spawn_spec&& spec);
  plan(const plan&) = delete;
  plan& operator=(const plan&) = delete;

  const plan_view& view() const noexcept { return view_; }
  /// The error a caller gets for what the child reported.
  error explain(const child_error& e) const;

 private:
  void add_moves();
  void add_opens();
  void add_identity();
  void add(op what, int a = 0, int b = 0);
  void add_text(const std::string& text);
  void copy_environment();
  std::string subject_of(const step& s) const;
  error explain_exec(const child_error& e) const;

  spawn_spec spec_;
  std::unique_ptr<char[]> environment_;  // the host's, one NAME=value with its NUL after another
  std::vector<const char*> programs_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
  std::vector<step> steps_;
  plan_view view_{};
};

/// The steps that carry out all `moves` at once, in an order in which none overwrites what another
/// still needs; a cycle parks one descriptor. Two moves to one number: the last one counts.
std::vector<step> order_moves(std::vector<fd_move> moves);

/// The files to try for `program`: itself if it has a slash, else one per directory of `path`.
/// Empty entries of `path`, which by tradition mean the working directory, are passed over.
std::vector<std::string> path_candidates(std::string_view program, std::string_view path);

}  // namespace brood::detail
