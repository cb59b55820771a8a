// How the jobs of a batch end: tried again, shown, written down, judged.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "clock.hpp"
#include "exit.hpp"
#include "hints.hpp"
#include "io.hpp"
#include "map/batch.hpp"
#include "map/slot.hpp"
#include "report.hpp"

namespace cli {

namespace {

using outcome = brood::expected<brood::completed_process, brood::error>;

/// Judges an outcome as `brood run` would.
job_end end_of(const map_job& job, const outcome& r) {
  job_end end;
  end.job = &job;
  end.result = r ? &*r : r.error().result();
  const bool plain = r || r.error().kind() == brood::error_kind::timed_out ||
                     r.error().kind() == brood::error_kind::failed;
  if (!plain) end.wrong = &r.error();
  end.status = end.result == nullptr ? exit_status_of(r.error())
               : plain               ? exit_status_of(*end.result)
                                     : exit_tool_failed;
  end.success = plain && end.result != nullptr && end.result->success();
  return end;
}

/// With the batch. What was stopped for a limit of its own has that for a reason.
bool was_stopped(const brood::completed_process& r) {
  return r.reason == brood::reason::cancelled && !r.success();
}

/// True for an error that every job would meet, because it does not depend on the arguments.
bool is_about_the_command(const brood::error& e) {
  switch (e.kind()) {
    case brood::error_kind::bad_request:
    case brood::error_kind::not_found:
    case brood::error_kind::denied:
    case brood::error_kind::unsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace

void batch::take_ends() {
  std::vector<int> ends;
  {
    const std::lock_guard hold(lock_);
    ends.swap(ends_);
  }
  for (const int index : ends) {
    slot& s = *slots_[static_cast<std::size_t>(index)];
    ended(s, s.handle.try_result());
  }
}

/// A job that was given to the pool ahead and has not run: nothing is known of it.
bool batch::dropped(slot& s, const outcome& r) {
  if (s.number != 0) return false;
  std::erase(ahead_, &s);
  if (r && r->reason == brood::reason::cancelled && r->pid <= 0) {
    printer_.finish(s.job->seq);
    s.job.reset();
    free_.insert(s.index);
    return true;
  }
  give_place(s, ++placed_);  // it had started when the batch was cancelled
  return false;
}

/// On a terminal a Ctrl-C reaches the jobs as it reaches us: one that it ends was stopped, as those
/// are which we stop. A shell exits with 128 + N.
bool batch::was_interrupted(const brood::completed_process& r) {
  const int code = r.status.code().value_or(0);
  const int by = r.status.signal().value_or(code > exit_signal_base ? code - exit_signal_base : 0);
  return by != 0 && by == signals_.signal_by_now();
}

void batch::ended(slot& s, outcome r) {
  s.handle = {};
  s.feed.reset();
  if (dropped(s, r)) return;
  pass_on_place(s);
  progress_.hide();
  s.output->close_off(*s.job);  // before the slot's next job may write to the same files
  if (s.output->exceeded() && !s.why)
    s.why = brood::reason::output_limit;  // it ended before we saw it
  if (s.why && r) {
    const bool ended_itself = r->reason != brood::reason::cancelled;
    if (!ended_itself || *s.why == brood::reason::output_limit) {
      r->reason = *s.why;
      r->accepted = false;
    }
  }
  if (!s.why && r && !r->success() && (stop_at_ || was_interrupted(*r))) {
    r->reason = brood::reason::cancelled;
    r->accepted = false;
  }
  const bool good = r && r->success() && !s.why;
  if (!good || !hurries_) {
    if (!again(s, r)) settle(s, r);
    s.job.reset();
    free_.insert(s.index);
    return;
  }
  vacate(s);
  std::exception_ptr wrong;
  try {
    start_what_may(monotonic_now());
  } catch (const failure&) {
    wrong = std::current_exception();  // first write down the job that has ended
  }
  settle(*vacated_, r);
  if (wrong) std::rethrow_exception(wrong);
}

/// Frees the slot for the next job, while the one that has ended is shown and written down.
void batch::vacate(slot& s) {
  if (!vacated_) vacated_ = std::make_unique<slot>(0, settings_, signals_);
  std::swap(s.output, vacated_->output);
  vacated_->job = std::move(s.job);
  vacated_->tag = std::move(s.tag);
  free_.insert(s.index);
}

/// True if there will be another attempt.
bool batch::again(slot& s, const outcome& r) {
  if (!starting_ || policy_.attempts < 2 || (r && was_stopped(*r))) return false;
  const std::optional<std::int64_t> at = s.job->schedule->after(r, monotonic_now());
  if (!at) return false;
  job_end end = end_of(*s.job, r);
  end.last = false;
  show(s, end);
  if (!settings_.quiet) {
    const std::string why = end.result != nullptr && end.wrong == nullptr
                                ? ending_of(*end.result, settings_.options)
                                : std::string(r.error().what());
    tell("job " + std::to_string(s.job->seq) + ", attempt " + std::to_string(s.job->attempt) +
         " of " + std::to_string(policy_.attempts) + ": " + why);
  }
  s.job->attempt = s.job->schedule->attempt();
  waiting_.push({*at, std::move(s.job), r});
  return true;
}

/// The job has ended for good.
void batch::settle(slot& s, const outcome& r) {
  job_end end = end_of(*s.job, r);
  show(s, end);
  results_.log(end);
  printer_.finish(s.job->seq);
  judge(end);
}

/// Settles the jobs that wait for an attempt that will not come; their last one has been shown.
void batch::drop_waiting() {
  for (; !waiting_.empty(); waiting_.pop()) {
    const waiting_job& w = waiting_.top();
    const job_end end = end_of(*w.job, *w.before);
    results_.log(end);
    journal_.given_up(*w.job);
    printer_.finish(w.job->seq);
    ++tally_.done;
    ++tally_.failed;
  }
}

void batch::show(slot& s, job_end& end) {
  end.out_bytes = s.output->bytes(false);
  end.folder = s.job->folder;
  journal_.ended(end, s.output.get());
  const std::uint64_t seq = s.job->seq;
  if (settings_.json) {
    if (end.last) printer_.show(seq, results_.json(end, *s.output), STDOUT_FILENO);
  } else if (!settings_.quiet_ok || !end.success) {
    s.output->show(printer_, seq, s.tag);
  }
}

/// Before something of ours is written: what is drawn goes, and what a job has written stays.
void batch::clear_line() {
  progress_.hide();
  printer_.end_line();
}

void batch::tell(std::string_view text) {
  clear_line();
  complain(text);
}

void batch::say(const job_end& end) {
  const std::string about = "job " + std::to_string(end.job->seq) + ": ";
  if (end.wrong != nullptr) {
    if (!settings_.quiet) tell(about + message_of(*end.wrong));
    return;
  }
  settings plain = settings_;
  plain.verbose = false;
  const std::string line = diagnosis(*end.result, end.job->cmd, plain);
  if (!line.empty()) tell(about + line);
}

void batch::judge(const job_end& end) {
  if (end.result != nullptr && was_stopped(*end.result)) {
    ++stopped_;
    if (!end.result->not_stopped.empty()) say(end);
    return tell_end(end, "stopped");
  }
  ++tally_.done;
  if (!end.success) ++tally_.failed;
  tell_end(end, end.success ? "ok" : "failed");
  if (end.success && end.result != nullptr) durations_.add(end.result->usage.wall.count());
  // If the system cannot start a job while no other runs, it will not start the next ones either.
  const bool starved =
      end.result == nullptr && end.wrong->kind() == brood::error_kind::busy && running_ == 0;
  if (starved ||
      (end.result == nullptr && template_.same_program() && is_about_the_command(*end.wrong))) {
    if (!fatal_) {
      tell(message_of(*end.wrong));
      fatal_ = end.status;
    }
    stop_starting();
    cancel_running();
    return;
  }
  if (!end.success) say(end);
  if (halted_ || !settings_.halt.reached(tally_)) return;
  halted_ = true;
  stop_starting();
  if (settings_.halt.when == halt_policy::moment::now) cancel_running();
}

}  // namespace cli
