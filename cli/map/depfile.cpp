// Reads rules as compilers write them: continued lines, and names with escaped blanks.
// SPDX-License-Identifier: Apache-2.0
#include "map/depfile.hpp"

#include <cstddef>
#include <set>
#include <utility>

namespace cli {

namespace {

class reader {
 public:
  void read(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const char next = i + 1 < text.size() ? text[i + 1] : '\n';
      if (c == '\r' && next == '\n') continue;
      if (c == '\\' && (next == '\n' || next == '\r')) {
        end_name();
        i += text.substr(i + 1, 2) == "\r\n" ? 2 : 1;
      } else if ((c == '\\' && (next == ' ' || next == '#' || next == ':')) ||
                 (c == '$' && next == '$')) {
        name_ += next;
        ++i;
      } else if (c == '#') {
        while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
      } else if (c == ':' && in_targets_) {
        name_.clear();  // a target is no prerequisite
        in_targets_ = false;
      } else if (c == ' ' || c == '\t') {
        end_name();
      } else if (c == '\n') {
        end_name();
        in_targets_ = true;
      } else {
        name_ += c;
      }
    }
    end_name();
  }

  std::vector<std::string> take() { return std::move(names_); }

 private:
  void end_name() {
    if (!name_.empty() && !in_targets_ && known_.insert(name_).second) names_.push_back(name_);
    name_.clear();
  }

  bool in_targets_ = true;
  std::string name_;
  std::set<std::string> known_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> parse_depfile(std::string_view text) {
  reader r;
  r.read(text);
  return r.take();
}

}  // namespace cli
