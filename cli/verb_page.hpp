// A verb's help page, from which its manual page and the completions are made as well.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Declared only: every file that includes CLI11 constructs its validators at each start of the
// tool.
namespace CLI {
class App;
}

namespace cli {

/// A call, a status or a variable, and what it does.
struct page_row {
  std::string_view what;
  std::string_view does;
};

/// What a page says beside its options.
struct page_text {
  std::span<const page_row> examples;
  std::span<const std::string_view> common;  ///< options of the short page, by one name each
  std::span<const page_row> statuses;
  std::span<const page_row> environment;
};

struct verb_page {
  std::string usage;
  std::shared_ptr<CLI::App> app;
  const page_text* text = nullptr;
  std::shared_ptr<void> values{};  ///< what the options write to
};

/// The page of a verb that is not run. `make(settings&)` makes it.
template <class Settings>
verb_page page_alone(verb_page (*make)(Settings&)) {
  const auto unused = std::make_shared<Settings>();
  verb_page page = make(*unused);
  page.values = unused;
  return page;
}

/// An option of a page.
struct page_option {
  std::vector<std::string> names;  ///< with their dashes, short ones first
  std::string value;               ///< its value, such as "FILE"; "" for a switch
  std::string help;
};

struct page_group {
  std::string name;
  std::vector<page_option> options;
};

std::vector<page_group> groups_of(const verb_page& page);

/// `brood VERB --help`: fits a terminal of 24 lines and 80 columns.
std::string short_help(std::string_view name, const verb_page& page);
/// `brood VERB --help-all`.
std::string full_help(const verb_page& page);

/// troff for man(1). `name`: of the verb.
std::string manual_page(std::string_view name, const verb_page& page);
/// The page of the tool as a whole.
std::string manual_page();

/// The script that makes a shell complete the tool's words: "bash", "zsh" or "fish". Errors:
/// failure.
std::string completion_for(std::string_view shell);

/// Writes all manual pages and completions below `folder`, where an installation has them below
/// share. Errors: failure.
void write_pages(const std::string& folder);

}  // namespace cli
