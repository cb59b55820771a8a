// A thread for each worker takes the next argument, asks, and shows the answer.
// SPDX-License-Identifier: Apache-2.0
#include "map/workers.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <brood/worker_pool.hpp>

#include "exit.hpp"
#include "hints.hpp"
#include "io.hpp"
#include "map/printer.hpp"
#include "signals.hpp"

namespace cli {

namespace {

std::string request_of(const map_job& job) {
  std::string line;
  for (const std::string& a : job.args) {
    if (&a != job.args.data()) line += '\t';
    line += a;
  }
  return line;
}

brood::worker_options options_of(const map_settings& s, int workers) {
  brood::worker_options w;
  w.max_workers = workers;
  w.process = s.options;
  w.timeout = std::exchange(w.process.timeout, {});
  return w;
}

class asked {
 public:
  asked(const std::vector<std::string>& command, const map_settings& s, job_source& jobs)
      : settings_(s),
        jobs_(jobs),
        workers_(resolve(s.jobs)),
        printer_(s.keep_order, [this] { return signals_.requests() == 0; }),
        pool_(brood::command(command), options_of(s, workers_)) {}

  int run() {
    current_.resize(static_cast<std::size_t>(workers_));
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::sigdelset(&all, SIGPIPE);
    ::sigdelset(&all, SIGALRM);                     // which interrupts a write that nobody reads
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the others are for this thread
    alive_ = workers_;
    for (int i = 0; i < workers_; ++i) threads_.emplace_back([this, i] { serve(i); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    wait();
    for (std::thread& t : threads_) t.join();
    if (signals_.signal() != 0) {
      if (wrong_) complain(wrong_->text);
      return exit_signal_base + signals_.signal();
    }
    if (wrong_) throw *wrong_;
    if (fatal_) return *fatal_;
    if (tally_.failed > 0 && !settings_.quiet) {
      complain(std::to_string(tally_.failed) + " of " + std::to_string(tally_.done) +
               " requests failed");
    }
    return static_cast<int>(std::min<std::uint64_t>(tally_.failed, 101));
  }

 private:
  void wait() {
    for (;;) {
      pollfd p{signals_.descriptor(), POLLIN, 0};
      ::poll(&p, 1, -1);
      signals_.clear();
      if (signals_.requests() > 0) {
        for (std::thread& t : threads_) ::pthread_kill(t.native_handle(), SIGALRM);
      }
      const std::lock_guard hold(lock_);
      if (alive_ == 0) return;
      if (signals_.requests() > 0) stop();
    }
  }

  /// Under the lock.
  void stop() {
    stopping_ = true;
    for (const brood::reply& r : current_) {
      if (r) r.cancel();
    }
  }

  void serve(int me) {
    map_job job;
    try {
      while (take(job)) ask(me, job);
    } catch (const failure& f) {
      fail(f);
    } catch (const brood::error& e) {
      fail({e.what()});
    }
    const std::lock_guard hold(lock_);
    --alive_;
    signals_.wake();
  }

  void fail(const failure& f) {
    const std::lock_guard hold(lock_);
    if (!wrong_) wrong_ = f;
    stop();
  }

  bool take(map_job& job) {
    const std::lock_guard turn(input_);
    for (;;) {
      {
        const std::lock_guard hold(lock_);
        if (stopping_) return false;
      }
      const got r = jobs_.next(job);
      if (r != got::wait) return r == got::one;
      pollfd p{jobs_.waits_for(), POLLIN, 0};
      ::poll(&p, 1, 100);  // to see whether it is to stop
    }
  }

  void ask(int me, const map_job& job) {
    brood::reply r = pool_.request(request_of(job));
    {
      const std::lock_guard hold(lock_);
      current_[static_cast<std::size_t>(me)] = r;
      if (stopping_) r.cancel();
    }
    const auto answer = r.try_result();
    {
      const std::lock_guard hold(output_);  // which may last, if nobody reads
      if (answer) printer_.show(job.seq, *answer + "\n", STDOUT_FILENO);
      printer_.finish(job.seq);
    }
    const std::lock_guard hold(lock_);
    current_[static_cast<std::size_t>(me)] = {};
    if (answer) {
      ++tally_.done;
    } else if (!stopping_) {
      judge(job, answer.error());
    }
    if (settings_.halt.reached(tally_)) stop();
  }

  void judge(const map_job& job, const brood::error& e) {
    ++tally_.done;
    ++tally_.failed;
    if (e.kind() == brood::error_kind::not_found || e.kind() == brood::error_kind::denied) {
      complain(message_of(e));
      fatal_ = exit_status_of(e);
      return stop();
    }
    if (!settings_.quiet) complain("request " + std::to_string(job.seq) + ": " + e.what());
  }

  const map_settings& settings_;
  job_source& jobs_;
  int workers_;
  stop_signals signals_;
  std::vector<std::thread> threads_;
  std::mutex input_;
  std::mutex output_;
  printer printer_;  // guarded by output_
  std::mutex lock_;
  // Guarded by lock_:
  std::vector<brood::reply> current_;  // by thread
  int alive_ = 0;
  bool stopping_ = false;
  tally tally_;
  std::optional<int> fatal_;
  std::optional<failure> wrong_;

  brood::worker_pool pool_;
};

}  // namespace

int run_workers(const std::vector<std::string>& command, const map_settings& s, job_source& jobs) {
  return asked(command, s, jobs).run();
}

}  // namespace cli
