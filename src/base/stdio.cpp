// Making stream targets.
// SPDX-License-Identifier: Apache-2.0
#include <brood/stdio.hpp>

namespace brood {

namespace {

// stdio takes a target for the kind of the same number.
constexpr bool same(stdio_target t, stdio::kind k) {
  return static_cast<unsigned char>(t) == static_cast<unsigned char>(k);
}
static_assert(same(stdio_target::inherit, stdio::kind::inherit));
static_assert(same(stdio_target::pipe, stdio::kind::pipe));
static_assert(same(stdio_target::devnull, stdio::kind::devnull));
static_assert(same(stdio_target::merge_stdout, stdio::kind::merge_stdout));

}  // namespace

stdio file(std::string path, std::string_view mode) {
  stdio s(stdio::kind::file);
  s.path_ = std::move(path);
  s.mode_ = mode;
  return s;
}

stdio fd(int number) {
  stdio s(stdio::kind::descriptor);
  s.descriptor_ = number;
  return s;
}

stdio tee(std::initializer_list<stdio> targets) { return tee(std::vector<stdio>(targets)); }

stdio tee(std::vector<stdio> targets) {
  stdio s(stdio::kind::tee);
  s.targets_ = std::move(targets);
  return s;
}

}  // namespace brood
