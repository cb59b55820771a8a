// Reads the flags of both runs, and compares those that say how stdin is cut.
// SPDX-License-Identifier: Apache-2.0
#include "map/blocks_changed.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "exit.hpp"
#include "map/settings.hpp"

namespace cli {

namespace {

/// As it is given: 1M.
std::string spell_size(std::uint64_t bytes) {
  for (const auto& [shift, suffix] : {std::pair{30, "G"}, {20, "M"}, {10, "K"}}) {
    if (bytes % (std::uint64_t{1} << shift) == 0) return std::to_string(bytes >> shift) + suffix;
  }
  return std::to_string(bytes);
}

map_settings read_settings(std::vector<std::string> argv) {
  std::vector<char*> words;
  for (std::string& w : argv) words.push_back(w.data());
  map_settings s;
  constexpr std::size_t brood_map = 2;
  if (words.size() > brood_map) read_flags(map_flags(), std::span(words).subspan(brood_map), s);
  return s;
}

std::string changes(const map_settings& before, const map_settings& now) {
  std::string text;
  const auto compare = [&text](const char* flag, const std::string& was, const std::string& is) {
    if (was == is) return;
    text += (text.empty() ? "" : ", ") + std::string(flag) + " changed from " + was + " to " + is;
  };
  const auto records = [](const map_settings& s) {
    return s.max_args == 0 ? "none" : std::to_string(s.max_args);
  };
  const auto quoted = [](const std::optional<std::string>& t) {
    return t ? "'" + *t + "'" : "none";
  };
  compare("--block", spell_size(before.block), spell_size(now.block));
  compare("-n", records(before), records(now));
  compare("--recstart", quoted(before.record_start), quoted(now.record_start));
  compare("--recend", quoted(before.record_end), quoted(now.record_end));
  return text;
}

}  // namespace

std::string blocks_changed(const std::vector<std::string>& before,
                           const std::vector<std::string>& now) {
  try {
    return changes(read_settings(before), read_settings(now));
  } catch (const failure&) {
    return {};  // of another version of brood
  }
}

}  // namespace cli
