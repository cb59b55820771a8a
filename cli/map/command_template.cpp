// Fills the templates of a batch.
// SPDX-License-Identifier: Apache-2.0
#include "map/command_template.hpp"

#include <unistd.h>

#include "bytes.hpp"

namespace cli {

namespace {

job_facts facts_of(const map_job& job) { return {job.seq, job.slot, &job.args}; }

}  // namespace

command_template::command_template(const std::vector<std::string>& words, const map_settings& s,
                                   const template_options& o)
    : tag_(s.tag), for_terminal_(::isatty(STDOUT_FILENO) == 1 || ::isatty(STDERR_FILENO) == 1) {
  if (s.shell) {
    shell_.emplace(words, o);
  } else {
    words_.emplace(words, o);
  }
  if (s.tag_text) tag_pieces_ = parse_pieces(*s.tag_text, o);
}

brood::command command_template::command_for(const map_job& job) const {
  if (words_) return words_->expand(facts_of(job));
  return brood::shell(shell_->expand(facts_of(job)));
}

std::string command_template::text_for(const map_job& job) const {
  if (shell_) return shell_->expand(facts_of(job));
  return brood::command(words_->expand(facts_of(job))).to_string();
}

std::string command_template::fill(const std::vector<piece>& pieces, const map_job& job) const {
  std::string text;
  for (const piece& p : pieces) {
    if (p.what == piece::kind::text) {
      text += p.text;
      continue;
    }
    bool first = true;
    for (const std::string& v : values_of(p, facts_of(job))) {
      if (!first) text += ' ';
      text += v;
      first = false;
    }
  }
  return text;
}

std::string command_template::tag_for(const map_job& job) const {
  if (!tag_ && !tag_pieces_) return {};
  const std::string tag =
      tag_pieces_ ? fill(*tag_pieces_, job) : fill({piece{.what = piece::kind::all}}, job);
  return (for_terminal_ ? printable(tag) : tag) + "\t";
}

}  // namespace cli
