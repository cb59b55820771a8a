// Setting a locale with a decimal comma, made by localedef(1) if this host has none.
// SPDX-License-Identifier: Apache-2.0
#include "support/comma_locale.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <clocale>

#include <brood/run.hpp>

#include "support/files.hpp"

namespace support {

namespace {

constexpr const char* source =
    "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n";

}  // namespace

comma_locale::comma_locale() : before_(std::setlocale(LC_ALL, nullptr)) {
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", "fr_FR"}) {
    in_force_ = in_force_ || std::setlocale(LC_NUMERIC, name) != nullptr;
  }
  in_force_ = in_force_ || make();
  // musl takes any name, and has the point in all of them.
  in_force_ = in_force_ && std::localeconv()->decimal_point == std::string(",");
}

comma_locale::~comma_locale() { std::setlocale(LC_ALL, before_.c_str()); }

bool comma_locale::make() {
  std::string folder = "/tmp/brood-locale-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return false;
  write_file(folder + "/source", source);
  // It warns of the categories that are not there, and makes the rest under -c.
  (void)brood::try_run(
      {"localedef", "-c", "-f", "UTF-8", "-i", folder + "/source", folder + "/comma"},
      {.out = brood::DEVNULL, .err = brood::DEVNULL, .timeout = patience});
  const char* const path = ::getenv("LOCPATH");
  const std::string path_before = path != nullptr ? path : "";
  ::setenv("LOCPATH", folder.c_str(), 1);
  const bool made = std::setlocale(LC_NUMERIC, "comma") != nullptr;
  path != nullptr ? ::setenv("LOCPATH", path_before.c_str(), 1) : ::unsetenv("LOCPATH");
  (void)brood::try_run({"rm", "-rf", folder}, {.timeout = patience});
  return made;
}

}  // namespace support
