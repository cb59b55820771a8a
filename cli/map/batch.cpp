// The loop of a batch, and how its jobs start.
// SPDX-License-Identifier: Apache-2.0
#include "map/batch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include <brood/run.hpp>

#include "clock.hpp"
#include "exit.hpp"
#include "io.hpp"
#include "map/slot.hpp"
#include "report.hpp"

namespace cli {

namespace {

// How many jobs may have ended before their turn (--keep-order), and how many may wait for another
// attempt: at a few hundred bytes each, tens of megabytes of memory.
constexpr std::size_t most_held = 100'000;
constexpr std::size_t most_waiting = 10'000;

}  // namespace

batch::batch(const map_settings& s, job_source& jobs, const command_template& c, sinks k,
             brood::pool& pool)
    : settings_(s),
      jobs_(jobs),
      template_(c),
      results_(k.files),
      journal_(k.past),
      throttle_(s),
      printer_(s.keep_order, [this] { return go_on(); }),
      base_(s.options),
      policy_(std::exchange(base_.retry, {})),
      began_(monotonic_now()),
      progress_(s, began_, [this] { return signals_.take_continued(); }),
      most_(resolve(s.jobs)),
      pool_(pool) {
  hurries_ = s.halt.when == halt_policy::moment::never && policy_.attempts < 2 &&
             s.output != output_mode::lines;
  if (s.has("in") || s.has("input")) return;
  nothing_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);  // once, not for each job
  base_.in = nothing_ >= 0 ? brood::fd(nothing_) : brood::stdio(brood::DEVNULL);
}

batch::~batch() {
  pool_.cancel_all();
  pool_.wait();
  if (nothing_ >= 0) ::close(nothing_);
}

int batch::run() {
  std::optional<failure> wrong;
  try {
    loop();
  } catch (const failure& f) {
    wrong = f;
  }
  progress_.hide();
  if (wrong) {  // it is reported once nothing runs any more
    stop_starting();
    cancel_running();
    pool_.wait();
    printer_.end_line();
    if (signals_.signal() == 0) throw *wrong;
    tell(wrong->text);
    return exit_signal_base + signals_.signal();
  }
  drop_waiting();
  printer_.flush();
  // What a terminal has sent ends a job as soon as it reaches us.
  const int signal = signals_.signal_by_now();
  say_outcome();
  if (signal != 0) return exit_signal_base + signal;
  if (fatal_) return *fatal_;
  if (halted_ && settings_.halt.what == halt_policy::kind::success) return 0;
  constexpr std::uint64_t most = 101;
  return static_cast<int>(std::min(tally_.failed, most));
}

void batch::loop() {
  for (;;) {
    heed_signals();
    take_ends();
    const std::int64_t now = monotonic_now();
    heed_limits(now);
    start_what_may(now);
    if (progress_.is_due(now)) printer_.end_line();
    progress_.update(now, [this](std::size_t most) { return state(most); });
    if (running_ == 0 && ahead_.empty() && over()) return;
    wait(now);
  }
}

bool batch::over() const { return !starting_ || (input_ended_ && !fetched_ && waiting_.empty()); }

// --- starting ---

void batch::start_what_may(std::int64_t now) {
  // The throttle is asked last: a batch that has nothing more to start must not wait for it.
  while (starting_ && room() > 0 && has_job(now)) {
    if (throttle_.closed_until(now) > now) return;
    std::unique_ptr<map_job> job = next_job(now);
    slot* s = free_slot();
    try {
      start(*s, std::move(job));
    } catch (const failure& f) {
      // No descriptors are left: no more jobs at once than there are descriptors for.
      const bool starved = f.error == EMFILE || f.error == ENFILE;
      if (!starved || running_ == 0 || !s->job) throw;
      most_ = running_;
      gives_ahead_ = false;
      fetched_ = std::move(s->job);
      free_.insert(s->index);
      return;
    }
    throttle_.passed(now);
  }
}

/// How many jobs may be given to the pool now.
std::size_t batch::room() const {
  constexpr std::size_t most_ahead = 16;
  const auto most = static_cast<std::size_t>(most_);
  const std::size_t ahead = gives_ahead_ ? std::min(most, most_ahead) : 0;
  const std::size_t given = static_cast<std::size_t>(running_) + ahead_.size();
  return given < most + ahead ? most + ahead - given : 0;
}

batch::slot* batch::free_slot() {
  if (free_.empty()) {
    const int index = static_cast<int>(slots_.size());
    slots_.push_back(std::make_unique<slot>(index, settings_, signals_));
    return slots_.back().get();
  }
  slot* s = slots_[static_cast<std::size_t>(*free_.begin())].get();
  free_.erase(free_.begin());
  return s;
}

/// Not if {%} is part of what a job is, if a folder would be left of one that does not run, or if
/// something else decides when it starts.
bool batch::may_give_ahead(const map_job& job) const {
  if (!hurries_ || throttle_.in_use() || !settings_.results.empty()) return false;
  constexpr std::size_t large = 1 << 20;  // each job ahead has a block in memory
  if (job.block && job.block->text.size() > large) return false;
  const auto texts = [&](int number) {
    map_job copy;
    copy.seq = job.seq;
    copy.args = job.args;
    copy.slot = number;
    return std::array{template_.text_for(copy), template_.tag_for(copy)};
  };
  return texts(1) == texts(2);
}

/// Its job starts now, as number `number` of those that run.
void batch::give_place(slot& s, int number) {
  map_job& job = *s.job;
  s.number = job.slot = number;
  job.began = monotonic_now();
  job.started = calendar_now();
  if (job.attempt == 1) {
    job.first_start = job.started;
    job.schedule.emplace(policy_, job.began, job.seq * 0x9E3779B97F4A7C15U);
  }
  if (settings_.verbose) tell("job " + std::to_string(job.seq) + ": " + template_.text_for(job));
  journal_.started(job);
  ++running_;
}

/// The job in `s` has ended: the pool has started the one that was next, unless it was paused.
void batch::pass_on_place(slot& s) {
  const int number = std::exchange(s.number, 0);
  --running_;
  if (ahead_.empty() || cancelling_) {
    places_.insert(number);
    return;
  }
  slot* const next = ahead_.front();
  ahead_.pop_front();
  give_place(*next, number);
}

bool batch::is_due(std::int64_t now) const {
  return !waiting_.empty() && waiting_.top().due <= now;
}

/// True if a job may be started now. Skips those that an earlier run has done.
bool batch::has_job(std::int64_t now) {
  input_waits_ = false;
  if (is_due(now)) return true;
  while (!fetched_) {
    if (input_ended_ || waiting_.size() >= most_waiting || printer_.held() >= most_held) {
      return false;
    }
    auto job = std::make_unique<map_job>();
    const got r = jobs_.next(*job);
    input_ended_ = r == got::end;
    input_waits_ = r == got::wait;
    if (r != got::one) return false;
    ++fetched_count_;
    if (!is_done(*job)) fetched_ = std::move(job);
  }
  return true;
}

std::unique_ptr<map_job> batch::next_job(std::int64_t now) {
  if (!is_due(now)) return std::move(fetched_);
  auto job = std::move(const_cast<waiting_job&>(waiting_.top()).job);
  waiting_.pop();
  return job;
}

brood::options batch::options_for(slot& s, map_job& job) {
  brood::options o = base_;
  if (job.block && job.block->file >= 0) {
    s.feed = std::make_unique<block_feed>(*job.block);
    o.in = brood::fd(s.feed->reader());
  } else if (job.block) {
    o.in = brood::PIPE;
    o.input = policy_.attempts > 1 ? job.block->text : std::exchange(job.block->text, {});
  }
  if (policy_.attempts > 1) o.env.set("BROOD_ATTEMPT", std::to_string(job.attempt));
  job.folder = results_.folder_for(job);
  s.output->prepare(o, job.folder);
  return o;
}

/// True if an earlier run has done the job.
bool batch::is_done(map_job& job) {
  if (!journal_.at_work()) return false;
  job.slot = 1;  // the same for all: {%} must not count in the identity of a job
  job.cmd = template_.command_for(job);
  if (settings_.explain) clear_line();
  if (!journal_.is_done(job)) return false;
  ++skipped_;
  printer_.finish(job.seq);
  return true;
}

void batch::start(slot& s, std::unique_ptr<map_job> given) {
  s.job = std::move(given);
  map_job& job = *s.job;
  const bool at_once = running_ < most_ && ahead_.empty();
  job.slot = !at_once ? 0 : places_.empty() ? placed_ + 1 : *places_.begin();
  job.cmd = template_.command_for(job);
  brood::options o = options_for(s, job);
  if (!std::exchange(checked_, true)) {
    if (const auto m = brood::find_mistake(job.cmd, o)) throw failure{m->what()};
    gives_ahead_ = may_give_ahead(job);
  }
  s.tag = template_.tag_for(job);
  s.why.reset();
  if (at_once) {
    places_.erase(job.slot);
    placed_ = std::max(placed_, job.slot);
    give_place(s, job.slot);
  } else {
    ahead_.push_back(&s);
  }
  s.handle = pool_.submit(job.cmd, std::move(o), [this, index = s.index](const brood::job&) {
    {
      const std::lock_guard hold(lock_);
      ends_.push_back(index);
      if (ends_.size() > 1) return;
    }
    signals_.wake();
  });
}

void batch::stop_starting() {
  starting_ = false;
  fetched_.reset();
}

void batch::cancel_running() {
  cancelling_ = true;
  pool_.pause();  // what it was given ahead is not to start now
  for (const auto& s : slots_) {
    if (s->handle) s->handle.cancel();
  }
}

// --- waiting ---

/// The moment from which the job in `s` has taken too long compared with others (--timeout 200%).
std::int64_t batch::late_at(const slot& s) const {
  if (!settings_.timeout_percent || !s.handle || s.number == 0 || s.why) return INT64_MAX;
  if (s.handle.state() == brood::job_state::queued) return INT64_MAX;  // for a slot of make's
  const auto median = durations_.get();
  if (!median) return INT64_MAX;
  return s.job->began +
         static_cast<std::int64_t>(static_cast<double>(*median) * *settings_.timeout_percent / 100);
}

void batch::heed_limits(std::int64_t now) {
  if (!settings_.timeout_percent && !settings_.has("max_output")) return;
  for (const auto& s : slots_) {
    if (!s->handle || s->why) continue;
    if (now >= late_at(*s)) s->why = brood::reason::timed_out;
    if (s->output->exceeded()) s->why = brood::reason::output_limit;
    if (s->why) s->handle.cancel();
  }
}

void batch::heed_signals() {
  if (signals_.take_question()) answer_question(monotonic_now());
  const int requests = signals_.requests();
  if (requests == requests_heeded_) {
    if (stop_at_ && monotonic_now() >= *stop_at_) {
      stop_at_.reset();
      cancel_running();
    }
    return;
  }
  const bool first = std::exchange(requests_heeded_, requests) == 0 && requests == 1;
  stop_starting();
  if (first && jobs_had_signal()) return await_running();
  if (stop_at_) cancel_running();
  stop_at_.reset();
  cancel_running();  // asked again: KILL
}

/// True if a terminal has sent it to them as well: one signal for one Ctrl-C.
bool batch::jobs_had_signal() const {
  const bool beside_us =
      !base_.new_session && !base_.process_group && base_.contain != brood::containment::group;
  return signals_.typed() && beside_us && base_.stop.front().signal != SIGKILL;
}

/// The signal that they have had is the first step of their ladder.
void batch::await_running() {
  cancelling_ = true;
  pool_.pause();
  for (slot* s : ahead_) s->handle.cancel();
  constexpr std::int64_t default_grace = 5'000'000'000;
  const brood::duration grace = base_.stop.front().grace;
  stop_at_ = monotonic_now() + (grace.given() ? grace.nanoseconds() : default_grace);
}

/// Called when a write was interrupted. False: give it up.
bool batch::go_on() {
  const int requests = signals_.requests();
  if (requests == 0) return true;
  heed_signals();
  if (requests > 2) return false;
  // A reader that does not read must not keep us for ever.
  constexpr int most = 40;  // interruptions, 50 ms apart: two seconds
  const brood::pool::counts c = pool_.count();
  return c.running + c.queued + c.waiting > 0 || ++patience_ < most;
}

void batch::wait(std::int64_t now) {
  std::vector<pollfd> wanted{{signals_.descriptor(), POLLIN, 0}};
  const bool may_start = starting_ && room() > 0;
  std::int64_t until = std::min(progress_.next(), stop_at_.value_or(INT64_MAX));
  const bool more = fetched_ || !(input_ended_ || input_waits_);  // a job that could start at once
  const std::int64_t opens =
      may_start && (more || !waiting_.empty()) ? throttle_.closed_until(now) : 0;
  if (may_start && !waiting_.empty()) until = std::min(until, std::max(waiting_.top().due, opens));
  if (more && opens > now) until = std::min(until, opens);
  if (may_start && input_waits_) wanted.push_back({jobs_.waits_for(), POLLIN, 0});
  for (const auto& s : slots_) {
    if (s->feed && s->feed->writer() >= 0) wanted.push_back({s->feed->writer(), POLLOUT, 0});
  }
  const std::size_t first_reader = wanted.size();
  const bool live = settings_.output == output_mode::lines;
  for (const auto& s : slots_) {
    if (!s->handle) continue;
    if (live) s->output->add_to(wanted);
    until = std::min(until, late_at(*s));
  }
  const std::int64_t pause = until == INT64_MAX ? -1 : std::max<std::int64_t>(0, until - now);
  const timespec limit{pause / 1'000'000'000, pause % 1'000'000'000};
  const int ready = ::ppoll(wanted.data(), wanted.size(), pause < 0 ? nullptr : &limit, nullptr);
  if (ready <= 0) return;
  if (wanted[0].revents != 0) signals_.clear();
  for (const auto& s : slots_) {
    if (s->feed) s->feed->move();
  }
  if (!live) return;
  progress_.hide();
  for (std::size_t i = first_reader; i < wanted.size(); ++i) {
    if (wanted[i].revents == 0) continue;
    for (const auto& s : slots_) {
      if (s->handle && s->output->reads(wanted[i].fd)) {
        s->output->read(printer_, s->job->seq, s->tag);
        break;
      }
    }
  }
}

}  // namespace cli
