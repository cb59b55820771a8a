// What a command starts with: descriptors, signals, ids; and hosts that interfere with children.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/temp_pipe.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using support::helper;

std::string level_name(const ::testing::TestParamInfo<containment>& info) {
  return std::string(brood::to_string(info.param));
}

class Identity : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  static std::string out(const std::vector<std::string>& verbs, options o = {}) {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.out = brood::PIPE;
    o.contain = GetParam();
    o.timeout = 60s;
    return brood::run(words, o).out;
  }
  static std::string numbers(const std::string& listing) {
    std::string found;
    for (const std::string& line : support::split_lines(listing)) {
      found += line.substr(0, line.find(' ')) + " ";
    }
    return found;
  }
  // What `body` returns, called in a forked process: 0 for well, or the number of a failure.
  template <class Body>
  static int in_a_fork(Body body) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      try {
        _exit(body());
      } catch (...) {
        _exit(99);
      }
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Identity,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         level_name);

TEST_P(Identity, OnlyTheThreeStreamsAreOpen) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);  // not close-on-exec, on purpose
  EXPECT_EQ(numbers(out({"list-fds"})), "0 1 2 ");
  EXPECT_EQ(numbers(out({"list-fds"}, {.input = "x", .err = brood::PIPE})), "0 1 2 ");
  close(ends[0]);
  close(ends[1]);
}

TEST_P(Identity, PassedDescriptorsKeepTheirNumbers) {
  support::temp_pipe pipe;
  const std::string number = std::to_string(pipe.write_end());
  const options o{.pass_fds = {pipe.write_end()}};
  EXPECT_EQ(numbers(out({"list-fds"}, o)), "0 1 2 " + number + " ");
  out({"fd-write", number, "through"}, o);
  EXPECT_NE(fcntl(pipe.write_end(), F_GETFD) & FD_CLOEXEC, 0) << "the caller's own flag changed";
  pipe.close_write();
  EXPECT_EQ(out({"cat"}, {.in = brood::fd(pipe.read_end())}), "through");
}

TEST_P(Identity, MappedDescriptorsMaySwapAndGoRound) {
  std::vector<int> files;
  for (const char* name : {"a", "b", "c"}) {
    support::write_file(path(name), name);
    files.push_back(open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_GE(files.back(), 3);
  }
  const auto read_all = [&](const options& o) {
    std::vector<std::string> verbs;
    for (const int fd : files) {
      if (!verbs.empty()) verbs.push_back("+");
      verbs.insert(verbs.end(), {"fd-read", std::to_string(fd)});
    }
    for (const int fd : files) lseek(fd, 0, SEEK_SET);
    return out(verbs, o);
  };
  const int a = files[0];
  const int b = files[1];
  const int c = files[2];
  EXPECT_EQ(read_all({.map_fds = {{a, b}, {b, a}, {c, c}}}), "bac");
  EXPECT_EQ(read_all({.map_fds = {{a, b}, {b, c}, {c, a}}}), "cab");
  EXPECT_EQ(read_all({.pass_fds = {c}, .map_fds = {{a, b}, {b, a}}}), "bac");
  lseek(a, 0, SEEK_SET);
  EXPECT_EQ(out({"fd-read", "200"}, {.map_fds = {{a, 200}}}), "a");
  for (const int fd : files) close(fd);
}

TEST_P(Identity, StdoutAndStderrMaySwap) {
  EXPECT_EQ(in_a_fork([&] {
              const int one = open(path("one").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
              const int two = open(path("two").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
              if (dup2(one, 1) != 1 || dup2(two, 2) != 2) return 1;
              const auto r =
                  brood::run({helper(), "out", "out", "+", "err", "err"},
                             {.out = brood::fd(2), .err = brood::fd(1), .contain = GetParam()});
              return r.success() ? 0 : 2;
            }),
            0);
  EXPECT_EQ(support::read_file(path("one")), "err");
  EXPECT_EQ(support::read_file(path("two")), "out");
}

TEST_P(Identity, ACallerWithoutStreamsCanRunCommands) {
  for (unsigned closed = 1; closed < 8; ++closed) {
    EXPECT_EQ(in_a_fork([&] {
                // Test runners differ in what they leave open: start with all three.
                while (open("/dev/null", O_RDWR | O_CLOEXEC) < 3) {
                }
                for (unsigned fd = 0; fd < 3; ++fd) {
                  if ((closed >> fd & 1U) != 0) close(static_cast<int>(fd));
                }
                const auto r =
                    brood::run({helper(), "cat", "+", "err", "e"},
                               {.input = "in", .capture_output = true, .contain = GetParam()});
                if (r.out != "in" || r.err != "e") return 1;
                const auto merged = brood::run({helper(), "list-fds"}, {.in = brood::DEVNULL,
                                                                        .out = brood::PIPE,
                                                                        .err = brood::STDOUT,
                                                                        .contain = GetParam()});
                if (numbers(merged.out) != "0 1 2 ") return 2;
                unsigned closed_now = 0;
                for (unsigned fd = 0; fd < 3; ++fd) {
                  if (fcntl(static_cast<int>(fd), F_GETFD) < 0) closed_now |= 1U << fd;
                }
                if (closed_now != closed) return 3;
                return 0;
              }),
              0)
        << "closed: " << closed;
  }
}

TEST_P(Identity, SignalsAreAtTheirDefaultsThoughTheCallerChangedThem) {
  EXPECT_EQ(in_a_fork([&] {
              signal(SIGPIPE, SIG_IGN);
              sigset_t all;
              sigfillset(&all);
              sigprocmask(SIG_SETMASK, &all, nullptr);
              const std::string text = out({"signals"});
              const auto lines = support::split_lines(text);
              if (lines.size() != 3 || lines[0] != "blocked") return 1;
              if ((lines[1] + " ").find(" 13 ") != std::string::npos) return 2;
              sigset_t after;
              sigprocmask(SIG_SETMASK, nullptr, &after);
              return sigismember(&after, SIGTERM) == 1 ? 0 : 3;
            }),
            0);
  // A pipe without a reader ends a writer that did not ask to survive that.
  support::temp_pipe pipe;
  pipe.close_read();
  const auto r = brood::run({helper(), "out", "x"},
                            {.out = brood::fd(pipe.write_end()), .contain = GetParam()});
  EXPECT_EQ(r.status.signal(), SIGPIPE);
}

TEST_P(Identity, AHostThatIgnoresSigchldDoesNotHang) {
  EXPECT_EQ(in_a_fork([&] {
              signal(SIGCHLD, SIG_IGN);
              const auto r = brood::run({helper(), "out", "x", "+", "exit", "3"},
                                        {.out = brood::PIPE, .contain = GetParam()});
              if (r.out != "x") return 1;
              if (r.status.determined() ? r.status.code() != 3 : r.returncode().has_value())
                return 2;
              struct sigaction now {};
              sigaction(SIGCHLD, nullptr, &now);
              return now.sa_handler == SIG_IGN ? 0 : 3;
            }),
            0);
}

TEST_P(Identity, AChildThatSomebodyElseReapedDoesNotHang) {
  EXPECT_EQ(in_a_fork([&] {
              auto p = brood::spawn({helper(), "exit", "3"}, {.contain = GetParam()});
              // Under containment::sealed it is no child of ours, and there is nothing to steal.
              if (GetParam() != containment::sealed) {
                int status = 0;
                if (waitpid(p.pid(), &status, 0) != p.pid()) return 1;
              }
              const auto status = p.wait();
              return status.determined() && status.code() != 3 ? 2 : 0;
            }),
            0);
}

TEST_P(Identity, UmaskNiceSessionAndGroupAreAsAsked) {
  EXPECT_EQ(out({"umask"}, {.umask = 027U}), "0027\n");
  const int nice_now = std::stoi(out({"nice"}));
  if (nice_now <= 16) {
    EXPECT_EQ(std::stoi(out({"nice"}, {.nice = 3})), nice_now + 3);
  }
  const auto session = support::split_lines(out({"session"}, {.new_session = true}));
  ASSERT_GE(session.size(), 4U);
  const std::string pid = session[0].substr(4);
  EXPECT_EQ(session[2], "pgid " + pid);
  EXPECT_EQ(session[3], "sid " + pid);
  if (GetParam() != containment::group) {
    const auto group = support::split_lines(out({"session"}, {.process_group = 0}));
    ASSERT_GE(group.size(), 4U);
    EXPECT_EQ(group[2].substr(5), group[0].substr(4));
  }
}

TEST_P(Identity, AUserComesWithItsGroups) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string ids = out({"ids"}, {.user = 12345, .group = 12346, .extra_groups = {12347}});
  EXPECT_NE(ids.find("uid 12345\neuid 12345\nsuid 12345\ngid 12346\negid 12346\nsgid 12346\n"),
            std::string::npos)
      << ids;
  EXPECT_NE(ids.find("group 12347\n"), std::string::npos) << ids;
  EXPECT_EQ(ids.find("group 0\n"), std::string::npos) << ids;
  const std::string none = out({"ids"}, {.user = 12345, .group = 12346, .extra_groups = {}});
  EXPECT_EQ(none.find("group "), std::string::npos) << none;
}

TEST_P(Identity, NoExtraGroupsAreNoneAlsoWithoutAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(in_a_fork([&] {
              const gid_t some[] = {20, 100};
              if (setgroups(2, some) != 0) return 1;
              if (out({"ids"}).find("group 20\n") == std::string::npos) return 2;
              return out({"ids"}, {.extra_groups = {}}).find("group ") == std::string::npos ? 0 : 3;
            }),
            0);
}

TEST_P(Identity, AUserBringsTheGroupsOfThatUserOnly) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string ids = out({"ids"}, {.cwd = "/", .user = 65534});
  EXPECT_NE(ids.find("uid 65534\n"), std::string::npos) << ids;
  EXPECT_EQ(ids.find("group 0\n"), std::string::npos) << ids;
}

// Where ids are mapped without privilege, setgroups(2) is denied to root too.
TEST_P(Identity, RootWhoMayNotSetGroupsStaysRoot) {
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  const int failure = in_a_fork([&] {
    if (unshare(CLONE_NEWUSER) != 0) return 1;
    support::write_file("/proc/self/setgroups", "deny");
    support::write_file("/proc/self/uid_map", "0 " + uid + " 1");
    support::write_file("/proc/self/gid_map", "0 " + gid + " 1");
    if (!out({"ids"}, {.user = 0}).starts_with("uid 0\n")) return 2;
    return out({"ids"}, {.user = "root", .group = 0}).starts_with("uid 0\n") ? 0 : 3;
  });
  if (failure == 1) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(failure, 0);
}

TEST_P(Identity, LimitsHoldInTheChildAlone) {
  const std::string text = out({"limits"}, {.limits = {.open_files = 40, .core = 0}});
  EXPECT_NE(text.find("nofile 40 40\n"), std::string::npos) << text;
  EXPECT_NE(text.find("core 0 0\n"), std::string::npos) << text;
  EXPECT_EQ(out({"limits"}).find("nofile 40 40\n"), std::string::npos);
}

}  // namespace
