// The way from a public process to its state, for the layers above.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <brood/process.hpp>

#include "process/impl.hpp"

namespace brood {

struct process_access {
  static process wrap(std::unique_ptr<process::impl> i) { return process(i.release()); }
  static process::impl& of(process& p) { return *p.impl_; }
  static const process::impl& of(const process& p) { return *p.impl_; }
};

}  // namespace brood
