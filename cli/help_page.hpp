// Makes the page of a verb, to which the verb adds its options.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "verb_page.hpp"

namespace cli {

/// \param text  lives as long as the page
inline verb_page make_page(std::string usage, const std::string& description,
                           const page_text& text) {
  verb_page page{
      .usage = std::move(usage), .app = std::make_shared<CLI::App>(description), .text = &text};
  page.app->set_help_flag();
  return page;
}

}  // namespace cli
