// Signals by number, and the signal mask.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "sys/call.hpp"
#include "sys/reap.hpp"

namespace brood::detail::sys {

static_assert(sizeof(sigset_t) <= 16 * sizeof(unsigned long));

signals_blocked::signals_blocked() noexcept {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::memcpy(saved_, &before, sizeof before);
}

signals_blocked::~signals_blocked() {
  sigset_t before;
  std::memcpy(&before, saved_, sizeof before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace brood::detail::sys
