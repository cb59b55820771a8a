// How errors come about: the system refused, the caller was wrong, or this host cannot do it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <brood/error.hpp>

namespace brood::detail {

/// `os` is an errno; its text is the reason unless `detail` is given.
error os_error(error_stage stage, std::string_view subject, int os, std::string_view detail = {});
/// "subject: detail", found before any resource is taken.
error bad_request(std::string_view subject, std::string_view detail);
/// "subject: detail": an option or a level that cannot be kept on this host, found before anything
/// is started. Thrown as a spawn_error: the call is right, and works elsewhere.
error unsupported(std::string_view subject, std::string_view detail);

}  // namespace brood::detail
