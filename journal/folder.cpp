// Walks up from the working directory, as git does, but never into the home directory.
// SPDX-License-Identifier: Apache-2.0
#include "journal/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "journal/error.hpp"

namespace journal {

std::string working_directory() {
  const std::unique_ptr<char, void (*)(void*)> cwd(::getcwd(nullptr, 0), std::free);
  if (!cwd) throw error{std::string("cannot find the working directory: ") + std::strerror(errno)};
  return cwd.get();
}

namespace {

bool is_folder(const std::string& path, bool must_be_ours) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
  return !must_be_ours || info.st_uid == ::geteuid();
}

bool is_same(const std::string& a, const char* b) {
  struct stat first {};
  struct stat second {};
  return b != nullptr && ::stat(a.c_str(), &first) == 0 && ::stat(b, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

std::string in(const std::string& directory) {
  return directory == "/" ? "/.brood" : directory + "/.brood";
}

std::string find_from(std::string directory) {
  if (is_folder(in(directory), false)) return in(directory);
  const char* home = std::getenv("HOME");
  while (directory != "/" && !is_same(directory, home)) {
    const std::size_t slash = directory.rfind('/');
    directory.resize(slash == 0 ? 1 : slash);
    if (is_same(directory, home)) break;
    // Not another user's: a folder in /tmp, say, would tell its owner what we run.
    if (is_folder(in(directory), true)) return in(directory);
  }
  return {};
}

}  // namespace

std::string find_folder() { return find_from(working_directory()); }

std::string folder_to_use() {
  const std::string cwd = working_directory();
  const std::string found = find_from(cwd);
  return found.empty() ? in(cwd) : found;
}

void make_folder(const std::string& folder) {
  const auto refuse = [&folder] {
    throw error{"cannot make the folder of the journal, '" + folder + "': " + std::strerror(errno) +
                "; --no-journal runs without one"};
  };
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST && is_folder(folder, false)) return;
    refuse();
  }
  const int fd = ::open((folder + "/.gitignore").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) refuse();
  const bool written = ::write(fd, "*\n", 2) == 2;
  ::close(fd);
  if (!written) refuse();
}

}  // namespace journal
