// The pages of --help: examples and the usual options on one screen, and everything.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <string>

#include "help_page.hpp"

namespace cli {

namespace {

constexpr std::size_t width = 80;

/// The text from column `indent` on, where `used` columns are taken; wrapped at blanks.
std::string wrapped(std::string_view text, std::size_t used, std::size_t indent) {
  std::string page;
  if (used + 2 > indent) {
    page = "\n";
    used = 0;
  }
  while (!text.empty()) {
    page.append(indent - used, ' ');
    std::size_t end = text.size();
    if (end > width - indent) end = text.rfind(' ', width - indent);
    if (end == std::string_view::npos) end = text.size();
    page.append(text.substr(0, end)).append("\n");
    text.remove_prefix(end == text.size() ? end : end + 1);
    used = 0;
  }
  return page;
}

std::string row(const std::string& left, std::string_view right, std::size_t indent) {
  return left + wrapped(right, left.size(), indent);
}

std::string rows_of(std::string_view title, std::span<const page_row> rows, std::size_t indent) {
  if (rows.empty()) return {};
  std::string page = "\n" + std::string(title) + ":\n";
  for (const page_row& r : rows) page += row("  " + std::string(r.what), r.does, indent);
  return page;
}

/// Wide enough for the longest call.
std::string examples_of(const verb_page& page) {
  std::size_t longest = 0;
  for (const page_row& r : page.text->examples) longest = std::max(longest, r.what.size());
  return rows_of("Examples", page.text->examples, longest + 4);
}

std::string head_of(const verb_page& page) {
  return "Usage: " + page.usage + "\n" + page.app->get_description() + "\n" + examples_of(page);
}

/// "-j, --jobs N". An option without a letter is aligned with the long names.
std::string names_of(const page_option& o, bool all) {
  std::string letters;
  std::string words;
  for (const std::string& name : o.names) {
    std::string& to = name.starts_with("--") ? words : letters;
    if (all || to.empty()) to.append(to.empty() ? "" : ", ").append(name);
  }
  std::string line = letters.empty() ? "      " + words
                     : words.empty() ? "  " + letters
                                     : "  " + letters + ", " + words;
  if (!o.value.empty()) line += " " + o.value;
  return line;
}

/// As much of the text as fits, up to where a clause of it ends.
std::string_view brief(std::string_view help, std::size_t room) {
  if (help.ends_with('.')) help.remove_suffix(1);
  if (help.size() <= room) return help;
  std::size_t end = std::string_view::npos;
  for (const std::string_view mark : {"; ", ": ", ", ", " ("}) {
    const std::size_t at = help.rfind(mark, room);
    if (at != help.npos && (end == help.npos || at > end)) end = at;
  }
  return help.substr(0, end == help.npos ? help.rfind(' ', room) : end);
}

const page_option* find(const std::vector<page_group>& groups, std::string_view name) {
  for (const page_group& group : groups) {
    for (const page_option& o : group.options) {
      if (std::find(o.names.begin(), o.names.end(), name) != o.names.end()) return &o;
    }
  }
  return nullptr;
}

}  // namespace

std::string short_help(std::string_view name, const verb_page& page) {
  constexpr std::size_t indent = 31;
  const std::string verb(name);
  const std::vector<page_group> groups = groups_of(page);
  std::string text = head_of(page) + "\nOptions:\n";
  for (const std::string_view common : page.text->common) {
    const page_option* const o = find(groups, common);
    if (o != nullptr) text += row(names_of(*o, false), brief(o->help, width - indent), indent);
  }
  return text + "\n'brood " + verb + " --help-all' and 'man brood-" + verb + "' have all " +
         "options.\n";
}

std::string full_help(const verb_page& page) {
  constexpr std::size_t indent = 32;
  std::string text = head_of(page);
  for (const page_group& group : groups_of(page)) {
    text += "\n" + group.name + ":\n";
    for (const page_option& o : group.options) text += row(names_of(o, true), o.help, indent);
  }
  text += rows_of("Exit status", page.text->statuses, 14);
  text += rows_of("Environment", page.text->environment, 20);
  return text + "\n" + page.app->get_footer() + "\n";
}

}  // namespace cli
