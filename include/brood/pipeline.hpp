// Commands whose output is the next one's input, without a shell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/result.hpp>

namespace brood {

/// Which stages decide whether a pipeline ended well.
enum class pipe_rule : unsigned char {
  every_stage,  ///< as `set -o pipefail`, but a stage that died of SIGPIPE because a later one had
                ///< read enough is forgiven
  last_stage,   ///< as a shell without pipefail
};

/// `command{"git", "log"} | command{"grep", "fix"} | command{"wc", "-l"}`: one or more stages.
class pipeline {
 public:
  explicit pipeline(std::vector<command> stages, pipe_rule rule = pipe_rule::every_stage)
      : stages_(std::move(stages)), rule_(rule) {}

  pipeline& add(command next) & {
    stages_.push_back(std::move(next));
    return *this;
  }
  pipeline&& add(command next) && { return std::move(add(std::move(next))); }
  pipeline& judged_by(pipe_rule rule) & noexcept {
    rule_ = rule;
    return *this;
  }
  pipeline&& judged_by(pipe_rule rule) && noexcept { return std::move(judged_by(rule)); }

  const std::vector<command>& stages() const noexcept { return stages_; }
  pipe_rule rule() const noexcept { return rule_; }
  /// Quoted for a POSIX shell, for people to read and to paste.
  std::string to_string() const;

 private:
  std::vector<command> stages_;
  pipe_rule rule_;
};

inline pipeline operator|(command a, command b) { return pipeline({std::move(a), std::move(b)}); }
inline pipeline operator|(pipeline p, command next) { return std::move(p.add(std::move(next))); }

/// The result of a pipeline, when all stages have ended.
struct [[nodiscard]] completed_pipeline {
  std::vector<completed_process> stages;  ///< in order; .err of each where it was collected
  std::string out;                        ///< of the last stage
  /// Of the rightmost stage that ended badly under the rule, else of the last.
  exit_status status;
  brood::reason reason = brood::reason::not_started;  ///< of the same stage
  brood::usage usage;     ///< wall: of the whole; CPU, faults, blocks: sums; max_rss: the largest
  bool complete = true;   ///< all stages are
  bool accepted = false;  ///< by the rule

  std::optional<int> returncode() const noexcept { return status.returncode(); }
  bool success() const noexcept { return accepted; }
};

/// Start all stages, move their bytes, wait for all.
///
/// The options apply to every stage, except that in and input are for the first one, out is for the
/// last one, and timeout is one deadline for all. Each stage has its own err: PIPE and
/// capture_output collect it; STDOUT is refused, as it would go into the next stage's input. If a
/// stage is stopped for a limit, or cannot be started, the others are stopped too. retry is
/// refused.
///
/// \param cancel  from any thread: everything is stopped by the ladder, with reason::cancelled.
/// Errors: as run(); of a start, the error of the first stage that could not be; an error that
///         carries a result carries the deciding stage's, and all of them in error::pipeline().
/// Threads: any, at any time.
completed_pipeline run(const pipeline& p, const options& opts = {}, std::stop_token cancel = {});
expected<completed_pipeline, error> try_run(const pipeline& p, const options& opts = {},
                                            std::stop_token cancel = {});

}  // namespace brood
