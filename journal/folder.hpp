// The folder .brood of a project: where it is, and how it is made.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace journal {

/// An absolute path. Errors: journal::error.
std::string working_directory();

/// The folder that belongs to the working directory: its own `.brood`, otherwise the nearest one in
/// a parent directory that this user owns. The search ends below the home directory. "": there is
/// none.
std::string find_folder();

/// The same folder; if there is none, the `.brood` of the working directory, which is not made
/// here.
std::string folder_to_use();

/// Makes the folder if it does not exist: closed to other users, with a `.gitignore` of everything.
/// Errors: journal::error.
void make_folder(const std::string& folder);

/// The path of the database in the folder.
inline std::string database_path(const std::string& folder) { return folder + "/journal.db"; }

}  // namespace journal
