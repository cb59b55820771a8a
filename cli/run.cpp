// `brood run`: one command, from its flags to its exit status.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/command.hpp>
#include <brood/process.hpp>
#include <brood/run.hpp>

#include "dry_run.hpp"
#include "exit.hpp"
#include "flags.hpp"
#include "io.hpp"
#include "json.hpp"
#include "report.hpp"
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

constexpr brood::duration default_grace = std::chrono::seconds(5);

/// -s and -k are short for a ladder of two steps.
void make_ladder(settings& s) {
  if (!s.signal && !s.kill_after.given()) return;
  if (s.has("stop")) throw failure{"run: contradictory options: --stop and --signal, --kill-after"};
  s.options.stop = {
      {s.signal.value_or(SIGTERM), s.kill_after.given() ? s.kill_after : default_grace},
      {SIGKILL, {}}};
}

void become_reaper(const settings& s) {
  if (!s.init && s.options.contain != brood::containment::sealed) return;
  // The guardian is the reaper below us. Should it be killed, orphans come to us instead of being
  // lost to init. On failure (a filter of system calls) it is as if we had not asked.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int report_not_started(const brood::command& cmd, const brood::error& e, const settings& s) {
  if (s.json) print(to_json(cmd, e));
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

ending finish(brood::process& p, const brood::command& cmd, const settings& s,
              const streams& outputs) {
  const auto done = p.try_finish();
  if (done) return report_end(cmd, *done, nullptr, s, outputs);
  const brood::completed_process* result = done.error().result();
  if (result == nullptr) throw failure{done.error().what()};
  const bool plain_end = is_about_the_end(done.error());
  ending end = report_end(cmd, *result, plain_end ? nullptr : &done.error(), s, outputs);
  if (plain_end) return end;
  complain(done.error().what());
  return {};
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

[[noreturn]] void start_and_finish(const brood::command& cmd, settings& s) {
  const streams outputs(s);
  relay signals(s);
  std::optional<brood::expected<brood::process, brood::error>> started;
  ending end;
  try {
    become_reaper(s);
    const bool may_block = opens_files(s.options);
    if (may_block) signals.listen();
    started.emplace(brood::try_spawn(cmd, s.options));
    if (!*started) leave({report_not_started(cmd, started->error(), s)});
    signals.attach(**started);
    if (!may_block) signals.listen();
    end = finish(**started, cmd, s, outputs);
  } catch (const failure& f) {
    complain(f.text);
    if (started && *started) (void)(*started)->stop();  // harmless if it has ended
  }
  leave(end);
}

}  // namespace

int verb_run(std::span<char* const> words) {
  settings s;
  s.options.contain = brood::containment::sealed;
  const std::size_t count = read_flags(words, s);
  if (s.help) {
    print(run_help());
    return 0;
  }
  const brood::command cmd = make_command(words.subspan(count), s);
  make_ladder(s);
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
