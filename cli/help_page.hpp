// The look of a verb's help page: CLI11's formatter, but 80 columns wide, with our usage line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "verb_page.hpp"

namespace cli {

class help_page : public CLI::Formatter {
 public:
  explicit help_page(std::string usage) : usage_(std::move(usage)) {}

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::string page = "Usage: " + usage_ + "\n" + app->get_description() + "\n";
    for (const std::string& group : app->get_groups()) {
      if (group.empty()) continue;  // positional words: the usage line names them
      const auto in_group = [&group](const CLI::Option* o) { return o->get_group() == group; };
      const auto members = app->get_options(in_group);
      if (!members.empty()) page += make_group(group, false, members);
    }
    return page + "\n" + app->get_footer() + "\n";
  }

  std::string make_option(const CLI::Option* option, bool) const override {
    std::string names = option->get_name(false, true);
    for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 1)) {
      names.insert(at + 1, " ");
    }
    // An option without a short name is aligned with the long names.
    std::string line = names.starts_with("--") ? "      " + names : "  " + names;
    if (!option->get_type_name().empty()) line += " " + option->get_type_name();
    return line + wrapped(option->get_description(), line.size());
  }

 private:
  static std::string wrapped(std::string_view text, std::size_t used) {
    constexpr std::size_t indent = 32;
    constexpr std::size_t width = 80;
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

  std::string usage_;
};

inline verb_page make_page(std::string usage, const std::string& description) {
  verb_page page{.usage = std::move(usage), .app = std::make_shared<CLI::App>(description)};
  page.app->set_help_flag();
  page.app->formatter(std::make_shared<help_page>(page.usage));
  return page;
}

}  // namespace cli
