// Playing a script.
// SPDX-License-Identifier: Apache-2.0
#include "testing/scripted_scope.hpp"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>

#include "base/make_error.hpp"
#include "executor/streams.hpp"
#include "executor/validate.hpp"
#include "scope/scope.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t look_again = 5'000'000;  // ns: other threads may signal
// Above the highest number that Linux gives, 2^22: a signal to it by mistake reaches nobody.
std::atomic<int> next_pid{1 << 30};

bool harmless(int signal) {
  constexpr int all[] = {0, SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  return std::find(std::begin(all), std::end(all), signal) != std::end(all);
}

class scripted_scope final : public scope {
 public:
  scripted_scope(const testing::expectation::script& s, std::shared_ptr<call_log> log,
                 call_record& entry)
      : log_(std::move(log)), entry_(entry), ignored_(s.ignored) {
    pid_ = next_pid.fetch_add(1);
    started_at_ = sys::now();
    ends_at_ = deadline::after(started_at_, s.takes);
    end_.record.how = s.signal != 0 ? CLD_KILLED : CLD_EXITED;
    end_.record.value = s.signal != 0 ? s.signal : s.code;
  }
  ~scripted_scope() override { take_input(); }

  error refusal() const override { return bad_request("fake", "it has started"); }
  error hanging_start() const override { return refusal(); }
  bool reads_a_file() const noexcept override { return true; }

  deadline wants(std::vector<sys::wait_item>&) const override {
    return exited_ ? deadline::never() : ends_at_;
  }
  bool has_exit_event() const noexcept override { return false; }

  void update() noexcept override {
    if (exited_) return;
    take_input();
    if (!ends_at_.passed(sys::now())) return;
    exited_ = true;
    end_.at = ends_at_.ns();
  }

  void wait_for_exit() noexcept override {
    for (update(); !exited_; update()) {
      sys::sleep_until(earlier(ends_at_, deadline::after(sys::now(), look_again)));
    }
  }

  int signal(int number) noexcept override {
    update();
    const bool ignored =
        harmless(number) || std::find(ignored_.begin(), ignored_.end(), number) != ignored_.end();
    if (exited_ || (ignored && number != SIGKILL)) return 0;
    end_.record.how = CLD_KILLED;
    end_.record.value = number;
    ends_at_ = deadline::at(sys::now());
    update();
    return 0;
  }

  deadline deliver(int number, bool, std::int64_t) noexcept override {
    (void)signal(number);
    return deadline::never();
  }
  bool empty() noexcept override {
    update();
    return exited_;
  }

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
  deadline ends_at_;
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

/// Fills the streams as the command would.
class stream_filler {
 public:
  stream_filler(const options& o, const testing::expectation::script& s, opened_streams& streams)
      : opts_(o), s_(s), ours_(streams.ours), theirs_(streams.theirs) {}

  std::optional<error> run(call_record& entry) {
    if (auto why = open_files()) return why;
    const bool merged = target(1) == target(2);
    int r = fill(1, merged ? s_.out + s_.err : s_.out);
    if (r >= 0 && !merged) r = fill(2, s_.err);
    if (r >= 0) r = take_input(entry);
    if (r < 0) return os_error(error_stage::pipe, "fake", -r);
    return {};
  }

 private:
  std::optional<error> open_files() {
    for (const open_request& o : theirs_.opens) {
      sys::fd file(sys::open_file(o.path.c_str(), o.flags, o.mode));
      if (!file) return os_error(error_stage::open, o.path, -file.get());
      theirs_.moves.push_back({file.get(), o.to});
      theirs_.open.push_back(std::move(file));
    }
    for (const fd_move& c : theirs_.copies) theirs_.moves.push_back({target(c.from), c.to});
    return {};
  }

  int target(int number) const {
    int from = number;
    for (const fd_move& m : theirs_.moves) {
      if (m.to == number) from = m.from;
    }
    return from;
  }

  /// Our end of it; null: it is not ours to read.
  sys::fd* our_end(int number) {
    sys::fd& plain = number == 1 ? ours_.plain.out : ours_.plain.err;
    if (plain) return &plain;
    for (source& s : ours_.pump.sources()) {
      if ((s.which == output_stream::out ? 1 : 2) == number) return &s.end;
    }
    return nullptr;
  }

  // Into the pipe, for whoever reads it. What does not fit into one of ours is a file in its place;
  // elsewhere somebody reads, or it has to fit.
  int fill(int number, const std::string& bytes) {
    if (bytes.empty()) return 0;
    const int to = target(number);
    sys::fd* const ours = our_end(number);
    if (!ours) {
      constexpr std::size_t usual = 65536;  // the size that a pipe is born with
      if (bytes.size() > usual) (void)sys::set_pipe_size(to, static_cast<int>(bytes.size()));
      const int r = sys::write_all(to, bytes.data(), bytes.size());
      return r == -EPIPE ? 0 : r;
    }
    (void)sys::set_nonblocking(to);
    if (sys::write_quietly(to, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
      return 0;
    }
    sys::fd file;
    return memory_file(bytes, file, *ours);
  }

  // What the caller writes goes to a file, so that it need not wait for anybody to read.
  int take_input(call_record& entry) {
    if (opts_.input) return 0;
    using kind = stdio::kind;
    const kind k = opts_.in.what();
    if (k == kind::pipe) return memory_file({}, ours_.plain.in, entry.written);
    if (k != kind::file && k != kind::descriptor) return 0;
    entry.written.reset(sys::dup_above(target(0), 3));
    return entry.written ? 0 : entry.written.release();
  }

  const options& opts_;
  const testing::expectation::script& s_;
  stream_ends& ours_;
  child_streams& theirs_;
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

expected<std::unique_ptr<execution>, error> play_script(execution_spec spec,
                                                        const testing::expectation::script& s,
                                                        std::shared_ptr<call_log> log,
                                                        call_record& entry) {
  if (s.os != 0) return unexpected(os_error(error_stage::exec, spec.cmd().args().front(), s.os));
  opened_streams streams;
  if (auto why = open_streams(spec.opts(), streams)) return unexpected(std::move(*why));
  if (auto why = stream_filler(spec.opts(), s, streams).run(entry)) {
    return unexpected(std::move(*why));
  }
  start_facts facts;
  facts.level = spec.opts().contain;
  facts.asked_at = sys::now();
  return std::make_unique<execution>(std::move(spec),
                                     std::make_unique<scripted_scope>(s, std::move(log), entry),
                                     std::move(streams.ours), std::move(facts));
}

}  // namespace brood::detail
