// Looking at what a child inherits.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/accounts.hpp"
#include "sys/inherited.hpp"

namespace brood::detail::sys {

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
  for (const int resource : {RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE,
                             RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_STACK}) {
    rlimit l{};
    (void)::getrlimit(static_cast<__rlimit_resource>(resource), &l);
    now.limits.insert(now.limits.end(), {l.rlim_cur, l.rlim_max});
  }
  now.nice = own_nice();
  return now;
}

}  // namespace brood::detail::sys
