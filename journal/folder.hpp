// The folder .brood of a project: where it is, and how it is made.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace journal {

/// Absolute. Errors: journal::error.
std::string working_directory();

/// The folder that belongs to the working directory: its own `.brood`, else the nearest one of a
/// parent that this user owns, up to the home directory, which is left out; "" if there is none.
std::string find_folder();

/// The same; `.brood` of the working directory where there is none yet. Not made yet.
std::string folder_to_use();

/// Makes the folder, closed to others and with a `.gitignore` of everything, if it does not exist.
/// Errors: journal::error.
void make_folder(const std::string& folder);

/// The path of the journal in it.
inline std::string database_path(const std::string& folder) { return folder + "/journal.db"; }

}  // namespace journal
