// `brood run --pipe`: the stages, their signals and their report.
// SPDX-License-Identifier: Apache-2.0
#include "pipe.hpp"

#include <unistd.h>

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <brood/pipeline.hpp>
#include <brood/run.hpp>

#include "exit.hpp"
#include "hints.hpp"
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

/// Tells the pipeline of the first signal that stops. What a terminal sends has reached the stages
/// already, which are in our group; the ladder then ends those that ignored it. The second signal
/// does to us what it does by default: the guardians, which notice our end, clean up.
class stopper {
 public:
  stopper() : reader_(stopping_signals, [this](const signal_event& e) { take(e); }) {
    reader_.start();
  }

  std::stop_token token() const { return source_.get_token(); }
  int taken() const { return requests_.first_signal(); }

 private:
  void take(const signal_event& e) {
    const int request = requests_.add(e.number);
    if (request == 1) source_.request_stop();
    if (request > 1) take_by_default(e.number);
  }

  std::stop_source source_;
  stop_requests requests_;
  signal_reader reader_;  // last: its thread uses the others
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
    throw system_failure("cannot write the output");
  }
  if (s.json && !write_all(STDOUT_FILENO, to_json(r, s))) {
    throw system_failure("cannot write to stdout");
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
    write_all(STDOUT_FILENO, shown_on(STDOUT_FILENO, p.to_string()) + "\n");
    return 0;
  }
  const streams outputs(s);
  const stopper signals;
  const auto done = brood::try_run(p, s.options, signals.token());
  if (done) {
    const int status = report(p, *done, s, outputs);
    return signals.taken() != 0 ? exit_signal_base + signals.taken() : status;
  }
  complain(message_of(done.error()));
  if (const brood::completed_process* r = done.error().result()) {
    (void)outputs.show(*r);
    return done.error().kind() == brood::error_kind::timed_out ? exit_timed_out : exit_tool_failed;
  }
  return cli::exit_status_of(done.error());
}

}  // namespace cli
