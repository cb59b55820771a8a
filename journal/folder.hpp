// The folder .brood of a project: where it is, how it is made, and whether it can be trusted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace journal {

/// An absolute path. Errors: journal::error.
std::string working_directory();

/// The path of the folder that belongs to the working directory: its own `.brood`, otherwise the
/// nearest one in a parent directory that is ours. The search ends below the home directory. "":
/// there is none.
std::string find_folder();

/// The same path; if there is none, the `.brood` of the working directory, which is not made here.
std::string folder_to_use();

/// A `.brood` that is held open. What is in it is opened relative to it and never through a link,
/// so nobody can put something else in its place. A copy holds the same folder.
class folder {
 public:
  /// One that was named, whoever it belongs to: for reading. Errors: journal::error.
  static folder open(const std::string& path);
  /// One that was found, which has to be ours, with what is in it: this user owns it, nobody else
  /// may write to it, and it is no link. Otherwise others could read there what we run, or let us
  /// overwrite our own files. Errors: unavailable.
  static folder open_ours(const std::string& path);
  /// The same; made if there is none: closed to other users, with a `.gitignore` of everything.
  static folder make(const std::string& path);

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  int descriptor() const { return *held_; }
  unsigned owner() const { return owner_; }
  bool is_ours() const { return ours_; }

  /// Opens a file in it as openat(2) does; never through a link, and without waiting for the other
  /// end of a pipe. \return a descriptor, or -1 with errno set.
  int open_file(const std::string& name, int flags, unsigned mode = 0) const;
  /// A path that leads to `name` by way of the descriptor; path_of(name) where /proc is missing.
  std::string held_path_of(const std::string& name) const;

 private:
  folder(std::string path, int descriptor);

  std::string path_;
  std::shared_ptr<const int> held_;
  unsigned owner_ = 0;
  bool ours_ = false;
};

/// The name of the database in the folder.
inline constexpr const char* database_name = "journal.db";

}  // namespace journal
