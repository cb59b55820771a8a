// `brood run`: one command, from its flags to its exit status.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <brood/command.hpp>
#include <brood/process.hpp>
#include <brood/retry.hpp>
#include <brood/run.hpp>

#include "dry_run.hpp"
#include "exit.hpp"
#include "flags.hpp"
#include "io.hpp"
#include "json.hpp"
#include "ladder.hpp"
#include "pipe.hpp"
#include "report.hpp"
#include "run_flags.hpp"
#include "signals.hpp"
#include "streams.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

void print(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) {
    throw failure{std::string("cannot write to stdout: ") + std::strerror(errno)};
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
  complain(e.what());
  return exit_status_of(e);
}

/// How the tool is to end.
struct ending {
  int status = exit_tool_failed;
  bool interrupted = false;
};

ending report_end(const brood::command& cmd, const brood::completed_process& result,
                  const brood::error* wrong, const settings& s, const streams& outputs) {
  if (!outputs.show(result)) {
    throw failure{std::string("cannot write the output: ") + std::strerror(errno)};
  }
  if (s.json) print(to_json(result, wrong, s));
  const std::string line = diagnosis(result, cmd, s);
  if (!line.empty()) complain(line);
  for (const std::string& missing : result.degraded) {
    if (!s.quiet) complain("done without " + missing);
  }
  return {exit_status_of(result),
          result.reason == brood::reason::signaled && result.status.signal() == SIGINT};
}

/// True for an error that only says how the command ended, which the tool says by itself.
bool is_about_the_end(const brood::error& e) {
  return e.kind() == brood::error_kind::timed_out || e.kind() == brood::error_kind::failed;
}

std::int64_t monotonic() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
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

/// Not by returning, which would destroy what the thread of the relay may be at work with: it need
/// not end, and whatever it does is of no use any more.
[[noreturn]] void leave(const ending& end) {
  // A shell that runs a script goes on after a command that handled Ctrl-C by exiting, and ends
  // itself after one that died of it. The command died of it: we must as well.
  if (end.interrupted) take_by_default(SIGINT);
  std::exit(end.status);
}

/// The attempts at one command. What was started stays, as the relay's thread may be at work with
/// it.
class attempts {
 public:
  attempts(const brood::command& cmd, settings& s)
      : cmd_(cmd), s_(s), policy_(std::exchange(s.options.retry, {})), signals_(s) {}

  using outcome = brood::expected<brood::completed_process, brood::error>;
  outcome run();
  int made() const { return made_; }
  /// Harmless if it has ended.
  void stop() {
    if (!started_.empty()) (void)started_.back()->stop();
  }

 private:
  outcome once();
  void wait_until(std::int64_t at, const outcome& last);

  const brood::command& cmd_;
  settings& s_;
  brood::retry_policy policy_;
  relay signals_;
  bool listening_ = false;
  std::vector<std::unique_ptr<brood::process>> started_;
  int made_ = 0;
};

attempts::outcome attempts::once() {
  const auto listen = [&] {
    if (!std::exchange(listening_, true)) signals_.listen();
  };
  if (policy_.attempts > 1) s_.options.env.set("BROOD_ATTEMPT", std::to_string(made_));
  if (opens_files(s_.options)) listen();  // which may block
  auto started = brood::try_spawn(cmd_, s_.options);
  if (!started) return brood::unexpected(started.error());
  started_.push_back(std::make_unique<brood::process>(std::move(*started)));
  signals_.attach(*started_.back());
  listen();
  return started_.back()->try_finish();
}

void attempts::wait_until(std::int64_t at, const outcome& last) {
  const std::int64_t now = monotonic();
  if (!s_.quiet) {
    const brood::completed_process* r = last ? &*last : last.error().result();
    const std::string why = r != nullptr && last ? r->status.to_string() : last.error().what();
    complain("attempt " + std::to_string(made_) + " of " + std::to_string(policy_.attempts) + ": " +
             why + "; again in " +
             to_text(std::chrono::nanoseconds(std::max<std::int64_t>(0, at - now))));
  }
  signals_.idle(true);
  std::this_thread::sleep_for(std::chrono::nanoseconds(at - now));
  signals_.idle(false);
}

attempts::outcome attempts::run() {
  brood::retry_schedule schedule(policy_, monotonic(), static_cast<std::uint64_t>(::getpid()));
  for (;;) {
    made_ = schedule.attempt();
    outcome r = once();
    const bool again =
        r ? brood::should_retry(policy_, *r) : brood::should_retry(policy_, r.error());
    const auto at = again ? schedule.next(monotonic()) : std::optional<std::int64_t>();
    if (!at) return r;
    wait_until(*at, r);
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

/// It tells what to do about it how it ended.
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

[[noreturn]] void start_and_finish(const brood::command& cmd, settings& s) {
  const streams outputs(s);
  attempts all(cmd, s);
  ending end;
  try {
    // The guardian is the reaper below us. Should it be killed, orphans come to us.
    if (s.init || s.options.contain == brood::containment::sealed) become_reaper();
    end = report(cmd, all.run(), all, s, outputs);
    run_after_failure(s, end, all.made());
  } catch (const failure& f) {
    complain(f.text);
    all.stop();
  }
  leave(end);
}

}  // namespace

int verb_run(std::span<char* const> words) {
  settings s;
  s.options.contain = brood::containment::sealed;
  const std::size_t count = read_flags(run_flags(), words, s);
  if (s.help) {
    print(help_of(run_flags()));
    return 0;
  }
  make_ladder("run", s);
  if (s.pipe) {
    check_streams(s);
    return run_pipe(words.subspan(count), s);
  }
  const brood::command cmd = make_command(words.subspan(count), s);
  check_streams(s);
  if (s.verbose && s.quiet) throw failure{"run: contradictory options: --verbose and --quiet"};
  if (s.dry_run) {
    if (const auto mistake = brood::find_mistake(cmd, s.options)) throw failure{mistake->what()};
    print(describe(cmd, s));
    return 0;
  }
  start_and_finish(cmd, s);
}

}  // namespace cli
