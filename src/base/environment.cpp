// Computing a child's environment from its parent's and the changes.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <brood/environment.hpp>

namespace brood {

namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

void drop(std::vector<std::string>& block, std::string_view name) {
  std::erase_if(block, [&](const std::string& e) { return name_of(e) == name; });
}

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
  std::vector<std::string> result;
  for (; parent && *parent; ++parent) {
    const std::string_view entry = *parent;
    if (entry.find('=') == entry.npos) continue;
    const bool wanted = start_ == start::inherit ||
                        std::find(passed_.begin(), passed_.end(), name_of(entry)) != passed_.end();
    if (wanted) result.emplace_back(entry);
  }
  for (const change& c : changes_) {
    drop(result, c.name);
    if (!c.removed) result.push_back(c.name + "=" + c.value);
  }
  return result;
}

}  // namespace brood
