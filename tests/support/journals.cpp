// Makes folders below TMPDIR, and removes them by the tree.
// SPDX-License-Identifier: Apache-2.0
#include "support/journals.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace support {

temp_folder::temp_folder() {
  std::string name = std::filesystem::temp_directory_path() / "brood-journal-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}

temp_folder::~temp_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace support
