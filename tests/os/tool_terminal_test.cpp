// The tool at a terminal: under an interactive shell the command is as if it ran alone.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;

// An interactive shell with job control, in a session and on a terminal of its own.
class terminal {
 public:
  terminal() {
    master_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) {
      ADD_FAILURE() << "no terminal";
      return;
    }
    std::array<char, 128> name{};
    ptsname_r(master_, name.data(), name.size());
    shell_ = fork();
    if (shell_ == 0) become_shell(name.data());
    type("PS1='sh> '; PS2=; export T='" + support::tool() + "' HELPER='" + support::helper() +
         "'; echo be''gin\n");
    await("begin\r\n");
    // The terminal echoes what is typed at once, also before the shell has asked for it.
    await("sh> ");
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  ~terminal() {
    if (shell_ > 0) {
      type("\nexit\n");
      if (!support::poll_until(5s, [this] { return reap(WNOHANG); })) {
        ::kill(shell_, SIGKILL);
        reap(0);
      }
    }
    if (master_ >= 0) close(master_);
  }

  void type(std::string_view text) const {
    EXPECT_EQ(::write(master_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // Reads on until `text` came; what came since the last call.
  std::string await(std::string_view text) {
    const auto end = std::chrono::steady_clock::now() + support::patience;
    for (;;) {
      const std::size_t at = seen_.find(text);
      if (at != std::string::npos) {
        const std::string part = seen_.substr(0, at + text.size());
        seen_.erase(0, part.size());
        return part;
      }
      pollfd ready{master_, POLLIN, 0};
      ::poll(&ready, 1, 100);
      std::array<char, 4096> block;
      const ssize_t n = ready.revents != 0 ? ::read(master_, block.data(), block.size()) : 0;
      if (n > 0) seen_.append(block.data(), static_cast<std::size_t>(n));
      if (n < 0 || std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "waited for '" << text << "', got '" << seen_ << "'";
        return {};
      }
    }
  }

  // The status of the last command, by the shell. The prompt may come amid the echo of what is
  // typed, so nothing may rely on that.
  int status() {
    type("echo sta''tus=$?.\n");
    await("status=");
    return std::stoi(await("."));
  }

  // Starts a job in the background; the pid of the tool.
  pid_t background(const std::string& line) {
    type(line + " & echo pi''d=$!.\n");
    await("pid=");
    return std::stoi(await("."));
  }

 private:
  [[noreturn]] static void become_shell(const char* name) {
    ::setsid();
    const int slave = ::open(name, O_RDWR);
    if (slave < 0 || ::ioctl(slave, TIOCSCTTY, 0) != 0) _exit(126);
    for (int fd = 0; fd <= 2; ++fd) ::dup2(slave, fd);
    if (slave > 2) ::close(slave);
    for (int n = 1; n < 32; ++n) ::signal(n, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::unsetenv("ENV");
    ::execl("/bin/sh", "sh", "-i", static_cast<char*>(nullptr));
    _exit(127);
  }

  bool reap(int how) const {
    // Its last words have to go somewhere, or it waits for the terminal to drain.
    std::array<char, 4096> block;
    pollfd ready{master_, POLLIN, 0};
    while (::poll(&ready, 1, 0) > 0 && ::read(master_, block.data(), block.size()) > 0) {
    }
    return ::waitpid(shell_, nullptr, how) == shell_;
  }

  int master_ = -1;
  pid_t shell_ = -1;
  std::string seen_;
};

char state_of(pid_t pid) {
  const std::string text = support::read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t at = text.rfind(')');
  return at == std::string::npos ? '\0' : text.at(at + 2);
}

bool reaches_state(pid_t pid, char state) {
  return support::poll_until(support::patience, [=] { return state_of(pid) == state; });
}

class ToolTerminal : public support::os_test {};

constexpr std::string_view ctrl_c = "\x03";
constexpr std::string_view ctrl_z = "\x1a";

TEST_F(ToolTerminal, APromptIsAnsweredAndEchoed) {
  terminal t;
  t.type("$T run -- $HELPER prompt 'na''me? '\n");
  t.await("name? ");
  t.type("joe\n");
  t.await("joe\r\nhello joe\r\n");
  EXPECT_EQ(t.status(), 0);
}

TEST_F(ToolTerminal, ABatchWithoutArgumentsSaysThatItReadsThem) {
  terminal t;
  t.type("$T map --no-journal $HELPER echo\n");
  t.await("reading arguments from the terminal");
  t.await("':::'\r\n");
  t.type("fo''o\n\x04");
  t.await("fo''o\r\nfo''o\r\n");  // the echo of the terminal, and what the job prints
  EXPECT_EQ(t.status(), 0);
  t.type("$T map --no-journal $HELPER echo :: a\n");
  t.await("did you mean ':::'?\r\n");
  EXPECT_EQ(t.status(), 125);
}

TEST_F(ToolTerminal, CtrlCEndsTheCommand) {
  terminal t;
  t.type("$T run -- $HELPER out 'go''o\\n' + pause\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, CtrlCEndsACommandThatHasLeftTheTerminal) {
  terminal t;
  t.type("$T run -- setsid $HELPER out 'go''o\\n' + pause\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, ACommandThatHandlesCtrlCIsNotTriedAgain) {
  terminal t;
  t.type(
      "$T run -q --retry 3,1ms -- $HELPER ready attempts + block-signals INT + out 'go''o\\n' "
      "+ wait-signal INT + exit 5\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  t.await("INT\r\n");
  EXPECT_EQ(t.status(), 5);
  EXPECT_EQ(support::lines_of(path("attempts")).size(), 1U);
}

TEST_F(ToolTerminal, ACommandThatDiesOfCtrlCIsNotTriedAgain) {
  terminal t;
  t.type("$T run -q --retry 3,1ms -- $HELPER ready attempts + out 'go''o\\n' + pause\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
  EXPECT_EQ(support::lines_of(path("attempts")).size(), 1U);
}

TEST_F(ToolTerminal, CtrlCBetweenAttemptsIsTheEnd) {
  terminal t;
  t.type("$T run --retry 3,100s -- $HELPER ready attempts + exit 1\n");
  t.await("again in 100 s\r\n");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
  EXPECT_EQ(support::lines_of(path("attempts")).size(), 1U);
}

TEST_F(ToolTerminal, CtrlCEndsAScriptThatRunsTheTool) {
  if (::access("/bin/bash", X_OK) != 0) GTEST_SKIP() << "bash is who waits to see how it ended";
  terminal t;
  support::write_file(path("script"), "$T run -- $HELPER out 'goo\\n' + pause\necho went on\n");
  t.type("bash script\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  t.type("echo en''d\n");
  EXPECT_EQ(t.await("end\r\n").find("went on"), std::string::npos);
}

TEST_F(ToolTerminal, CtrlCEndsALoopOfBatches) {
  if (::access("/bin/bash", X_OK) != 0) GTEST_SKIP() << "bash is who waits to see how it ended";
  terminal t;
  support::write_file(
      path("script"),
      "for i in 1 2; do $T map --no-journal --lb $HELPER out '{}\\n' + pause ::: goo; "
      "done\necho went on\n");
  t.type("bash script\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  t.type("echo en''d\n");
  EXPECT_EQ(t.await("end\r\n").find("went on"), std::string::npos);
}

TEST_F(ToolTerminal, CtrlCIsTheOnlySignalThatAJobGets) {
  terminal t;
  support::write_file(path("job"),
                      "echo job=$$.; exec $HELPER block-signals INT TERM USR1 + out 'goo\\n' "
                      "+ wait-signal INT + wait-signal USR1 TERM + exit 3\n");
  t.type("$T map --no-journal --lb --kill-after 50 sh ::: job\n");
  t.await("job=");
  const pid_t job = std::stoi(t.await("."));
  t.await("goo\r\n");
  t.type(ctrl_c);
  t.await("INT\r\n");
  ASSERT_GT(job, 1);
  ::kill(job, SIGUSR1);  // a TERM that came before it is the first to be told
  EXPECT_EQ(t.await("\r\n"), "USR1\r\n");
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, AJobThatIgnoresCtrlCIsStopped) {
  terminal t;
  t.type(
      "$T map --no-journal --lb --kill-after 0.1 $HELPER ignore INT TERM + out 'go''o{}\\n' + "
      "pause ::: 1\n");
  t.await("goo1\r\n");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, CtrlCReachesTheCommandOnceAndTheToolOutlivesIt) {
  terminal t;
  support::write_file(
      path("script"),
      "echo tool=$$.; exec $T run -k 50 -- $HELPER block-signals INT TERM + out 'goo\\n' "
      "+ wait-signal INT + wait-signal INT TERM\n");
  t.type("sh script\n");
  t.await("tool=");
  const pid_t tool = std::stoi(t.await("."));
  t.await("goo\r\n");
  t.type(ctrl_c);
  t.await("INT\r\n");
  // Were a second INT pending, it would be the lower number and come first.
  ASSERT_GT(tool, 1);
  ::kill(tool, SIGTERM);
  t.await("TERM\r\n");
  EXPECT_EQ(t.status(), 0);
}

TEST_F(ToolTerminal, TheModesThatAKilledCommandHasSetArePutBack) {
  terminal t;
  const std::string job = "sh -c 'stty -echo raw; kill -KILL $$'";
  const std::string look = "; stty -a | grep -o -e '-*icanon'; echo en''d\n";
  // The prompt may come before it on its line.
  const auto is_put_back = [&t] {
    const std::string seen = t.await("end\r\n");
    return seen.find("icanon\r\n") != seen.npos && seen.find("-icanon\r\n") == seen.npos;
  };
  t.type("$T run -- " + job + look);
  EXPECT_TRUE(is_put_back());
  t.type("$T map --no-journal -q sh -c 'stty raw </dev/tty; kill -KILL $$' ::: 1" + look);
  EXPECT_TRUE(is_put_back());
  t.type("$T run --pipe -- " + job + " -- cat" + look);
  EXPECT_TRUE(is_put_back());
}

TEST_F(ToolTerminal, TheModesThatACommandSetsAndLeavesStay) {
  terminal t;
  t.type("$T run -- stty -icrnl; stty -a | grep -o -e '-icrnl'; echo en''d\n");
  EXPECT_NE(t.await("end\r\n").find("-icrnl\r\n"), std::string::npos);
}

// It could type into our shell.
TEST_F(ToolTerminal, AnotherUsersCommandHasNoTerminal) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may become another user";
  const std::string opens = " --user nobody -C / -- sh -c 'true </dev/tty && echo ha''s it'; ";
  terminal t;
  t.type("$T run" + opens + "echo en''d\n");
  const std::string seen = t.await("end\r\n");
  EXPECT_EQ(seen.find("has it"), std::string::npos) << seen;
  EXPECT_NE(seen.find("--keep-terminal"), std::string::npos) << seen;
  t.type("$T run --keep-terminal" + opens + "\n");
  t.await("has it\r\n");
  t.type(
      "$T map --no-journal -q --user nobody -C / sh -c 'true </dev/tty && echo ha''s it' ::: 1; "
      "echo en''d\n");
  EXPECT_EQ(t.await("end\r\n").find("has it"), std::string::npos);
}

TEST_F(ToolTerminal, CtrlCEndsAnotherUsersCommand) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may become another user";
  terminal t;
  t.type("$T run -q --user nobody -C / -- sh -c 'echo go''o; exec sleep 1000'\n");
  t.await("goo\r\n");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, CtrlZStopsAndFgContinues) {
  terminal t;
  t.type("$T run -- $HELPER out 'go''o\\n' + read-input-line\n");
  t.await("goo\r\n");
  t.type(ctrl_z);
  t.await("Stopped");
  t.type("fg\n");
  t.await("fg\r\n");
  t.type("hello\n");
  t.await("got: hello\r\n");
  EXPECT_EQ(t.status(), 0);
}

TEST_F(ToolTerminal, AStoppedJobGoesOnInTheBackground) {
  terminal t;
  t.type("$T run -- $HELPER block-signals USR1 + out 'go''o\\n' + wait-signal USR1\n");
  t.await("goo\r\n");
  t.type(ctrl_z);
  t.await("Stopped");
  t.type("bg; kill -USR1 %1; wait %1\n");  // a prompt between would forget a job that has ended
  t.await("USR1\r\n");
  t.await("USR1\r\n");
  EXPECT_EQ(t.status(), 0);
}

TEST_F(ToolTerminal, CtrlZDoesNotStopTheToolOfACommandThatIgnoresIt) {
  terminal t;
  t.type("$T run -- $HELPER ignore TSTP + out 'go''o\\n' + read-input-line\n");
  t.await("goo\r\n");
  t.type(ctrl_z);
  t.type("hello\n");
  t.await("got: hello\r\n");
  EXPECT_EQ(t.status(), 0);
}

TEST_F(ToolTerminal, ABackgroundReaderStopsUntilItIsBroughtBack) {
  terminal t;
  const pid_t tool = t.background("$T run -- $HELPER read-input-line");
  EXPECT_TRUE(reaches_state(tool, 'T'));
  t.type("fg\n");
  EXPECT_TRUE(support::poll_until(support::patience, [=] { return state_of(tool) == 'S'; }));
  t.type("hello\n");
  t.await("got: hello\r\n");
  EXPECT_EQ(t.status(), 0);
}

TEST_F(ToolTerminal, TstpFromAProcessStopsBothAndContStartsBoth) {
  terminal t;
  const pid_t tool =
      t.background("$T run -- sh -c 'echo $$ >>child; exec $HELPER wait-signal USR1'");
  const auto lines = support::wait_for_file_line_count(path("child"), 1);
  ASSERT_EQ(lines.size(), 1U);
  const pid_t child = std::stoi(lines[0]);
  ::kill(tool, SIGTSTP);
  EXPECT_TRUE(reaches_state(tool, 'T'));
  EXPECT_TRUE(reaches_state(child, 'T'));
  ::kill(tool, SIGCONT);
  EXPECT_TRUE(reaches_state(tool, 'S'));
  EXPECT_TRUE(reaches_state(child, 'S'));
  ::kill(tool, SIGTERM);
  t.type("wait $!\n");
  EXPECT_EQ(t.status(), 128 + SIGTERM);
}

TEST_F(ToolTerminal, TheEndOfTheTerminalEndsTheCommand) {
  terminal t;
  t.type("echo she''ll=$$.; $T run -k 0.2 -- $HELPER ignore HUP + ready started + sleep 100\n");
  t.await("shell=");
  const pid_t shell = std::stoi(t.await("."));
  ASSERT_GT(shell, 1);
  ASSERT_EQ(support::wait_for_file_line_count(path("started"), 1).size(), 1U);
  // The session's leader dies: the kernel hangs up its foreground group. No survivors, says
  // the end of the test.
  ::kill(shell, SIGKILL);
}

TEST_F(ToolTerminal, MapShowsWhatIsRunningAndTakesItAwayForOutput) {
  terminal t;
  t.type("TERM=xterm $T map -j2 --bar $HELPER out 'at {}\\n' + wait-signal USR1 ::: one two\n");
  t.await("[....");
  t.await("0% 0 of 2 done, 0 failed, 2 running");
  t.await("at one");
  t.await("at two");
  t.await("\x1b[2A\x1b[J");  // drawn anew
  t.type("\x03");
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, ABatchInTheBackgroundDrawsNothingAndIsNotStoppedForIt) {
  terminal t;
  t.type("stty tostop\n");
  const pid_t tool =
      t.background("TERM=xterm $T map --no-journal -j1 $HELPER sleep {} + ready done ::: 1.2");
  ASSERT_GT(tool, 1);
  EXPECT_TRUE(support::poll_until(support::patience, [=] {
    const char state = state_of(tool);
    return state == 'Z' || state == '\0';  // by when the shell reaps it
  })) << state_of(tool);
  t.type("wait; stty -tostop; echo en''d\n");
  EXPECT_EQ(t.await("end\r\n").find("\x1b"), std::string::npos);
  EXPECT_EQ(support::lines_of(path("done")).size(), 1U);
}

TEST_F(ToolTerminal, ABatchThatIsBroughtToTheForegroundDraws) {
  terminal t;
  t.background("TERM=xterm $T map --no-journal $HELPER wait-signal USR1 ::: 1");
  t.type("fg\n");
  t.await("0 of 1 done, 0 failed, 1 running");
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

TEST_F(ToolTerminal, ABatchThatWasStoppedDoesNotEraseWhatTheShellHasWritten) {
  terminal t;
  t.type("TERM=xterm $T map --no-journal $HELPER wait-signal USR1 ::: 1\n");
  t.await("0 of 1 done, 0 failed, 1 running");
  t.type(ctrl_z);
  t.await("Stopped");
  t.type("fg\n");
  const std::string seen = t.await("0 of 1 done, 0 failed, 1 running");
  EXPECT_EQ(seen.find("\x1b"), std::string::npos) << seen;
  t.await("\x1b[J");  // from now on it draws over what it has drawn
  t.type(ctrl_c);
  EXPECT_EQ(t.status(), 128 + SIGINT);
}

// The reader may print to the same terminal.
TEST_F(ToolTerminal, ABatchIntoAPipeDrawsOnlyWhenAsked) {
  terminal t;
  const std::string job = " $HELPER sleep {} ::: 1 | cat; echo en''d\n";
  t.type("export TERM=xterm; $T map --no-journal" + job);
  EXPECT_EQ(t.await("end\r\n").find("\x1b"), std::string::npos);
  for (const std::string flag : {"--progress", "--bar"}) {
    t.type("$T map --no-journal " + flag + job);
    EXPECT_NE(t.await("end\r\n").find("\x1b[J"), std::string::npos) << flag;
  }
}

TEST_F(ToolTerminal, MapIsSilentOnADumbTerminal) {
  terminal t;
  t.type("TERM=dumb $T map -j1 $HELPER sleep 1 + echo ::: one; echo e''nd\n");
  EXPECT_EQ(t.await("end\r\n").find('\x1b'), std::string::npos);
}

}  // namespace
