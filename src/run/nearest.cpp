// The name that was probably meant by one that nobody has.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>

#include <brood/option_table.hpp>

namespace brood {

namespace {

constexpr std::size_t longest = 40;  // names are shorter; a longer word is no typing error of one

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(char a, char b) { return lower(a) == lower(b); }

// Letters added, left out, replaced, or exchanged with the next one; capitals do not count.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};  // one for each letter of a, in turn
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

bool begins(std::string_view name, std::string_view word) {
  return name.size() > word.size() && std::equal(word.begin(), word.end(), name.begin(), same);
}

// The only name that the word begins.
std::string_view completed(std::string_view word, std::span<const std::string_view> names) {
  std::string_view found;
  for (const std::string_view name : names) {
    if (!begins(name, word)) continue;
    if (!found.empty()) return {};
    found = name;
  }
  return found;
}

}  // namespace

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names) {
  if (word.size() < 2 || word.size() > longest) return {};
  std::string_view nearest;
  std::size_t least = longest;
  for (const std::string_view name : names) {
    if (name.size() < 2 || name.size() > longest) continue;
    // A third of the letters: beyond that most words are near something.
    const std::size_t most = std::max<std::size_t>(1, std::max(word.size(), name.size()) / 3);
    const std::size_t d = distance(word, name);
    const bool better =
        d < least || (d == least && same(word[0], name[0]) && !same(word[0], nearest[0]));
    if (d > most || !better) continue;
    nearest = name;
    least = d;
  }
  constexpr std::size_t shortest_beginning = 3;
  if (nearest.empty() && word.size() >= shortest_beginning) return completed(word, names);
  return nearest;
}

}  // namespace brood
