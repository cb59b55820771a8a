// A test that runs once under each level of containment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <gtest/gtest.h>

#include <brood/status.hpp>

#include "support/clean.hpp"

namespace support {

class level_test : public os_test, public ::testing::WithParamInterface<brood::containment> {};

inline auto all_levels() {
  using brood::containment;
  return ::testing::Values(containment::process, containment::group, containment::tree,
                           containment::sealed);
}

inline std::string level_name(const ::testing::TestParamInfo<brood::containment>& info) {
  return std::string(brood::to_string(info.param));
}

}  // namespace support
