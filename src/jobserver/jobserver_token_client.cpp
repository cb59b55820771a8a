// Running a pool's jobs on the slots of somebody else's jobserver.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "jobserver/jobserver_client.hpp"
#include "jobserver/token_source.hpp"
#include "schedule/descriptors.hpp"

namespace brood::detail {

// What a job runs on: a slot that was taken, or the one that we have anyway.
class jobserver_token_client::share final : public job_token {
 public:
  share(jobserver_token_client& g, jobserver_client::slot s) : guest_(g), slot_(std::move(s)) {
    if (!slot_) guest_.first_is_taken_ = true;
  }
  ~share() override {
    if (!slot_) guest_.first_is_taken_ = false;
  }

 private:
  jobserver_token_client& guest_;
  jobserver_client::slot slot_;
};

bool jobserver_token_client::may_start(const load&) {
  if (!first_is_taken_ || next_) return true;
  if (lost_) return false;
  auto slot = client_.try_take(std::chrono::seconds(0));
  lost_ = !slot && slot.error().kind() == error_kind::broken;
  if (slot) next_ = std::move(*slot);
  return static_cast<bool>(next_);
}

// The jobs find it in the environment that they inherit; they need the descriptors named there.
expected<std::unique_ptr<job_token>, error> jobserver_token_client::prepare(options& o) {
  for (const int number : client_.descriptors()) {
    if (!has_number(o, number) && sys::is_open(number) == 0) o.pass_fds.push_back(number);
  }
  std::unique_ptr<job_token> s = std::make_unique<share>(*this, std::move(next_));
  return s;
}

void jobserver_token_client::rebalance(const load& l) {
  if (!l.wanting || lost_) {
    next_.give_back();
    return loop_.forget(*this);
  }
  const auto tokens = sys::wait_item::to_read(jobserver_access::of(client_).tokens.get());
  loop_.watch(*this, {&tokens, 1}, deadline::never());
}

}  // namespace brood::detail
