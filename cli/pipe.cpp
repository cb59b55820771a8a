// `brood run --pipe`: the stages, their signals and their report.
// SPDX-License-Identifier: Apache-2.0
#include "pipe.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <brood/pipeline.hpp>
#include <brood/run.hpp>

#include "exit.hpp"
#include "io.hpp"
#include "json.hpp"
#include "signals.hpp"
#include "streams.hpp"

namespace cli {

namespace {

brood::pipeline read_stages(std::span<char* const> words) {
  std::vector<brood::command> stages;
  std::vector<std::string> one;
  const auto add = [&] {
    if (one.empty()) throw failure{"run: --pipe: a stage is empty: CMD -- CMD -- CMD"};
    stages.emplace_back(std::exchange(one, {}));
  };
  for (const char* word : words) {
    if (std::string_view(word) == "--") {
      add();
    } else {
      one.emplace_back(word);
    }
  }
  add();
  return brood::pipeline(std::move(stages));
}

/// The signals that stop: told to the pipeline by a thread that takes them. What the terminal sends
/// has reached the stages already, which are in our group; the stop that follows ends those that
/// did not mind. A second signal does to us what it does by default: the guardians clean up.
class stopper {
 public:
  stopper() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
      struct sigaction now {};
      ::sigaction(signal, nullptr, &now);
      if (now.sa_handler != SIG_IGN) ::sigaddset(&set_, signal);
    }
    ::sigaddset(&set_, SIGRTMIN);  // says that it is over
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    thread_ = std::thread([this] { serve(); });
  }
  stopper(const stopper&) = delete;
  stopper& operator=(const stopper&) = delete;
  ~stopper() {
    over_ = true;
    ::pthread_kill(thread_.native_handle(), SIGRTMIN);
    thread_.join();
  }
  std::stop_token token() const { return source_.get_token(); }
  int taken() const { return taken_; }

 private:
  void serve() {
    for (;;) {
      int signal = 0;
      if (::sigwait(&set_, &signal) != 0) continue;
      if (over_) return;
      if (taken_ != 0) take_by_default(signal);
      taken_ = signal;
      source_.request_stop();
    }
  }

  sigset_t set_{};
  std::stop_source source_;
  std::atomic<bool> over_ = false;
  std::atomic<int> taken_ = 0;
  std::thread thread_;
};

int exit_status_of(const brood::completed_pipeline& r) {
  brood::completed_process decider;
  decider.status = r.status;
  decider.reason = r.reason;
  if (r.success()) return 0;
  const int status = cli::exit_status_of(decider);
  return status == 0 ? exit_tool_failed : status;
}

int report(const brood::pipeline& p, const brood::completed_pipeline& r, const settings& s,
           const streams& outputs) {
  brood::completed_process shown;
  shown.out = r.out;
  shown.accepted = r.accepted;
  for (const brood::completed_process& stage : r.stages) shown.err += stage.err;
  if (!outputs.show(shown)) {
    throw failure{std::string("cannot write the output: ") + std::strerror(errno)};
  }
  if (s.json && !write_all(STDOUT_FILENO, to_json(r, s))) {
    throw failure{std::string("cannot write to stdout: ") + std::strerror(errno)};
  }
  if (s.verbose) complain(r.status.to_string() + ": " + p.to_string());
  return exit_status_of(r);
}

}  // namespace

int run_pipe(std::span<char* const> words, settings& s) {
  for (const auto& [given, name] : {std::pair(s.shell, "--shell"), std::pair(s.init, "--init")}) {
    if (given) throw failure{std::string("run: contradictory options: --pipe and ") + name};
  }
  const brood::pipeline p = read_stages(words);
  if (s.dry_run) {
    for (const brood::command& c : p.stages()) {
      if (const auto m = brood::find_mistake(c, s.options)) throw failure{m->what()};
    }
    write_all(STDOUT_FILENO, p.to_string() + "\n");
    return 0;
  }
  const streams outputs(s);
  const stopper signals;
  const auto done = brood::try_run(p, s.options, signals.token());
  if (done) {
    const int status = report(p, *done, s, outputs);
    return signals.taken() != 0 ? exit_signal_base + signals.taken() : status;
  }
  complain(done.error().what());
  if (const brood::completed_process* r = done.error().result()) {
    (void)outputs.show(*r);
    return done.error().kind() == brood::error_kind::timed_out ? exit_timed_out : exit_tool_failed;
  }
  return cli::exit_status_of(done.error());
}

}  // namespace cli
