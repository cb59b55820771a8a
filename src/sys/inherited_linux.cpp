// Looking at what a child inherits.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "sys/accounts.hpp"
#include "sys/fd.hpp"
#include "sys/inherited.hpp"

namespace brood::detail::sys {

namespace {

// "Umask:\t0022", "SigIgn:\t0000000000001000", among other lines (proc_pid_status(5)).
std::uint64_t number_after(std::string_view text, std::string_view name, int base) {
  std::uint64_t number = 0;
  const std::size_t at = text.find(name);
  if (at == text.npos) return number;
  const char* const first = text.data() + at + name.size();
  (void)std::from_chars(first, text.data() + text.size(), number, base);
  return number;
}

void look_at_status(inherited& now) {
  const fd file(open_file("/proc/thread-self/status", O_RDONLY, 0));
  char text[4096];
  const ssize_t n = file ? read_some(file.get(), text, sizeof text) : 0;
  const std::string_view status(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  now.umask = static_cast<unsigned>(number_after(status, "\nUmask:\t", 8));
  now.ignored = number_after(status, "\nSigIgn:\t", 16);
}

}  // namespace

inherited look_at_inherited() {
  inherited now;
  struct stat here {};
  if (::stat(".", &here) == 0) {
    now.directory[0] = here.st_dev;
    now.directory[1] = here.st_ino;
  }
  now.ids = own_groups();
  unsigned own[6] = {};
  (void)::getresuid(&own[0], &own[1], &own[2]);
  (void)::getresgid(&own[3], &own[4], &own[5]);
  now.ids.insert(now.ids.begin(), std::begin(own), std::end(own));
  for (const auto resource : {RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE,
                              RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_STACK}) {
    rlimit l{};
    (void)::getrlimit(resource, &l);
    now.limits.insert(now.limits.end(), {l.rlim_cur, l.rlim_max});
  }
  now.nice = own_nice();
  look_at_status(now);
  return now;
}

}  // namespace brood::detail::sys
