// The child's environment, as changes to the caller's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brood {

/// Where the child's environment starts from, and what is changed in it. The caller's own
/// environment is read once, when the command is started, and never written.
///
/// Names and values are bytes; a name that is empty or has '=' or NUL in it, and a value with NUL,
/// are usage errors of the call that starts the command. The last change of a name wins.
class environment {
 public:
  environment() noexcept = default;  ///< as inherit()

  static environment inherit() { return {}; }
  static environment empty() { return environment(start::empty); }
  /// Only these variables of the caller's, where it has them.
  static environment only(std::vector<std::string> names);

  environment& set(std::string_view name, std::string_view value) &;
  environment&& set(std::string_view name, std::string_view value) && {
    return std::move(set(name, value));
  }
  environment& unset(std::string_view name) &;
  environment&& unset(std::string_view name) && { return std::move(unset(name)); }
  /// Pass these variables of the caller's on as well: for empty() and only().
  environment& pass(std::string_view name) &;
  environment&& pass(std::string_view name) && { return std::move(pass(name)); }

  /// True when the child simply gets the caller's environment.
  bool is_inherited() const noexcept { return start_ == start::inherit && changes_.empty(); }
  /// The NAME=value block that results from `parent`, a null-terminated array like environ(7).
  std::vector<std::string> block(const char* const* parent) const;

  struct change {
    std::string name;
    std::string value;
    bool removed = false;
  };
  const std::vector<change>& changes() const noexcept { return changes_; }
  const std::vector<std::string>& passed() const noexcept { return passed_; }
  bool starts_empty() const noexcept { return start_ == start::empty; }

 private:
  enum class start : unsigned char { inherit, empty };
  explicit environment(start s) noexcept : start_(s) {}

  start start_ = start::inherit;
  std::vector<std::string> passed_;  // looked up in the caller's environment, for start::empty
  std::vector<change> changes_;
};

}  // namespace brood
