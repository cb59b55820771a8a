// Describes a command and its settings without starting anything.
// SPDX-License-Identifier: Apache-2.0
#include "dry_run.hpp"

#include <unistd.h>

#include <string_view>

#include <brood/shlex.hpp>
#include <brood/status.hpp>

#include "io.hpp"
#include "report.hpp"

namespace cli {

namespace {

void add(std::string& page, std::string_view name, std::string_view value) {
  std::string line = "  " + std::string(name);
  if (!value.empty()) line.append(" ").append(value);
  page += shown_on(STDOUT_FILENO, line) + "\n";
}

std::string ladder(const brood::options& o) {
  std::string text;
  for (const brood::stop_step& step : o.stop) {
    if (!text.empty()) text += ", ";
    text += brood::signal_name(step.signal);
    if (step.grace.given()) text += ", " + to_text(step.grace);
  }
  return text;
}

}  // namespace

std::string describe(const brood::command& cmd, const settings& s) {
  std::string page = shown_on(STDOUT_FILENO, cmd.to_string()) + "\n";
  for (const auto& [name, value] : s.given) {
    if (name == "contain" || name == "stop") continue;  // added below, whether given or not
    add(page, name, value.empty() ? "" : brood::shlex::quote(value));
  }
  if (s.append) add(page, "append", "");
  if (s.merge) add(page, "merge", "");
  if (!s.tee.empty()) add(page, "tee", brood::shlex::quote(s.tee));
  if (s.quiet_ok) add(page, "quiet-ok", "");
  if (s.json) add(page, "json", "");
  if (s.init) add(page, "init", "");
  add(page, "contain", brood::to_string(s.options.contain));
  add(page, "stop", ladder(s.options));
  return page;
}

}  // namespace cli
