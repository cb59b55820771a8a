// Combines sources: linked ones side by side, the others in all combinations.
// SPDX-License-Identifier: Apache-2.0
#include "map/input.hpp"

#include <poll.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

#include "exit.hpp"

namespace cli {

namespace {

std::string trimmed(const std::string& text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace

void input::add(std::unique_ptr<source> s, bool linked) {
  if (!linked || groups_.empty()) groups_.emplace_back();
  groups_.back().linked.push_back(std::move(s));
}

std::size_t input::sources() const {
  std::size_t n = 0;
  for (const group& g : groups_) n += g.linked.size();
  return n;
}

std::optional<std::uint64_t> input::total() const {
  std::uint64_t product = groups_.empty() ? 0 : 1;
  for (const group& g : groups_) {
    std::uint64_t shortest = UINT64_MAX;
    for (const auto& s : g.linked) {
      const auto n = s->left();
      if (!n) return {};
      shortest = std::min(shortest, *n);
    }
    if (shortest > 0 && product > UINT64_MAX / shortest) return {};
    product *= shortest;
  }
  return product;
}

void input::read_header() {
  for (group& g : groups_) {
    fields names;
    got r = from(g, names);
    while (r == got::wait) {
      pollfd p{waits_for_, POLLIN, 0};
      ::poll(&p, 1, -1);
      r = from(g, names);
    }
    if (r == got::end) throw failure{"map: --header: there is no first line"};
    for (const std::string& n : names) names_.push_back(trimmed(n));
  }
}

got input::from(group& g, fields& to) {
  for (; g.have < g.linked.size(); ++g.have) {
    fields part;
    const got r = g.linked[g.have]->next(part);
    if (r == got::wait) waits_for_ = g.linked[g.have]->waits_for();
    if (r != got::one) return r;
    if (g.partial.empty()) {
      g.partial = std::move(part);
    } else {
      std::move(part.begin(), part.end(), std::back_inserter(g.partial));
    }
  }
  to = std::exchange(g.partial, {});
  g.have = 0;
  return got::one;
}

/// Reads all groups but the first into memory.
got input::load() {
  for (; loaded_ < groups_.size(); ++loaded_) {
    group& g = groups_[loaded_];
    for (;;) {
      fields f;
      const got r = from(g, f);
      if (r == got::wait) return r;
      if (r == got::end) break;
      g.kept.push_back(std::move(f));
    }
    if (g.kept.empty()) return got::end;
  }
  return got::one;
}

/// Goes to the next combination of the groups in memory. False: there is none.
bool input::step() {
  for (std::size_t i = groups_.size() - 1; i > 0; --i) {
    group& g = groups_[i];
    if (++g.at < g.kept.size()) return true;
    g.at = 0;
  }
  return false;
}

got input::next_of_product(fields& to) {
  if (const got r = load(); r != got::one) return r;
  if (!have_first_) {
    const got r = from(groups_[0], first_);
    if (r != got::one) return r;
    have_first_ = true;
  }
  to = first_;
  for (std::size_t i = 1; i < groups_.size(); ++i) {
    const fields& f = groups_[i].kept[groups_[i].at];
    to.insert(to.end(), f.begin(), f.end());
  }
  have_first_ = step();
  return got::one;
}

got input::next_in_order(fields& to) {
  if (groups_.empty()) return got::end;
  return groups_.size() == 1 ? from(groups_[0], to) : next_of_product(to);
}

got input::next(fields& to) {
  if (!shuffled_) return next_in_order(to);
  while (!all_here_) {
    fields f;
    const got r = next_in_order(f);
    if (r == got::wait) return r;
    if (r == got::one) deck_.push_back(std::move(f));
    if (r == got::end) {
      std::shuffle(deck_.begin(), deck_.end(), std::mt19937_64(std::random_device()()));
      all_here_ = true;
    }
  }
  if (deck_.empty()) return got::end;
  to = std::move(deck_.back());
  deck_.pop_back();
  return got::one;
}

}  // namespace cli
