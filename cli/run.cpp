// `brood run`: one command, from its flags to its exit status.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/command.hpp>
#include <brood/jobserver.hpp>
#include <brood/process.hpp>
#include <brood/retry.hpp>
#include <brood/run.hpp>

#include "clock.hpp"
#include "dry_run.hpp"
#include "exit.hpp"
#include "flags.hpp"
#include "hints.hpp"
#include "identity.hpp"
#include "io.hpp"
#include "json.hpp"
#include "ladder.hpp"
#include "pipe.hpp"
#include "relay.hpp"
#include "report.hpp"
#include "run_flags.hpp"
#include "signals.hpp"
#include "streams.hpp"
#include "terminal_modes.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

void print(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) {
    throw system_failure("cannot write to stdout");
  }
}

/// The command may be a make, or start one.
void pass_jobserver(brood::options& o) {
  const auto jobserver = brood::jobserver_client::find();
  if (!jobserver) return;
  for (const int number : jobserver->descriptors()) {
    const auto is_number = [number](const brood::fd_mapping& m) { return m.to == number; };
    const bool taken = std::any_of(o.map_fds.begin(), o.map_fds.end(), is_number);
    const bool passed = std::find(o.pass_fds.begin(), o.pass_fds.end(), number) != o.pass_fds.end();
    if (!taken && !passed) o.pass_fds.push_back(number);
  }
}

brood::command make_command(std::span<char* const> words, const settings& s) {
  if (words.empty()) throw failure{"run: there is no command; see 'brood run --help'"};
  if (!s.shell) return std::vector<std::string>(words.begin(), words.end());
  std::string text = words[0];
  for (const char* word : words.subspan(1)) text.append(" ").append(word);
  return brood::shell(text);
}

int report_not_started(const brood::command& cmd, const brood::error& e, std::size_t attempts,
                       const settings& s) {
  if (s.json) print(to_json(cmd, e, attempts));
  complain(message_of(e));
  return exit_status_of(e);
}

/// How the tool is to end.
struct ending {
  int status = exit_tool_failed;
  int signal = 0;  ///< ends it, if it is not 0
};

void say_what_is_missing(const brood::completed_process& result, const settings& s) {
  for (const std::string& missing : result.degraded) complain("done without " + missing);
  const std::uint64_t omitted = result.out_omitted + result.err_omitted;
  if (omitted == 0 || s.has("max_output")) return;
  complain("left out " + std::to_string(omitted) +
           " bytes in the middle of the output: --max-output keeps more");
}

ending report_end(const brood::command& cmd, const brood::completed_process& result,
                  const brood::error* wrong, const settings& s, const streams& outputs) {
  if (!outputs.show(result)) {
    throw system_failure("cannot write the output");
  }
  if (s.json) print(to_json(result, wrong, s));
  const std::string line = diagnosis(result, cmd, s);
  if (!line.empty()) complain(line);
  if (!s.quiet) say_what_is_missing(result, s);
  // A shell that runs a script goes on after a command that handled Ctrl-C by exiting, and ends
  // itself after one that died of it. So if the command died of it we must as well.
  const bool interrupted =
      result.reason == brood::reason::signaled && result.status.signal() == SIGINT;
  return {exit_status_of(result), interrupted ? SIGINT : 0};
}

/// True for an error that only says how the command ended, which the tool says by itself.
bool is_about_the_end(const brood::error& e) {
  return e.kind() == brood::error_kind::timed_out || e.kind() == brood::error_kind::failed;
}

bool opens_files(const brood::options& o) {
  const auto is_file = [](const brood::stdio& t) { return t.what() == brood::stdio::kind::file; };
  for (const brood::stdio* stream : {&o.in, &o.out, &o.err}) {
    if (is_file(*stream)) return true;
    for (const brood::stdio& target : stream->targets()) {
      if (is_file(target)) return true;
    }
  }
  return false;
}

/// The attempts at one command, and what signals do meanwhile.
///
/// Not the library's retries, as the tool has to know each attempt's process, for signals, and says
/// between two attempts how the first one ended.
class attempts {
 public:
  attempts(const brood::command& cmd, settings& s, const streams& all)
      : cmd_(cmd), s_(s), streams_(all), policy_(std::exchange(s.options.retry, {})), signals_(s) {}

  using outcome = brood::expected<brood::completed_process, brood::error>;
  /// Of the last attempt.
  outcome run();
  int made() const { return made_; }
  /// The signal that came between two attempts, where no command could take it; or 0.
  int stopped_by() const { return stopped_by_; }

 private:
  outcome once();
  outcome start_and_wait();
  bool wait_until(std::int64_t at, std::int64_t now, const outcome& last);

  const brood::command& cmd_;
  settings& s_;
  const streams& streams_;
  brood::retry_policy policy_;
  bool listening_ = false;
  int made_ = 0;
  int stopped_by_ = 0;
  std::optional<brood::process> process_;
  relay signals_;  // last: its thread uses process_
};

attempts::outcome attempts::start_and_wait() {
  const auto listen = [&] {
    if (!std::exchange(listening_, true)) signals_.listen();
  };
  if (made_ > 1) streams_.prepare_again(s_, "attempt " + std::to_string(made_));
  if (policy_.attempts > 1) s_.options.env.set("BROOD_ATTEMPT", std::to_string(made_));
  if (opens_files(s_.options)) listen();  // which may block
  auto started = brood::try_spawn(cmd_, s_.options);
  if (!started) return brood::unexpected(started.error());
  process_.emplace(std::move(*started));
  signals_.attach(*process_);
  listen();
  return process_->try_finish();
}

attempts::outcome attempts::once() {
  outcome r = start_and_wait();
  signals_.ended();
  return r;
}

/// False if a stop was asked for.
bool attempts::wait_until(std::int64_t at, std::int64_t now, const outcome& last) {
  if (!s_.quiet) {
    const brood::completed_process* r = last ? &*last : last.error().result();
    const bool plain = last || is_about_the_end(last.error());
    const std::string why = r != nullptr && plain ? ending_of(*r, s_.options) : last.error().what();
    complain("attempt " + std::to_string(made_) + " of " + std::to_string(policy_.attempts) + ": " +
             why + "; again in " + rounded(std::chrono::nanoseconds(at - now)));
  }
  return signals_.wait_until(at);
}

attempts::outcome attempts::run() {
  brood::retry_schedule schedule(policy_, monotonic_now(), static_cast<std::uint64_t>(::getpid()));
  for (;;) {
    made_ = schedule.attempt();
    outcome r = once();
    if (signals_.stop_asked() != 0) return r;
    const std::int64_t now = monotonic_now();
    const std::optional<std::int64_t> at = schedule.after(r, now);
    if (!at) return r;
    if (wait_until(*at, now, r)) continue;
    stopped_by_ = signals_.stop_asked();
    return r;
  }
}

ending report(const brood::command& cmd, attempts::outcome done, const attempts& all,
              const settings& s, const streams& outputs) {
  const brood::completed_process* carried = done ? &*done : done.error().result();
  if (carried == nullptr) {
    return {report_not_started(cmd, done.error(), static_cast<std::size_t>(all.made()), s)};
  }
  brood::completed_process result = *carried;
  result.attempts.resize(static_cast<std::size_t>(all.made()) - 1);
  const bool plain_end = done || is_about_the_end(done.error());
  const ending end = report_end(cmd, result, plain_end ? nullptr : &done.error(), s, outputs);
  if (plain_end) return end;
  complain(done.error().what());
  return {};
}

/// Runs the text of --on-final-failure, which learns from its environment how the command ended.
void run_after_failure(const settings& s, const ending& end, int attempts) {
  if (s.on_final_failure.empty() || end.status == 0) return;
  brood::options o;
  o.env.set("BROOD_STATUS", std::to_string(end.status))
      .set("BROOD_ATTEMPTS", std::to_string(attempts));
  const auto r = brood::try_run(brood::shell(s.on_final_failure), o);
  if (!r || !r->success()) {
    complain("--on-final-failure: " + (r ? r->status.to_string() : std::string(r.error().what())));
  }
}

int start_and_finish(const brood::command& cmd, settings& s) {
  const terminal_modes modes;
  const streams outputs(s);
  ending end;
  {
    attempts all(cmd, s, outputs);
    // The guardian is the reaper below us. Should it be killed, orphans come to us.
    if (s.init || s.options.contain == brood::containment::sealed) become_reaper();
    end = report(cmd, all.run(), all, s, outputs);
    if (end.status >= exit_timed_out) modes.restore();
    if (all.stopped_by() != 0) end.signal = all.stopped_by();
    run_after_failure(s, end, all.made());
  }
  if (end.signal != 0) take_by_default(end.signal);
  return end.status;
}

}  // namespace

int verb_run(std::span<char* const> words) {
  settings s;
  s.options.contain = brood::containment::sealed;
  const std::size_t count = read_flags(run_flags(), words, s);
  if (const std::string page = help_of(run_flags(), s); !page.empty()) {
    print(page);
    return 0;
  }
  make_ladder("run", s);
  complete_identity(s);
  pass_jobserver(s.options);
  if (s.pipe) {
    check_streams(s);
    const terminal_modes modes;
    const int status = run_pipe(words.subspan(count), s);
    if (status >= exit_timed_out) modes.restore();
    return status;
  }
  const brood::command cmd = make_command(words.subspan(count), s);
  check_streams(s);
  if (s.verbose && s.quiet) throw failure{"run: contradictory options: --verbose and --quiet"};
  if (s.dry_run) {
    if (const auto mistake = brood::find_mistake(cmd, s.options)) throw failure{mistake->what()};
    print(describe(cmd, s));
    return 0;
  }
  return start_and_finish(cmd, s);
}

}  // namespace cli
