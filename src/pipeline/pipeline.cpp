// Running a pipeline: N starts, one loop, one judgement.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include <brood/pipeline.hpp>
#include <brood/process.hpp>
#include <brood/run.hpp>

#include "async/process_task.hpp"
#include "base/make_error.hpp"
#include "executor/executor.hpp"
#include "loop/event_loop.hpp"
#include "spawn/launch.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace brood {

namespace {

namespace sys = detail::sys;
using detail::bad_request;
using detail::process_task;
using outcome = expected<completed_process, error>;

std::optional<error> find_pipeline_mistake(const pipeline& p, const options& o) {
  if (p.stages().empty()) return bad_request("pipeline", "it has no stages");
  if (o.retry.attempts != 1) return bad_request("retry", "a pipeline runs once");
  if (o.err.what() == stdio::kind::merge_stdout && p.stages().size() > 1) {
    return bad_request("err", "STDOUT of a stage is the next one's input");
  }
  for (const command& c : p.stages()) {
    if (auto m = find_mistake(c, o)) return m;
  }
  return {};
}

/// The stages on their way.
class pipeline_run final : public detail::exit_handler {
 public:
  pipeline_run(const pipeline& p, const options& o, detail::event_loop& loop)
      : pipeline_(p), options_(o), loop_(loop), tasks_(p.stages().size()) {}

  std::optional<error> start();
  void finish(std::int64_t until, const std::atomic<bool>& cancelled);
  void on_exit(process_task& t) override;
  /// Of all, in order, once all have ended.
  std::vector<outcome> outcomes();
  std::exception_ptr thrown() const noexcept { return thrown_; }
  bool timed_out() const noexcept { return timed_out_; }
  bool cancelled() const noexcept { return cancelled_; }

 private:
  options stage_options(std::size_t i, int read_end, int write_end) const;
  void stop_all(reason why);
  void abandon();

  const pipeline& pipeline_;
  const options& options_;
  detail::event_loop& loop_;
  std::vector<std::unique_ptr<process_task>> tasks_;
  std::vector<bool> over_ = std::vector<bool>(tasks_.size());
  std::size_t left_ = 0;
  std::exception_ptr thrown_;
  bool timed_out_ = false;
  bool cancelled_ = false;
};

options pipeline_run::stage_options(std::size_t i, int read_end, int write_end) const {
  options o = options_;
  const bool last = i + 1 == pipeline_.stages().size();
  o.timeout = {};  // one deadline, for all
  o.check = false;
  if (o.capture_output) {
    o.capture_output = false;
    o.out = PIPE;
    if (o.err.what() == stdio::kind::inherit) o.err = PIPE;
  }
  if (i > 0) {
    o.input.reset();
    o.in = fd(read_end);
  }
  if (!last) {
    o.out = fd(write_end);
    const bool watched = o.err.what() == stdio::kind::pipe || o.err.what() == stdio::kind::tee;
    if (!watched) o.idle_timeout = {};
  }
  return o;
}

std::optional<error> pipeline_run::start() {
  sys::fd from_before;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    sys::fd read_end;
    sys::fd write_end;
    if (i + 1 < tasks_.size()) {
      if (const int r = sys::make_pipe(read_end, write_end); r < 0) {
        abandon();
        return detail::os_error(error_stage::pipe, "pipeline", -r);
      }
    }
    auto started = detail::executor_in_force().start(
        {std::make_shared<const command>(pipeline_.stages()[i]),
         std::make_shared<const options>(stage_options(i, from_before.get(), write_end.get()))});
    if (!started) {
      abandon();
      return started.error();
    }
    from_before = std::move(read_end);
    tasks_[i] = std::make_unique<process_task>(loop_, std::move(*started), *this);
    ++left_;
  }
  return {};
}

void pipeline_run::stop_all(reason why) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i] && !over_[i]) tasks_[i]->stop(why);
  }
}

// A stage could not be started: the ones before it go, all at once.
void pipeline_run::abandon() {
  stop_all(reason::cancelled);
  while (left_ > 0) (void)loop_.turn(detail::deadline::never());
}

void pipeline_run::on_exit(process_task& t) {
  const auto at =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& one) { return one.get() == &t; });
  over_[static_cast<std::size_t>(at - tasks_.begin())] = true;
  --left_;
  if (t.thrown() && !thrown_) thrown_ = t.thrown();
  // Ended by itself, well or badly, is the pipeline's ordinary course.
  const bool stopped = t.thrown() || t.stopped_for_a_limit();
  if (stopped && left_ > 0) stop_all(reason::cancelled);
}

void pipeline_run::finish(std::int64_t until, const std::atomic<bool>& cancelled) {
  for (const auto& t : tasks_) t->start();
  while (left_ > 0) {
    if (!cancelled_ && cancelled.load(std::memory_order_acquire)) {
      cancelled_ = true;
      stop_all(reason::cancelled);
    }
    if (sys::now() >= until) {
      timed_out_ = true;
      until = INT64_MAX;
      stop_all(reason::timed_out);
    }
    (void)loop_.turn(detail::deadline::at(until));
  }
}

std::vector<outcome> pipeline_run::outcomes() {
  std::vector<outcome> all;
  for (const auto& t : tasks_) all.push_back(t->take_result());
  return all;
}

void add_usage(usage& to, const usage& one) {
  to.user += one.user;
  to.system += one.system;
  to.max_rss_bytes = std::max(to.max_rss_bytes, one.max_rss_bytes);
  to.minor_faults += one.minor_faults;
  to.major_faults += one.major_faults;
  to.blocks_in += one.blocks_in;
  to.blocks_out += one.blocks_out;
  to.voluntary_switches += one.voluntary_switches;
  to.involuntary_switches += one.involuntary_switches;
}

bool forgiven(const completed_process& stage, bool last) {
  return !last && stage.reason == reason::signaled && stage.status.signal() == SIGPIPE;
}

bool hit_a_limit(const completed_process& stage) {
  return stage.reason != reason::exited && stage.reason != reason::signaled &&
         stage.reason != reason::cancelled;
}

/// The stage that decides: one that hit a limit, for then the others were cancelled; the rightmost
/// bad one; else the last.
std::size_t deciding(const completed_pipeline& r, pipe_rule rule) {
  const std::size_t last = r.stages.size() - 1;
  for (std::size_t i = 0; i <= last; ++i) {
    if (hit_a_limit(r.stages[i])) return i;
  }
  if (rule == pipe_rule::last_stage) return last;
  for (std::size_t i = last + 1; i > 0; --i) {
    const completed_process& s = r.stages[i - 1];
    if (!s.accepted && !forgiven(s, i - 1 == last)) return i - 1;
  }
  return last;
}

completed_process result_of(outcome one) {
  if (one) return std::move(*one);
  return *one.error().result();
}

error about(error_kind kind, error_stage stage, const pipeline& p, std::string_view text,
            completed_process decider, std::string out) {
  decider.out = std::move(out);
  return error(kind, stage, p.to_string(), {}, text).with(std::move(decider));
}

}  // namespace

std::string pipeline::to_string() const {
  std::string line;
  for (const command& c : stages_) line += (line.empty() ? "" : " | ") + c.to_string();
  return line;
}

expected<completed_pipeline, error> try_run(const pipeline& p, const options& o,
                                            std::stop_token cancel) {
  const std::int64_t start = sys::now();
  if (auto m = find_pipeline_mistake(p, o)) return unexpected(std::move(*m));
  auto loop = detail::event_loop::make(detail::portable_backend());
  if (!loop) return unexpected(loop.error());
  std::atomic<bool> cancelled{false};
  const std::stop_callback wake(std::move(cancel), [&] {
    cancelled.store(true, std::memory_order_release);
    (*loop)->wake();
  });

  pipeline_run c(p, o, **loop);
  if (auto e = c.start()) return unexpected(std::move(*e));
  const std::int64_t limit = o.timeout.nanoseconds();
  const bool limited = o.timeout.given() && limit <= INT64_MAX - start;
  c.finish(limited ? start + limit : INT64_MAX, cancelled);
  if (c.thrown()) std::rethrow_exception(c.thrown());

  completed_pipeline r;
  std::optional<error> failure;
  for (outcome& one : c.outcomes()) {
    const bool about_the_end = !one && one.error().kind() == error_kind::timed_out;
    if (!one && !about_the_end && !failure) failure = one.error();
    r.stages.push_back(result_of(std::move(one)));
    add_usage(r.usage, r.stages.back().usage);
    r.complete = r.complete && r.stages.back().complete;
  }
  r.usage.wall = std::chrono::nanoseconds(sys::now() - start);
  r.out = std::move(r.stages.back().out);
  r.stages.back().out.clear();
  const completed_process& decider = r.stages[deciding(r, p.rule())];
  r.status = decider.status;
  r.reason = c.timed_out() ? reason::timed_out : c.cancelled() ? reason::cancelled : decider.reason;
  r.accepted = !c.timed_out() && !c.cancelled() &&
               (decider.accepted || forgiven(decider, &decider == &r.stages.back()));
  if (!failure && (c.timed_out() || r.reason == reason::idle_timed_out)) {
    failure = about(error_kind::timed_out, error_stage::timeout, p, "timed out", decider, r.out);
  }
  if (!failure && o.check && !r.accepted) {
    failure =
        about(error_kind::failed, error_stage::check, p,
              r.status.to_string() + " of " + command(decider.args).to_string(), decider, r.out);
  }
  if (failure) return unexpected(failure->with(std::move(r)));
  return r;
}

completed_pipeline run(const pipeline& p, const options& o, std::stop_token cancel) {
  return try_run(p, o, std::move(cancel)).value();
}

}  // namespace brood
