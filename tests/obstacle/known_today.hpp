// The cases of the matrix that are wrong today, and why; each is to go.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

struct known_case {
  const char* obstacle;  // names between spaces, "*" for any; so are the next two
  const char* face;
  const char* ending;
  const char* why;
};

// Why the case is known to be wrong; null: it is not.
const char* known_today(std::string_view obstacle, std::string_view face, std::string_view ending);
