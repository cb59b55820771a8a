// A verb as its help page describes it: also what manual pages and completions are made of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "help_page.hpp"

namespace cli {

struct verb_page {
  std::string usage;
  std::shared_ptr<CLI::App> app;
  std::shared_ptr<void> values{};  ///< what the options write to
};

inline verb_page make_page(std::string usage, const std::string& description) {
  verb_page page{.usage = std::move(usage), .app = std::make_shared<CLI::App>(description)};
  page.app->set_help_flag();
  page.app->formatter(std::make_shared<help_page>(page.usage));
  return page;
}

}  // namespace cli
