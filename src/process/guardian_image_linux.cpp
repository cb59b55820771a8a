// The embedded guardian as a memory file.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "process/guardian_image.hpp"
#include "sys/fd.hpp"

extern "C" {
extern const char brood_guardian_image[];
extern const char brood_guardian_image_end[];
}

namespace brood::detail {

int guardian_file() noexcept {
  sys::fd file(sys::make_memory_file("brood-guardian"));
  if (!file) return file.release();
  const auto size = static_cast<std::size_t>(brood_guardian_image_end - brood_guardian_image);
  const int r = sys::write_all(file.get(), brood_guardian_image, size);
  return r < 0 ? r : file.release();
}

const char* guardian_path() noexcept { return BROOD_GUARDIAN_PATH; }

}  // namespace brood::detail
