// Walks up from the working directory, as git does, but never into the home directory.
// SPDX-License-Identifier: Apache-2.0
#include "journal/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "journal/error.hpp"

namespace journal {

std::string working_directory() {
  const std::unique_ptr<char, void (*)(void*)> cwd(::getcwd(nullptr, 0), std::free);
  if (!cwd) throw error{std::string("cannot find the working directory: ") + std::strerror(errno)};
  return cwd.get();
}

namespace {

constexpr mode_t others_may_write = S_IWGRP | S_IWOTH;

bool is_ours(const struct stat& about) {
  return about.st_uid == ::geteuid() && (about.st_mode & others_may_write) == 0;
}

/// A folder, or a link that pretends to be one: open_ours() says what is wrong with that.
bool is_there(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && (S_ISDIR(about.st_mode) || S_ISLNK(about.st_mode));
}

bool is_there_and_ours(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) && is_ours(about);
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
  if (is_there(in(directory))) return in(directory);
  const char* home = std::getenv("HOME");
  while (directory != "/" && !is_same(directory, home)) {
    const std::size_t slash = directory.rfind('/');
    directory.resize(slash == 0 ? 1 : slash);
    if (is_same(directory, home)) break;
    // Not another user's: a folder in /tmp, say, would tell its owner what we run.
    if (is_there_and_ours(in(directory))) return in(directory);
  }
  return {};
}

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw unavailable{"the folder of the journal, '" + path + "', " + why};
}

/// Why what is not ours is not to be written to.
std::string fault_of(const struct stat& about) {
  if (S_ISLNK(about.st_mode)) return "is a link, which is not followed";
  if (about.st_uid != ::geteuid()) {
    return "belongs to another user (" + std::to_string(about.st_uid) + ")";
  }
  std::array<char, 8> mode;
  std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(about.st_mode & 07777U));
  return std::string("may be written to by others (mode ") + mode.data() +
         "): 'chmod go-w' closes it";
}

/// What others have put into a folder stays when the folder is closed to them.
void refuse_planted(const folder& where) {
  for (const std::string name :
       {"journal.db", "journal.db-wal", "journal.db-shm", "lock", "output"}) {
    struct stat about {};
    if (::fstatat(where.descriptor(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(about.st_mode) || !is_ours(about)) {
      refuse(where.path(), "has '" + name + "', which " + fault_of(about));
    }
  }
}

constexpr int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

}  // namespace

std::string find_folder() { return find_from(working_directory()); }

std::string folder_to_use() {
  const std::string cwd = working_directory();
  const std::string found = find_from(cwd);
  return found.empty() ? in(cwd) : found;
}

folder::folder(std::string path, int descriptor)
    : path_(std::move(path)), held_(new int(descriptor), [](const int* held) {
        ::close(*held);
        delete held;
      }) {
  struct stat about {};
  if (::fstat(*held_, &about) != 0) return;
  owner_ = about.st_uid;
  ours_ = journal::is_ours(about);
}

folder folder::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), how);
  if (descriptor < 0) {
    throw error{"cannot read the journal '" + path + "/" + database_name +
                "': " + std::strerror(errno)};
  }
  return {path, descriptor};
}

folder folder::open_ours(const std::string& path) {
  const int descriptor = ::open(path.c_str(), how | O_NOFOLLOW);
  if (descriptor < 0) {
    const int error = errno;
    struct stat about {};
    if (::lstat(path.c_str(), &about) == 0) {
      const bool stranger = S_ISDIR(about.st_mode) && !journal::is_ours(about);
      if (S_ISLNK(about.st_mode) || stranger) refuse(path, fault_of(about));
    }
    refuse(path, std::string("cannot be used: ") + std::strerror(error));
  }
  folder opened(path, descriptor);
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) refuse(path, std::strerror(errno));
  if (!opened.ours_) refuse(path, fault_of(about));
  refuse_planted(opened);
  return opened;
}

folder folder::make(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    refuse(path, std::string("cannot be made: ") + std::strerror(errno));
  }
  folder made = open_ours(path);
  if (::faccessat(made.descriptor(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    refuse(path, std::string("cannot be written to: ") + std::strerror(errno));
  }
  const int ignore = made.open_file(".gitignore", O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (ignore < 0 && errno == EEXIST) return made;
  const bool written = ignore >= 0 && ::write(ignore, "*\n", 2) == 2;
  const int error = errno;
  if (ignore >= 0) ::close(ignore);
  if (!written) refuse(path, std::string("cannot be written to: ") + std::strerror(error));
  return made;
}

int folder::open_file(const std::string& name, int flags, unsigned mode) const {
  return ::openat(descriptor(), name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
}

}  // namespace journal
