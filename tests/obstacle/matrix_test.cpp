// The matrix: each obstacle x each way to use brood x each ending is right, or refused at the
// start. SPDX-License-Identifier: Apache-2.0

// Watched from outside of the obstacle: what hangs is killed, and a process that is left behind is
// found by the mark in its environment.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "obstacle/cases.hpp"
#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/obstacle.hpp"

namespace {

using namespace std::chrono_literals;
using support::helper;
using namespace matrix;
using support::watched;

// For what ends within 300 ms on an idle machine.
constexpr auto bound = 15s;
constexpr auto too_long = 4900ms;  // a stop that reaches nobody gives up after five seconds

// What a face said of a case: KEY=VALUE between tabs.
class answer {
 public:
  explicit answer(const std::string& line) : line_(line) {
    std::size_t at = 0;
    while (at <= line.size()) {
      const std::size_t end = std::min(line.find('\t', at), line.size());
      const std::string item = line.substr(at, end - at);
      fields_[item.substr(0, item.find('='))] = item.substr(item.find('=') + 1);
      at = end + 1;
    }
  }
  std::string operator[](const std::string& key) const {
    const auto found = fields_.find(key);
    return found == fields_.end() ? "" : found->second;
  }
  bool has(const std::string& key) const { return fields_.count(key) > 0; }
  const std::string& line() const { return line_; }

 private:
  std::string line_;
  std::map<std::string, std::string> fields_;
};

// --- a case --------------------------------------------------------------------------------------

class Obstacle : public support::os_test, public ::testing::WithParamInterface<obstacle> {
 protected:
  void check(const face& f);
  void judge(const face& f, const std::string& ending, const std::string& what_is_wrong);

  std::mutex lock_;
  std::vector<std::string> failures_;
};

class face_check {
 public:
  face_check(const obstacle& o, const face& f, const std::string& dir)
      : obstacle_(o), face_(f), dir_(dir), mark_(dir + "." + f.name) {}

  // What is wrong with a case; "": nothing.
  std::string check(const std::string& ending) {
    if (!applies(obstacle_, face_, ending)) return "";
    ending_ = ending;
    pids_ = dir_ + "/" + face_.name + "." + ending;
    const bool by_tool = face_.how == kind::run || face_.how == kind::map;
    const auto start = std::chrono::steady_clock::now();
    std::string wrong = by_tool ? check_tool() : check_host();
    const bool long_ago = std::chrono::steady_clock::now() - start > too_long;
    // To put this one up takes a while by itself.
    const bool slow_start = obstacle_.name == "foreign_proc";
    if (wrong.empty() && long_ago && !slow_start)
      wrong = "takes as long as a stop that reaches nobody";
    for (const left_over& l : support::left_of(case_mark())) support::kill_pid(l.pid);
    return wrong;
  }

  // The host ends well, and nothing of its own stays: no guardian, no bystander hurt.
  std::string check_end() {
    if (!host_) return "";
    const std::optional<int> status = host_->wait(bound);
    std::string wrong = !status ? "does not end" : wrong_status(*status);
    host_.reset();
    const std::string left = left_behind(mark_, "sealed");
    if (wrong.empty() && !left.empty()) wrong = "left behind by the host: " + left;
    return wrong;
  }

 private:
  std::string case_mark() const { return mark_ + "." + ending_; }

  std::vector<std::pair<std::string, std::string>> environment(const std::string& mark) const {
    return {{"BROOD_TEST_MARK", mark},
            {"BROOD_HELPER", helper()},
            {"PYTHONPATH", PYTHON_PACKAGE},
            {"PYTHONDONTWRITEBYTECODE", "1"}};
  }

  static std::string wrong_status(int status) {
    constexpr int bystander_died = 99;
    constexpr int left = 98;
    if (WIFEXITED(status) && WEXITSTATUS(status) == bystander_died) return "hurt a bystander";
    if (WIFEXITED(status) && WEXITSTATUS(status) == left) return "left processes in its namespace";
    if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "exit status " + std::to_string(WEXITSTATUS(status));
  }

  // Those of a mark that `level` reaches, perhaps after a moment.
  std::string left_behind(const std::string& mark, const std::string& level,
                          const std::string& root = "") const {
    constexpr auto moment = 3000ms;
    std::string text;
    support::poll_until(std::min<std::chrono::milliseconds>(bound, moment), [&] {
      text.clear();
      for (const left_over& l : support::left_of(mark)) {
        if (reaches(level, l, root)) text += std::to_string(l.pid) + " " + l.command + "; ";
      }
      return text.empty();
    });
    return text;
  }

  bool tree_is_there() const {
    const std::size_t nest = ending_ == "crowd" ? 101 : 5;
    return support::wait_for_file_line_count(
               pids_, nest, std::chrono::duration_cast<std::chrono::milliseconds>(bound))
               .size() >= nest;
  }

  pid_t find(const std::string& mark, const std::string& command) const {
    for (const left_over& l : support::left_of(mark)) {
      if (l.command.rfind(command, 0) == 0) return l.pid;
    }
    return -1;
  }

  // --- by a host that uses the library -----------------------------------------------------------

  words host_words() const {
    if (face_.how == kind::python) return {PYTHON_PATH, PYTHON_HOST, face_.level};
    return {HOST_PATH, face_.name};
  }

  std::string check_host() {
    const std::string level = level_.empty() ? face_.level : level_;
    if (ending_ == "death" && (level != "sealed" || refused_)) return "";
    if (!host_) {
      host_ =
          std::make_unique<watched>(support::among(obstacle_, host_words()), environment(mark_));
    }
    host_->write_line(ending_ + " " + case_mark() + " " + pids_);
    if (ending_ == "death") return check_death();
    const std::optional<std::string> line = host_->line(bound);
    if (!line) {
      const std::string what = (host_->ended() ? "the host ended: " : "hangs: ") + host_->err();
      host_.reset();
      return what;
    }
    const answer a(*line);
    if (a.has("level")) level_ = a["level"];
    if (a.has("error")) {
      refused_ = true;
      const std::string wrong = wrong_refusal(obstacle_, face_, a["text"]);
      const bool unsupported =
          a["error"] == "unsupported" || face_.how == kind::python || contains(a["text"], "thread");
      if (wrong.empty() && !unsupported) return "refused, but not as unsupported: " + a.line();
      return wrong.empty() ? none_left() : wrong;
    }
    const std::string wrong = wrong_result(a);
    return wrong.empty() ? promise_broken(a) : wrong;
  }

  std::string none_left() const {
    const std::string left = left_behind(case_mark(), "sealed");
    return left.empty() ? "" : "refused, but left behind: " + left;
  }

  std::string wrong_result(const answer& a) const {
    if (ending_ == "ignored" && a.has("status") && !has_get_info(obstacle_)) return "";
    const bool ends_itself = ending_ == "exit" || ending_ == "leave" || ending_ == "ignored";
    if (ends_itself && (a["code"] != "7" || a["out"] != "hi")) return "wrong result: " + a.line();
    if (!ends_itself && !a.has("signal")) return "not ended by a signal: " + a.line();
    const std::string reason = ends_itself ? "exited" : ending_ == "timeout" ? "timed_out" : "";
    if (!reason.empty() && a["reason"] != reason) return "wrong reason: " + a.line();
    return "";
  }

  // Of the level that the result speaks of: where it is another, that has to be said.
  std::string promise_broken(const answer& a) const {
    if (!level_.empty() && level_ != face_.level && !face_.lenient) {
      return "another level without being asked: " + a.line();
    }
    if (a.has("level") && level_ != face_.level && !a.has("degraded")) {
      return "another level without saying so: " + a.line();
    }
    const std::string level = level_.empty() ? face_.level : level_;
    const bool ends_itself = ending_ == "exit" || ending_ == "leave" || ending_ == "ignored";
    if (ends_itself && level != "sealed") return "";
    const std::string left = left_behind(case_mark(), level, a["pid"]);
    return left.empty() ? "" : "left behind: " + left;
  }

  std::string check_death() {
    if (!tree_is_there()) return "the command did not start";
    const words argv = host_words();
    const pid_t pid = find(mark_, argv[0] + " " + argv[1]);
    if (pid < 0) return "the host is not there";
    support::kill_pid(pid);
    std::string left = left_behind(case_mark(), "sealed");
    if (left.empty()) left = left_behind(mark_, "sealed");
    const std::optional<int> status = host_->wait(bound);
    host_.reset();
    if (!left.empty()) return "left behind: " + left;
    if (!status) return "does not end";
    return WIFSIGNALED(*status) ? "" : wrong_status(*status);
  }

  // --- by the tool -------------------------------------------------------------------------------

  words tool_words() const {
    words w{support::tool(), face_.how == kind::run ? "run" : "map", "--stop", "TERM,50ms,KILL"};
    if (face_.how == kind::map) w.insert(w.end(), {"-q", "--no-journal", "-j2"});
    if (ending_ == "timeout") w.insert(w.end(), {"-t", "150ms"});
    w.push_back(helper());
    if (ending_ == "exit") w.insert(w.end(), {"out", "hi", "+", "exit", "7"});
    if (ending_ == "leave") {
      w.insert(w.end(),
               {"setsid-bg", "close", "1", ",", "pause", "+", "out", "hi", "+", "exit", "7"});
    }
    if (ending_ == "crowd") {
      w.insert(w.end(), {"fork-tree", "1", "100", pids_, "+", "pause"});
    } else if (ending_ != "exit" && ending_ != "leave") {
      w.insert(w.end(), {"leak-tree", pids_});
    }
    if (face_.how == kind::map) w.insert(w.end(), {"+", "out", "{}", ":::", ""});
    return w;
  }

  std::string check_tool() {
    watched tool(support::among(obstacle_, tool_words()), environment(case_mark()));
    const bool to_be_ended = ending_ == "cancel" || ending_ == "crowd" || ending_ == "death";
    if (to_be_ended && !refused_ && tree_is_there()) {
      const pid_t pid = find(case_mark(), support::tool());
      if (pid > 1) kill(pid, ending_ == "death" ? SIGKILL : SIGTERM);
    }
    std::string left;
    if (ending_ == "death" && !refused_) left = left_behind(case_mark(), "sealed");
    const std::optional<int> status = tool.wait(bound);
    if (!status) return "hangs: " + tool.err();
    const std::string said = tool.err();
    const int code = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
    constexpr int own_failure = 125;
    if (code == own_failure) {
      refused_ = true;
      const std::string wrong = wrong_refusal(obstacle_, face_, said);
      return wrong.empty() ? none_left() : wrong;
    }
    const std::string wrong = wrong_tool_end(code, tool.text(), said);
    if (!wrong.empty()) return wrong;
    if (left.empty()) left = left_behind(case_mark(), "sealed");
    return left.empty() ? "" : "left behind: " + left;
  }

  std::string wrong_tool_end(int code, const std::string& out, const std::string& said) const {
    const bool ends_itself = ending_ == "exit" || ending_ == "leave";
    const bool one = face_.how == kind::run;
    const int right = ends_itself            ? (one ? 7 : 1)
                      : ending_ == "timeout" ? (one ? 124 : 1)
                      : ending_ == "death"   ? 128 + SIGKILL
                                             : 128 + SIGTERM;
    const std::string all =
        "exit status " + std::to_string(code) + ", stdout \"" + out + "\", stderr \"" + said + "\"";
    if (code != right) return all;
    return ends_itself && out != "hi" ? all : "";
  }

  const obstacle& obstacle_;
  const face& face_;
  std::string dir_;
  std::string mark_;
  std::string ending_;
  std::string pids_;
  std::string level_;  // that the results said
  bool refused_ = false;
  std::unique_ptr<watched> host_;
};

void Obstacle::judge(const face& f, const std::string& ending, const std::string& what_is_wrong) {
  const std::string name = f.name + ", " + ending;
  const std::lock_guard hold(lock_);
  if (what_is_wrong.empty()) return;
  failures_.push_back(name + ": " + what_is_wrong);
}

void Obstacle::check(const face& f) {
  // A host that is gone must not end us as we write to it. Ends with the thread.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  face_check c(GetParam(), f, dir());
  for (const std::string& ending : endings) {
    if (ending == "death") judge(f, "end", f.level == "sealed" ? "" : c.check_end());
    judge(f, ending, c.check(ending));
  }
  judge(f, "end", c.check_end());
}

INSTANTIATE_TEST_SUITE_P(All, Obstacle, ::testing::ValuesIn(all_obstacles()),
                         [](const auto& i) { return i.param.name; });

TEST_P(Obstacle, IsOvercomeOrRefused) {
  const std::string why = support::why_not(GetParam());
  if (!why.empty()) GTEST_SKIP() << why;
  const std::vector<face> faces = all_faces();
  std::vector<std::thread> threads;
  threads.reserve(faces.size());
  for (const face& f : faces) threads.emplace_back([this, &f] { check(f); });
  for (std::thread& t : threads) t.join();
  std::sort(failures_.begin(), failures_.end());
  for (const std::string& failure : failures_) ADD_FAILURE() << failure;
}

class ObstacleOfProc : public support::os_test {
 protected:
  // What the walk makes of it: whose /proc it is, what reading children gives, and whether a group
  // that does not exist may be alive.
  static std::string seen_among(const obstacle& o) {
    const std::string why = support::why_not(o);
    if (!why.empty()) return why;
    return support::run_bare(support::among(o, {HOST_PATH, "proc"})).out;
  }
};

TEST_F(ObstacleOfProc, WhatCannotBeLookedAtIsNotTakenForNothing) {
  for (const obstacle& o : all_obstacles()) {
    if (o.name.find("_proc") == std::string::npos && o.name != "nothing") continue;
    const std::string seen = seen_among(o);
    if (seen.rfind("brood-obstacle: ", 0) == 0) GTEST_SKIP() << seen;
    const std::string enoent = std::to_string(-ENOENT);
    EXPECT_EQ(seen, o.name == "nothing"   ? "1 0 0\n"
                    : o.name == "no_proc" ? enoent + " " + enoent + " 1\n"
                                          : "0 0 1\n")
        << o.name;
  }
}

// It is said once, though the start is prepared for each level anew.
TEST_F(ObstacleOfProc, WhatIsLeftOutIsSaidOnce) {
  const obstacle o{"no_image", {"--refuse", "memfd_create=EPERM", "--refuse", "execveat=EPERM"}};
  const std::string why = support::why_not(o);
  if (!why.empty()) GTEST_SKIP() << why;
  const auto end =
      support::run_bare(support::among(o, {TOOL_PATH, "run", "--best-effort", "--open-files",
                                           "99999999", "--", helper(), "exit", "0"}));
  const std::size_t first = end.err.find("limits.open_files");
  EXPECT_NE(first, std::string::npos) << end.err;
  EXPECT_EQ(end.err.find("limits.open_files", first + 1), std::string::npos) << end.err;
}

// Not even -q hides that somebody is left, nor that it was the batch who wanted the end.
TEST_F(ObstacleOfProc, WhoCouldNotBeStoppedIsNamed) {
  const obstacle o{"no_signals", {"--refuse", "kill=EPERM", "--refuse", "pidfd_send_signal=EPERM"}};
  const std::string why = support::why_not(o);
  if (!why.empty()) GTEST_SKIP() << why;
  const auto said = [&](std::vector<std::string> flags, std::vector<std::string> job) {
    std::vector<std::string> argv{TOOL_PATH};
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"--contain", "process", "--kill-after", "100ms", helper()});
    argv.insert(argv.end(), job.begin(), job.end());
    return support::run_bare(support::among(o, argv)).err;
  };
  const std::string text = " could not be stopped: Operation not permitted";
  EXPECT_NE(said({"run", "-q", "-t", "100ms"}, {"sleep", "2"}).find(text), std::string::npos);
  EXPECT_NE(said({"map", "--no-journal", "-q", "-t", "100ms"}, {"sleep", ":::", "2"}).find(text),
            std::string::npos);
  const std::string batch =
      said({"map", "--no-journal", "-j2", "--halt", "now,fail=1"},
           {"sleep", "{1}", "+", "exit", "{2}", ":::", "0", "2", ":::+", "1", "0"});
  EXPECT_NE(batch.find("job 2: pid "), std::string::npos) << batch;
  EXPECT_NE(batch.find(text), std::string::npos) << batch;
}

}  // namespace
