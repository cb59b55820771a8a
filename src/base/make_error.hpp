// The two ways in which errors come about: the system refused, or the caller was wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <brood/error.hpp>

namespace brood::detail {

/// `os` is an errno; its text is the reason unless `detail` is given.
error os_error(error_stage stage, std::string_view subject, int os, std::string_view detail = {});
/// "subject: detail", found before any resource is taken.
error bad_request(std::string_view subject, std::string_view detail);

}  // namespace brood::detail
