// Playing a script: streams that are full from the start, and an end that comes by the clock.
// SPDX-License-Identifier: Apache-2.0
#include "testing/scripted_child.hpp"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>

#include "base/make_error.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t look_again = 5'000'000;  // ns: other threads may signal
// Above the highest number that Linux gives, 2^22: a signal to it by mistake reaches nobody.
std::atomic<int> next_pid{1 << 30};

std::int64_t after(std::int64_t now, std::int64_t span) {
  return span > INT64_MAX - now ? INT64_MAX : now + span;
}

bool harmless(int signal) {
  constexpr int all[] = {0, SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  return std::find(std::begin(all), std::end(all), signal) != std::end(all);
}

class scripted_child final : public child {
 public:
  scripted_child(const testing::expectation::script& s, std::shared_ptr<call_log> log,
                 call_record& entry)
      : log_(std::move(log)), entry_(entry), ignored_(s.ignored) {
    pid_ = next_pid.fetch_add(1);
    started_at_ = sys::now();
    ends_at_ = after(started_at_, s.takes);
    end_.record.how = s.signal != 0 ? CLD_KILLED : CLD_EXITED;
    end_.record.value = s.signal != 0 ? s.signal : s.code;
  }
  ~scripted_child() override { take_input(); }

  int event_fd() const noexcept override { return -1; }

  void update() noexcept override {
    if (ended_) return;
    take_input();
    if (sys::now() < ends_at_) return;
    ended_ = true;
    end_.at = ends_at_;
  }

  void wait() noexcept override {
    for (update(); !ended_; update()) {
      sys::sleep_until(deadline::at(std::min(ends_at_, sys::now() + look_again)));
    }
  }

  int send(int signal, bool) noexcept override {
    update();
    const bool ignored =
        harmless(signal) || std::find(ignored_.begin(), ignored_.end(), signal) != ignored_.end();
    if (ended_ || (ignored && signal != SIGKILL)) return 0;
    end_.record.how = CLD_KILLED;
    end_.record.value = signal;
    ends_at_ = sys::now();
    update();
    return 0;
  }

  void begin_stop(const ladder_steps& steps) noexcept override {
    if (stopping_) {
      (void)send(SIGKILL, true);
      return;
    }
    stopping_ = true;
    steps_ = steps;
    rung_ends_ = 0;
  }
  bool stopping() const noexcept override { return stopping_; }
  bool stopped() const noexcept override { return stopping_ && ended_; }

  std::int64_t advance_stop(std::int64_t now) noexcept override {
    update();
    while (!ended_ && now >= rung_ends_ && rung_ < steps_.count) {
      const rung& r = steps_.rungs[rung_++];
      (void)send(r.signal, true);
      rung_ends_ = after(now, r.grace_ns);
    }
    return ended_ ? now : std::min(rung_ends_, ends_at_);
  }

  void release() noexcept override {}

 private:
  void take_input() noexcept {
    try {
      const std::lock_guard hold(log_->lock);
      call_log::refresh(entry_);
    } catch (...) {  // no memory for a record of the input: it is not the command's trouble
    }
  }

  std::shared_ptr<call_log> log_;
  call_record& entry_;
  std::vector<int> ignored_;
  std::int64_t ends_at_ = 0;
  bool stopping_ = false;
  ladder_steps steps_{};
  int rung_ = 0;
  std::int64_t rung_ends_ = 0;
};

/// A file in memory with these bytes; `fresh` reads it from the start, by an offset of its own.
int memory_file(std::string_view bytes, sys::fd& file, sys::fd& fresh) {
  file.reset(sys::make_memory_file("brood-fake"));
  if (!file) return file.release();
  if (const int r = sys::write_all(file.get(), bytes.data(), bytes.size()); r < 0) return r;
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  fresh.reset(sys::open_file(path.c_str(), O_RDONLY, 0));
  return fresh ? 0 : fresh.release();
}

/// Fills the streams.
class dresser {
 public:
  dresser(const cue& c, const testing::expectation::script& s) : c_(c), s_(s) {}

  int run(call_record& entry) {
    const int out = target(1);
    const int err = target(2);
    const bool merged = out == err;
    int r = fill(1, out, merged ? s_.out + s_.err : s_.out);
    if (r >= 0 && !merged) r = fill(2, err, s_.err);
    if (r >= 0) r = open_input(entry);
    return r;
  }

 private:
  int target(int number) const {
    int from = number;
    for (const fd_move& m : c_.spec.moves) {
      if (m.to == number) from = m.from;
    }
    return from;
  }

  source* ours(int number) const {
    for (source& s : c_.of.pump.sources()) {
      if ((s.which == output_stream::out ? 1 : 2) == number) return &s;
    }
    return nullptr;
  }

  // Into the pipe, for whoever reads it. What does not fit into one of ours is a file in its place;
  // elsewhere somebody reads, or it has to fit.
  int fill(int number, int to, const std::string& bytes) {
    if (bytes.empty()) return 0;
    if (!ours(number)) {
      constexpr std::size_t usual = 65536;
      if (bytes.size() > usual) (void)sys::set_pipe_size(to, static_cast<int>(bytes.size()));
      const int r = sys::write_all(to, bytes.data(), bytes.size());
      return r == -EPIPE ? 0 : r;
    }
    (void)sys::set_nonblocking(to);
    if (sys::write_quietly(to, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
      return 0;
    }
    sys::fd file;
    sys::fd fresh;
    const int r = memory_file(bytes, file, fresh);
    if (r >= 0) c_.of.substitute(number, std::move(fresh));
    return r;
  }

  // What the caller writes goes to a file, so that it need not wait for anybody to read.
  int open_input(call_record& entry) {
    if (c_.opts.input) return 0;
    using kind = stdio::kind;
    const kind k = c_.opts.in.what();
    if (k == kind::pipe) {
      sys::fd file;
      const int r = memory_file({}, file, entry.written);
      if (r >= 0) c_.of.substitute(0, std::move(file));
      return r;
    }
    if (k != kind::file && k != kind::descriptor) return 0;
    entry.written.reset(sys::dup_above(target(0), 3));
    return entry.written ? 0 : entry.written.release();
  }

  const cue& c_;
  const testing::expectation::script& s_;
};

}  // namespace

void call_log::refresh(call_record& r) {
  if (!r.written) return;
  char piece[65536];
  while (sys::readable_bytes(r.written.get()) > 0) {
    const ssize_t n = sys::read_some(r.written.get(), piece, sizeof piece);
    if (n <= 0) return;
    r.call.input.append(piece, static_cast<std::size_t>(n));
  }
}

expected<std::unique_ptr<child>, error> play_script(const cue& c,
                                                    const testing::expectation::script& s,
                                                    std::shared_ptr<call_log> log,
                                                    call_record& entry) {
  if (s.os != 0) return unexpected(os_error(error_stage::exec, c.cmd.args().front(), s.os));
  const int r = dresser(c, s).run(entry);
  if (r < 0) return unexpected(os_error(error_stage::pipe, "fake", -r));
  return std::unique_ptr<child>(new scripted_child(s, std::move(log), entry));
}

}  // namespace brood::detail
