// Keeping pthread_cancel(3) out of a call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

namespace brood::detail::sys {

/// While it lives, a cancellation of this thread stays pending. Waits and reads are cancellation
/// points, and unwinding from within one, through functions that are noexcept, ends the program.
class no_cancellation {
 public:
  no_cancellation() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  no_cancellation(const no_cancellation&) = delete;
  no_cancellation& operator=(const no_cancellation&) = delete;
  ~no_cancellation() { ::pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = 0;
};

}  // namespace brood::detail::sys
