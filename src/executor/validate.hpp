// The caller's mistakes, found before any resource is taken.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/options.hpp>

namespace brood::detail {

/// The first mistake in what was asked for; nullopt if there is none. Looks at nothing but its
/// arguments and whether descriptors are open.
std::optional<error> find_mistake(const command& cmd, const options& o);

}  // namespace brood::detail
