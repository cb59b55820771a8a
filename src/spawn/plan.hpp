// From a request to a plan: pure, and the only place that allocates for the child.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <brood/error.hpp>

#include "spawn/plan_view.hpp"
#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// Owns what its view() points to, but for the strings that the request borrowed. Immovable, as
/// the view points into it.
class plan {
 public:
  explicit plan(spawn_spec r);
  plan(const plan&) = delete;
  plan& operator=(const plan&) = delete;

  const plan_view& view() const noexcept { return view_; }
  /// The error a caller gets for what the child reported.
  error explain(const child_error& e) const;

 private:
  void add_identity();
  void add(op what, int a = 0);
  std::string subject_of(const step& s) const;
  error explain_exec(const child_error& e) const;

  spawn_spec spec_;
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
