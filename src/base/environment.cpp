// Computing a child's environment from its parent's and the changes.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <unordered_map>

#include <brood/environment.hpp>

namespace brood {

namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// The entries in the order in which their names first came, each name once.
class builder {
 public:
  void add(std::string_view name, std::string entry) {
    if (at_.emplace(name, entries_.size()).second) entries_.push_back(std::move(entry));
  }
  void remove(std::string_view name) {
    const auto found = at_.find(name);
    if (found == at_.end()) return;
    entries_[found->second].clear();
    at_.erase(found);
  }
  std::vector<std::string> finish() && {
    std::erase(entries_, std::string());
    return std::move(entries_);
  }

 private:
  std::vector<std::string> entries_;                      // empty: removed
  std::unordered_map<std::string_view, std::size_t> at_;  // names are the caller's to keep
};

}  // namespace

environment environment::only(std::vector<std::string> names) {
  environment e = empty();
  e.passed_ = std::move(names);
  return e;
}

environment& environment::set(std::string_view name, std::string_view value) & {
  changes_.push_back({std::string(name), std::string(value), false});
  return *this;
}

environment& environment::unset(std::string_view name) & {
  changes_.push_back({std::string(name), {}, true});
  return *this;
}

environment& environment::pass(std::string_view name) & {
  passed_.emplace_back(name);
  return *this;
}

std::vector<std::string> environment::block(const char* const* parent) const {
  builder b;
  for (; parent && *parent; ++parent) {
    const std::string_view entry = *parent;
    const std::string_view name = name_of(entry);
    if (name.empty() || name.size() == entry.size()) continue;
    const bool wanted = start_ == start::inherit ||
                        std::find(passed_.begin(), passed_.end(), name) != passed_.end();
    // Of doubles the first stays: it is the one that getenv(3) sees.
    if (wanted) b.add(name, std::string(entry));
  }
  for (const change& c : changes_) {
    b.remove(c.name);
    if (!c.removed) b.add(c.name, c.name + "=" + c.value);
  }
  return std::move(b).finish();
}

}  // namespace brood
