// A command that a loop carries from its start to its result.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/process.hpp>
#include <brood/result.hpp>

#include "loop/event_loop.hpp"

namespace brood::detail {

class flight;

/// Who wants to know that a flight is over. Called on the loop's thread; may destroy the flight.
class flight_owner {
 public:
  virtual void landed(flight& f) = 0;

 protected:
  ~flight_owner() = default;
};

/// What finish() does for one command, as a task among others: feeds, drains, enforces limits,
/// stops. For the loop's thread alone.
class flight final : public loop_task {
 public:
  flight(event_loop& loop, process p, flight_owner& owner);
  ~flight() override;

  /// Begin to be carried on. May land at once.
  void start();
  void proceed() override;
  /// Start the ladder; asked again, straight to SIGKILL.
  void stop(reason why);
  /// Nobody wants the output any more: stop, call no callback, and tell `heir` when it is over.
  void disown(flight_owner& heir);

  process& of() noexcept { return process_; }
  /// Once it has landed: the result, or what a callback threw.
  expected<completed_process, error> result();
  /// Once it has landed: somebody or something stopped it.
  bool stopping() const;
  /// Once it has landed: it was ended for its own limits, not asked to.
  bool stopped_for_a_limit() const;
  std::exception_ptr thrown() const noexcept { return thrown_; }

 private:
  void carry_on(bool news);
  void give_up(std::exception_ptr why);

  event_loop& loop_;
  process process_;
  flight_owner* owner_;
  std::exception_ptr thrown_;
  std::vector<sys::wait_item> items_;
};

}  // namespace brood::detail
