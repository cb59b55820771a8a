// Verbs that are clients of a jobserver, and one that counts how many run at once.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "verbs.hpp"

namespace helper {

namespace {

struct ends {
  int reads = -1;
  int writes = -1;
};

// Written apart from the library, and simpler: what it makes is always the last word.
ends jobserver() {
  const char* flags = std::getenv("MAKEFLAGS");
  if (flags == nullptr) fail_usage("no MAKEFLAGS");
  constexpr std::string_view name = "--jobserver-auth=";
  const std::string_view all = flags;
  const std::size_t at = all.rfind(name);
  if (at == all.npos) fail_usage("no jobserver in MAKEFLAGS");
  const std::string auth(all.substr(at + name.size(), all.find(' ', at) - at - name.size()));
  if (auth.starts_with("fifo:")) {
    const int fd = open(auth.c_str() + 5, O_RDWR | O_CLOEXEC);
    if (fd < 0) fail(auth);
    return {fd, fd};
  }
  const std::size_t comma = auth.find(',');
  if (comma == auth.npos) fail_usage(auth);
  return {to_fd(auth.substr(0, comma).c_str()), to_fd(auth.substr(comma + 1).c_str())};
}

std::string taken;

struct tally {
  int now = 0;
  int most = 0;
  int total = 0;
};

tally change(const char* path, int by) {
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || flock(fd, LOCK_EX) != 0) fail(path);
  tally t;
  if (pread(fd, &t, sizeof t, 0) < 0) fail(path);
  t.now += by;
  if (t.now > t.most) t.most = t.now;
  if (by > 0) ++t.total;
  if (by != 0 && pwrite(fd, &t, sizeof t, 0) != sizeof t) fail(path);
  close(fd);
  return t;
}

}  // namespace

void verb_take_tokens(arguments args) {
  const ends server = jobserver();
  for (std::int64_t i = to_integer(args[0]); i > 0; --i) {
    char token = 0;
    if (take(server.reads, &token, 1) == 0) fail_usage("end of the jobserver");
    taken += token;
  }
}

void verb_give_tokens(arguments args) {
  put(jobserver().writes, args.empty() ? taken : std::string(args[0]));
  taken.clear();
}

void verb_no_token(arguments) {
  pollfd entry{jobserver().reads, POLLIN, 0};
  put(STDOUT_FILENO, poll(&entry, 1, 200) == 0 ? "none\n" : "some\n");
}

void verb_gauge(arguments args) {
  const std::int64_t wanted = to_integer(args[1]);
  change(args[0], 1);
  do {
    sleep_until(monotonic_now() + 2'000'000);
  } while (change(args[0], 0).most < wanted);
  change(args[0], -1);
}

void verb_gauged(arguments args) {
  const tally t = change(args[0], 0);
  put(STDOUT_FILENO, std::to_string(t.most) + " of " + std::to_string(t.total) + "\n");
}

}  // namespace helper
