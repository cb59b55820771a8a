// Being a jobserver: a pipe for each job, and tokens that go where they are used.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/make_error.hpp"
#include "jobserver/makeflags.hpp"
#include "jobserver/token_source.hpp"
#include "schedule/descriptors.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

// How long a token may lie in a pipe before another job is asked; longer while nobody takes any.
constexpr std::int64_t first_pause = 5'000'000;
constexpr std::int64_t longest_pause = 40'000'000;

std::string variable(const environment& e, std::string_view name) {
  for (const std::string& entry : e.block(environ)) {
    if (entry.starts_with(name) && entry[name.size()] == '=') return entry.substr(name.size() + 1);
  }
  return {};
}

// cargo believes CARGO_MAKEFLAGS before MAKEFLAGS.
void announce(environment& e, const std::string& jobserver) {
  e.set("MAKEFLAGS", with_jobserver(variable(e, "MAKEFLAGS"), jobserver));
  e.set("CARGO_MAKEFLAGS", jobserver);
}

}  // namespace

// The tokens of one job. Those that lie in the pipe and those that the job holds are counted
// together: which is which changes under our eyes.
class jobserver_server::channel final : public job_token, public loop_task {
 public:
  explicit channel(jobserver_server& h) : host_(h) {}
  ~channel() override {
    host_.loop_.forget(*this);
    std::erase(host_.channels_, this);
    host_.given_ -= given_;
  }

  int open() {
    if (const int r = sys::make_pipe(their_reads_, their_writes_); r < 0) return r;
    // make needs its end blocking; ours must not be, so it is another open file description.
    const int r = sys::reopen(their_reads_.get(), O_RDWR | O_NONBLOCK);
    if (r < 0) return r;
    ours_.reset(r);
    host_.channels_.push_back(this);
    listen(host_.listening_);
    return 0;
  }

  // As cargo's jobserver does it: --jobserver-fds is for make 4.1 and older, which also take a -j
  // with a number for a wish to leave the jobserver.
  void pass_descriptors(options& o) {
    const int r = free_number(o);
    o.map_fds.push_back({their_reads_.get(), r});
    const int w = free_number(o);
    o.map_fds.push_back({their_writes_.get(), w});
    const std::string pair = std::to_string(r) + "," + std::to_string(w);
    announce(o.env, "-j --jobserver-fds=" + pair + " --jobserver-auth=" + pair);
  }

  void pass_path(options& o, std::size_t workers) {
    const std::string path =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ours_.get());
    announce(o.env, "-j" + std::to_string(workers) + " --jobserver-auth=fifo:" + path);
  }

  void started() override {
    their_reads_.reset();
    their_writes_.reset();
  }

  /// Put so many tokens there, or as many as the system takes.
  void give(std::size_t count) {
    const std::string tokens(std::min<std::size_t>(count, 4096), '+');
    const ssize_t n = sys::write_quietly(ours_.get(), tokens.data(), tokens.size());
    const std::size_t put = n > 0 ? static_cast<std::size_t>(n) : 0;
    given_ += put;
    host_.given_ += put;
  }

  /// Take back what lies there, at most so many. \return how many. A program may write what it
  /// never took: that is not a token.
  std::size_t take_back(std::size_t most) {
    char bytes[4096];
    const ssize_t n = sys::read_some(ours_.get(), bytes, std::min(most, sizeof bytes));
    const std::size_t back = n > 0 ? std::min(static_cast<std::size_t>(n), given_) : 0;
    given_ -= back;
    host_.given_ -= back;
    return back;
  }

  void listen(bool on) {
    const auto there = sys::wait_item::to_read(ours_.get());
    host_.loop_.watch(*this, {&there, on ? 1U : 0U}, deadline::never());
  }

  void proceed() override { host_.token_came_back(); }

 private:
  jobserver_server& host_;
  sys::fd ours_;
  sys::fd their_reads_;
  sys::fd their_writes_;
  std::size_t given_ = 0;
};

std::size_t jobserver_server::spare(const load& l) const {
  const std::size_t used = l.running + given_;
  return used < l.workers ? l.workers - used : 0;
}

std::size_t jobserver_server::excess(const load& l) const {
  const std::size_t used = l.running + given_;
  return used > l.workers ? used - l.workers : 0;
}

bool jobserver_server::may_start(const load& l) {
  if (spare(l) == 0) take_back(excess(l) + 1);
  return spare(l) > 0;
}

expected<std::unique_ptr<job_token>, error> jobserver_server::prepare(options& o) {
  auto c = std::make_unique<channel>(*this);
  if (const int r = c->open(); r < 0) {
    return unexpected(os_error(error_stage::pipe, "jobserver", -r));
  }
  if (by_path_) {
    c->pass_path(o, workers_);
  } else {
    c->pass_descriptors(o);
  }
  return std::unique_ptr<job_token>(std::move(c));
}

void jobserver_server::take_back(std::size_t most) {
  for (channel* c : channels_) {
    if (most == 0) return;
    most -= c->take_back(most);
  }
}

void jobserver_server::deal(std::size_t spare) {
  const std::size_t n = channels_.size();
  for (std::size_t i = 0; i < n && spare > 0; ++i) {
    channels_[(first_ + i) % n]->give(spare / n + (i < spare % n ? 1 : 0));
  }
}

void jobserver_server::listen(bool on) {
  if (on == listening_) return;
  listening_ = on;
  for (channel* c : channels_) c->listen(on);
}

void jobserver_server::look_at(std::int64_t when) {
  if (when == at_) return;
  at_ = when;
  loop_.watch(*this, {}, deadline::at(when));
}

// Tokens for whom? If a job waits to start, or there are too many (resize), they are collected as
// they come. A job that is alone gets all. Among several, those that lie unused go round. What the
// system refused to take (no memory) is offered again.
void jobserver_server::rebalance(const load& l) {
  workers_ = l.workers;
  if (excess(l) > 0) take_back(excess(l));
  must_collect_ = l.wanting || excess(l) > 0;
  const bool alone = channels_.size() == 1;
  if (must_collect_ || channels_.size() < 2) pause_ = first_pause;
  if (must_collect_ || channels_.empty()) {
    look_at(INT64_MAX);
    return listen(must_collect_);
  }
  const bool dealt = spare(l) > 0;
  if (dealt) deal(spare(l));
  if (spare(l) > 0 || (dealt && !alone)) {
    if (at_ == INT64_MAX) look_at(sys::now() + pause_);
    return listen(false);
  }
  if (alone) look_at(INT64_MAX);
  if (at_ == INT64_MAX) listen(!alone);
}

void jobserver_server::token_came_back() {
  if (must_collect_) return;  // done by the pool, which asks after each turn
  listen(false);
  pause_ = first_pause;
  look_at(sys::now() + pause_);
}

// The time is over: what lies there is not wanted there. If nothing does, all tokens are in use.
void jobserver_server::proceed() {
  at_ = INT64_MAX;
  const std::size_t before = given_;
  take_back(before);
  pause_ = given_ < before ? std::min(2 * pause_, longest_pause) : first_pause;
  ++first_;
}

}  // namespace brood::detail
