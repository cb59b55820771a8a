// Makes each job's command, and its tag, from its arguments.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <brood/command.hpp>

#include "map/job.hpp"
#include "map/settings.hpp"
#include "map/template.hpp"

namespace cli {

class command_template {
 public:
  /// Errors: failure.
  command_template(const std::vector<std::string>& words, const map_settings& s,
                   const template_options& o);

  brood::command command_for(const map_job& job) const;
  /// The command as a person would type it.
  std::string text_for(const map_job& job) const;
  /// The text before each line of the job's output (--tag).
  std::string tag_for(const map_job& job) const;
  /// Fills the replacement strings of a path.
  std::string fill(const std::vector<piece>& pieces, const map_job& job) const;

  /// True if all jobs run the same program: if that cannot be started once, it never can.
  bool same_program() const { return words_ && words_->fixed_program(); }
  arg_size argument_budget() const {
    return words_ ? words_->argument_budget() : shell_->argument_budget();
  }

 private:
  std::optional<word_template> words_;
  std::optional<shell_template> shell_;
  bool tag_ = false;
  bool for_terminal_ = false;  // tags are shown on one
  std::optional<std::vector<piece>> tag_pieces_;
};

}  // namespace cli
