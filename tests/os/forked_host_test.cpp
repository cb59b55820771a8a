// Hosts that fork: a copy neither keeps a sealed command alive nor touches the original's commands.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"
#include "support/temp_pipe.hpp"

namespace {

using brood::containment;
using support::helper;

class ForkedHost : public support::os_test {};

// As a pre-fork server or a pool of processes has them. It holds all of the host's descriptors.
TEST_F(ForkedHost, AWorkerThatLivesOnDoesNotKeepASealedCommand) {
  support::temp_pipe alive;
  const pid_t host = fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    auto p = brood::spawn({helper(), "leak-tree", path("pids")},
                          {.out = brood::PIPE,
                           .stop = {{SIGTERM, std::chrono::milliseconds(50)}, {SIGKILL, {}}},
                           .contain = containment::sealed});
    if (p.out().read_line() != "ready\n") _exit(1);
    const pid_t worker = fork();
    if (worker == 0) {
      alive.close_write();
      char end = 0;
      _exit(read(alive.read_end(), &end, 1) == 0 ? 0 : 1);
    }
    support::write_file(path("worker"), std::to_string(worker) + "\n");
    for (;;) pause();
  }
  const auto worker = support::wait_for_file_line_count(path("worker"), 1);
  support::kill_pid(host);
  ASSERT_EQ(waitpid(host, nullptr, 0), host);
  ASSERT_EQ(worker.size(), 1U);
  const auto pids = support::lines_of(path("pids"));
  EXPECT_EQ(pids.size(), 5U);
  for (const std::string& pid : pids) EXPECT_TRUE(support::wait_gone(std::stoi(pid))) << pid;
  EXPECT_TRUE(support::none_survive()) << "the guardian";
  EXPECT_TRUE(support::pid_alive(std::stoi(worker[0])));
  alive.close_write();
  EXPECT_TRUE(support::wait_gone(std::stoi(worker[0])));
}

class CopyOfTheHost : public support::level_test {
 protected:
  brood::options piped() const {
    return {.in = brood::PIPE, .out = brood::PIPE, .contain = GetParam()};
  }
  // In a forked copy, which gets a while and must end by itself.
  template <class F>
  static void in_a_copy(F f) {
    const pid_t copy = fork();
    ASSERT_GE(copy, 0);
    if (copy == 0) {
      alarm(20);
      f();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(copy, &status, 0), copy);
    EXPECT_EQ(status, 0);
  }
};
INSTANTIATE_TEST_SUITE_P(All, CopyOfTheHost, support::all_levels(), support::level_name);

void expect_to_answer(brood::process& p) {
  p.in().write("x\n");
  EXPECT_EQ(p.out().read_line(), "got: x\n");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(CopyOfTheHost, DestroysItsProcessAndTheOriginalsLivesOn) {
  auto p = brood::spawn({helper(), "read-input-line"}, piped());
  in_a_copy([&] { brood::process(std::move(p)); });
  expect_to_answer(p);
}

TEST_P(CopyOfTheHost, MayCallAnythingAndTheOriginalsLivesOn) {
  auto p = brood::spawn({helper(), "read-input-line"}, piped());
  in_a_copy([&] {
    p.terminate();
    p.suspend();
    p.resume();
    p.request_stop();
    (void)p.poll();
    p.detach();
    p = {};
  });
  expect_to_answer(p);
}

TEST_P(CopyOfTheHost, DestroysItsLoopAndTheOriginalsCommandsLiveOn) {
  auto l = std::make_unique<brood::loop>();
  std::string out;
  const brood::options o{.out = brood::PIPE, .contain = GetParam()};
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  l->spawn(
      [](brood::loop& in, brood::options opts, std::string fifo, std::string& to) -> brood::task<> {
        const brood::command waits(helper(), "ready", fifo, "+", "out", "alive");
        to = (co_await brood::async_run(in, waits, opts)).out;
      }(*l, o, path("fifo"), out));
  l->poll();
  in_a_copy([&] { l.reset(); });
  EXPECT_EQ(support::read_file(path("fifo")), "\n") << "lets it go on";
  l->run();
  EXPECT_EQ(out, "alive");
}

// Its thread is not there after the fork.
TEST_P(CopyOfTheHost, DestroysItsPoolAndTheOriginalsJobsLiveOn) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  auto all = std::make_unique<brood::pool>(brood::pool_options{.max_workers = 1});
  const brood::job j = all->submit({helper(), "ready", path("fifo"), "+", "out", "alive"},
                                   {.out = brood::PIPE, .contain = GetParam()});
  ASSERT_TRUE(support::poll_until(support::patience, [&] { return j.pid() > 0; }));
  in_a_copy([&] { all.reset(); });
  EXPECT_EQ(support::read_file(path("fifo")), "\n");
  EXPECT_EQ(j.result().out, "alive");
}

TEST_P(CopyOfTheHost, DestroysItsWorkersAndTheOriginalsLiveOn) {
  brood::worker_options o{.max_workers = 1};
  o.process.contain = GetParam();
  auto all = std::make_unique<brood::worker_pool>(brood::command(helper(), "serve"), o);
  EXPECT_EQ(all->call("pid"), all->call("pid"));
  const std::string before = all->call("pid");
  in_a_copy([&] { all.reset(); });
  EXPECT_EQ(all->call("pid"), before);
}

// --- a command that the host may not signal ---

// Root starts the command, and is nobody by the time of the stop. 0, or which line was wrong.
int run_what_cannot_be_stopped(containment level) {
  using namespace std::chrono_literals;
  support::temp_pipe gate;  // the command ends with it
  const auto begin = std::chrono::steady_clock::now();
  const auto r =
      brood::try_run({helper(), "become-user", "65533", "+", "out", "up\n", "+", "cat"},
                     {.in = brood::fd(gate.read_end()),
                      .out = brood::PIPE,
                      .on_line = [](auto, auto) { (void)!setresuid(65534, 65534, 65534); },
                      .timeout = 200ms,
                      .stop = {{SIGTERM, 50ms}, {SIGKILL, {}}},
                      .contain = level});
  const auto took = std::chrono::steady_clock::now() - begin;
  if (geteuid() != 65534) return __LINE__;
  if (r || r.error().kind() != brood::error_kind::timed_out || !r.error().result()) return __LINE__;
  const brood::completed_process& done = *r.error().result();
  // The time limit counts from the call, the usage from the start.
  if (took < 200ms || took > 5s || done.usage.wall < 100ms || done.usage.wall > took)
    return __LINE__;
  if (level == containment::sealed) {  // its guardian is still root's
    return done.not_stopped.empty() && done.status.signal() == SIGTERM ? 0 : __LINE__;
  }
  if (done.not_stopped.find("Operation not permitted") == std::string::npos) return __LINE__;
  if (done.not_stopped.find(std::to_string(done.pid)) == std::string::npos) return __LINE__;
  if (done.returncode() || done.status.code() || done.status.signal()) return __LINE__;
  if (!support::pid_alive(done.pid)) return __LINE__;
  gate.close_write();
  if (!support::wait_gone(done.pid)) return __LINE__;
  (void)brood::try_run({"/bin/true"});  // the next start looks for it
  return waitpid(done.pid, nullptr, WNOHANG) == -1 && errno == ECHILD ? 0 : __LINE__;
}

TEST_P(CopyOfTheHost, ThatMayNotSignalItsCommandSaysSoAndReapsItLater) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const std::string wrong_file = path("wrong");
  support::write_file(wrong_file, "", 0666);
  ASSERT_EQ(chmod(dir().c_str(), 0777), 0);
  ASSERT_EQ(chmod(wrong_file.c_str(), 0666), 0);
  const pid_t host = fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    alarm(60);
    const int wrong = run_what_cannot_be_stopped(GetParam());
    if (wrong != 0) support::write_file(wrong_file, std::to_string(wrong));
    _exit(wrong != 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(host, &status, 0), host);
  EXPECT_EQ(status, 0) << "line " << support::read_file(wrong_file);
}

// --- a host without a stdout of its own ---

class WithoutStdout : public support::level_test {
 protected:
  // What the error of a command says that is started without 1.
  template <class F>
  std::string said(F start) const {
    const std::string file = path("said");
    const pid_t host = fork();
    if (host == 0) {
      alarm(20);
      close(STDOUT_FILENO);
      support::write_file(file, start());
      _exit(0);
    }
    EXPECT_EQ(waitpid(host, nullptr, 0), host);
    return support::read_file(file);
  }
};
INSTANTIATE_TEST_SUITE_P(All, WithoutStdout, support::all_levels(), support::level_name);

TEST_P(WithoutStdout, MergingIntoItIsTheCommandsOwnFailure) {
  const brood::command exits{helper(), "exit", "3"};
  const brood::options merged{.err = brood::STDOUT, .contain = GetParam()};
  const auto why = [](const auto& r) { return std::string(r ? "it ran" : r.error().what()); };
  const std::string right = "descriptors 'descriptor 1': Bad file descriptor";
  EXPECT_EQ(said([&] { return why(brood::try_run(exits, merged)); }), right);
  EXPECT_EQ(said([&] { return why(brood::pool().submit(exits, merged).try_result()); }), right);
}

}  // namespace
