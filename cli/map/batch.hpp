// Runs the jobs of a batch over a pool, a bounded number at a time, however many there are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <brood/pool.hpp>

#include "map/command_template.hpp"
#include "map/halt.hpp"
#include "map/job.hpp"
#include "map/median.hpp"
#include "map/printer.hpp"
#include "map/progress.hpp"
#include "map/results_writer.hpp"
#include "map/run_journal.hpp"
#include "map/settings.hpp"
#include "map/slot_output.hpp"
#include "map/start_throttle.hpp"
#include "signals.hpp"

namespace cli {

/// Where the ends of jobs are written down.
struct sinks {
  results_writer& files;
  run_journal& past;
};

/// One thread does all the work: it waits for jobs to end, for arguments, for points in time and
/// for signals. The pool's thread only tells it that a job has ended.
class batch {
 public:
  /// All arguments are borrowed, and the pool is used by this batch alone. Errors: failure.
  batch(const map_settings& s, job_source& jobs, const command_template& c, sinks k,
        brood::pool& pool);
  batch(const batch&) = delete;
  batch& operator=(const batch&) = delete;
  ~batch();

  /// \return the exit status. Errors: failure, once nothing runs any more.
  int run();

 private:
  struct slot;
  using outcome = brood::expected<brood::completed_process, brood::error>;
  struct waiting_job {
    std::int64_t due;
    std::unique_ptr<map_job> job;
    std::optional<outcome> before;
    bool operator>(const waiting_job& o) const { return due > o.due; }
  };

  void loop();
  bool over() const;
  // Starting
  void start_what_may(std::int64_t now);
  slot* free_slot();
  std::size_t room() const;
  bool may_give_ahead(const map_job& job) const;
  void give_place(slot& s, int number);
  void pass_on_place(slot& s);
  bool is_due(std::int64_t now) const;
  bool has_job(std::int64_t now);
  std::unique_ptr<map_job> next_job(std::int64_t now);
  bool is_done(map_job& job);
  void start(slot& s, std::unique_ptr<map_job> job);
  brood::options options_for(slot& s, map_job& job);
  void stop_starting();
  void cancel_running();
  bool jobs_had_signal() const;
  void await_running();
  // Ending
  void take_ends();
  void ended(slot& s, outcome r);
  bool dropped(slot& s, const outcome& r);
  bool was_interrupted(const brood::completed_process& r);
  void vacate(slot& s);
  bool again(slot& s, const outcome& r);
  void settle(slot& s, const outcome& r);
  void drop_waiting();
  void judge(const job_end& end);
  void say(const job_end& end);
  void say_outcome();
  std::string waits_for(std::int64_t now) const;
  void tell_end(const job_end& end, std::string_view how);
  void show(slot& s, job_end& end);
  void clear_line();
  void tell(std::string_view text);
  // Waiting
  void wait(std::int64_t now);
  void heed_signals();
  void heed_limits(std::int64_t now);
  bool go_on();
  batch_state state(std::size_t jobs) const;
  void answer_question(std::int64_t now);
  std::int64_t late_at(const slot& s) const;

  const map_settings& settings_;
  job_source& jobs_;
  const command_template& template_;
  results_writer& results_;
  run_journal& journal_;
  stop_signals signals_;
  start_throttle throttle_;
  printer printer_;
  brood::options base_;
  int nothing_ = -1;  // /dev/null, the stdin of jobs that are given none
  brood::retry_policy policy_;
  median_of_last durations_;
  std::int64_t began_;
  progress progress_;

  int most_ = 1;  // jobs at once
  std::vector<std::unique_ptr<slot>> slots_;
  std::set<int> free_;       // of slots_, by index
  std::set<int> places_;     // numbers of slots that are free, below placed_
  int placed_ = 0;           // the highest number so far
  std::deque<slot*> ahead_;  // their jobs are in the pool's queue, and start in this order
  bool hurries_ = false;     // a success changes nothing for other jobs: start the next one first
  // Nor does what a job is, or whether it may start, depend on when that is: it is given to the
  // pool before it may run, so that it starts without waiting for us.
  bool gives_ahead_ = false;
  std::unique_ptr<slot> vacated_;  // holds a job that has ended while its slot runs the next one
  int running_ = 0;
  std::priority_queue<waiting_job, std::vector<waiting_job>, std::greater<>> waiting_;
  std::unique_ptr<map_job> fetched_;
  bool input_ended_ = false;
  std::uint64_t fetched_count_ = 0;
  bool input_waits_ = false;
  bool starting_ = true;  // jobs may still be started
  bool cancelling_ = false;
  std::optional<std::int64_t> stop_at_;  // the jobs have had the signal, and until then time to end
  bool halted_ = false;
  bool checked_ = false;  // the first command and its options were checked for mistakes
  int requests_heeded_ = 0;
  int patience_ = 0;
  std::optional<int> fatal_;  // the exit status, however the other jobs end
  tally tally_;
  std::uint64_t stopped_ = 0;
  std::uint64_t skipped_ = 0;

  std::mutex lock_;
  std::vector<int> ends_;  // slots; guarded by lock_

  brood::pool& pool_;
};

}  // namespace cli
