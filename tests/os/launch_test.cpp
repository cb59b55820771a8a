// Launching a plan directly: files, starts that hang, namespaces, control groups.
// SPDX-License-Identifier: Apache-2.0
#include "support/launch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "spawn/pending_exec.hpp"
#include "spawn/plan.hpp"
#include "spawn/rendezvous.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/lease.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace {

using brood::error_stage;
using brood::detail::child_error;
using brood::detail::child_handle;
using brood::detail::child_stack_pool;
using brood::detail::launch;
using brood::detail::launch_pending;
using brood::detail::pending_start;
using brood::detail::plan;
using brood::detail::rendezvous;
using brood::detail::spawn_spec;
using support::helper;
using support::read_file;
namespace sys = brood::detail::sys;
using support::in_ms;
using support::soon;

class Launch : public support::launch_test {};

INSTANTIATE_TEST_SUITE_P(All, Launch, support::both_launches(), support::launch_name);

TEST_P(Launch, OpensFilesInTheChildAndCopiesThem) {
  spawn_spec s = to_file({helper(), "out", "x", "+", "err", "y", "+", "list-fds"});
  s.copies = {{1, 2}};
  EXPECT_EQ(run(plan(std::move(s))), 0);
  const auto lines = support::split_lines(output());
  ASSERT_EQ(lines.size(), 3U) << output();
  EXPECT_TRUE(lines[0].starts_with("xy0 ")) << output();
  EXPECT_EQ(lines[1], "1 " + path("out"));
  EXPECT_EQ(lines[2], "2 " + path("out"));
}

TEST_P(Launch, ACopyOfWhatTheChildInheritsIsAMove) {
  spawn_spec s = spec_of({helper(), "out", "to stderr"});
  const sys::fd file(sys::open_file(path("out").c_str(), O_WRONLY | O_CREAT, 0600));
  s.moves = {{file.get(), 2}};
  s.copies = {{2, 1}};
  EXPECT_EQ(run(plan(std::move(s))), 0);
  EXPECT_EQ(output(), "to stderr");
}

TEST_P(Launch, OpensFromTheCallersDirectoryWithTheCallersUmask) {
  ASSERT_EQ(::mkdir("elsewhere", 0700), 0);
  spawn_spec s = spec_of({helper(), "cwd", "+", "umask"});
  s.opens = {{"out", O_WRONLY | O_CREAT, 0666, 1}};
  s.cwd = path("elsewhere");
  s.umask = 077U;
  const mode_t before = ::umask(027);
  EXPECT_EQ(run(plan(std::move(s))), 0);
  ::umask(before);
  EXPECT_EQ(output(), path("elsewhere") + "\n0077\n");
  struct stat file {};
  ASSERT_EQ(::stat(path("out").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0640U);
}

TEST_P(Launch, SaysWhichFileCouldNotBeOpened) {
  spawn_spec s = spec_of({helper(), "exit", "0"});
  s.opens = {{path("out"), O_WRONLY | O_CREAT, 0600, 1}, {path("no/in"), O_RDONLY, 0, 0}};
  const plan p(std::move(s));
  const child_handle child = launch(p.view());
  EXPECT_EQ(child.error.os, ENOENT);
  EXPECT_FALSE(child.ref);
  const brood::error e = p.explain(child.error);
  EXPECT_EQ(e.stage(), error_stage::open);
  EXPECT_EQ(e.subject(), path("no/in"));
}

TEST_P(Launch, AFifoBlocksTheChildAloneAndASignalEndsThat) {
  spawn_spec s = spec_of({helper(), "exit", "0"});
  s.opens = {{fifo(), O_WRONLY, 0, 1}};
  const auto p = planned(std::move(s));
  pending_start start = launch_pending(p);
  ASSERT_EQ(start.child.error.os, 0);
  EXPECT_FALSE(start.exec.await(in_ms(100)));
  const brood::error e = p->explain(start.exec.progress(ETIMEDOUT));
  EXPECT_EQ(e.stage(), error_stage::open);
  EXPECT_EQ(e.subject(), path("fifo"));
  EXPECT_EQ(start.child.ref.signal(SIGTERM), 0);
  EXPECT_TRUE(start.exec.await(in_ms(soon)));
  EXPECT_EQ(start.exec.outcome().stage, error_stage::open);
  EXPECT_EQ(start.exec.outcome().os, EINTR);
  EXPECT_EQ(end_of(start.child), -SIGTERM);
}

TEST_P(Launch, AFifoThatIsOpenedLetsTheChildGoOn) {
  spawn_spec s = spec_of({helper(), "out", "through"});
  s.opens = {{fifo(), O_WRONLY, 0, 1}};
  pending_start start = launch_pending(planned(std::move(s)));
  ASSERT_EQ(start.child.error.os, 0);
  EXPECT_EQ(read_file(path("fifo")), "through");
  EXPECT_TRUE(start.exec.await(in_ms(soon)));
  EXPECT_EQ(start.exec.outcome().os, 0);
  EXPECT_EQ(end_of(start.child), 0);
}

TEST_P(Launch, AStartThatNobodyWatchesGoesOn) {
  spawn_spec s = spec_of({helper(), "out", "alone"});
  s.opens = {{fifo(), O_WRONLY, 0, 1}};
  pending_start start = launch_pending(planned(std::move(s)));
  ASSERT_EQ(start.child.error.os, 0);
  EXPECT_FALSE(start.exec.await(in_ms(50)));
  start.exec = {};
  EXPECT_EQ(read_file(path("fifo")), "alone");
  EXPECT_EQ(end_of(start.child), 0);
}

TEST_P(Launch, AChildThatWaitsForAFileHoldsNoPipeOfOurs) {
  sys::fd reader;
  sys::fd writer;
  ASSERT_EQ(sys::make_pipe(reader, writer), 0);
  spawn_spec s = spec_of({helper(), "exit", "0"});
  s.opens = {{fifo(), O_RDONLY, 0, 0}};
  pending_start start = launch_pending(planned(std::move(s)));
  ASSERT_EQ(start.child.error.os, 0);
  writer.reset();
  EXPECT_TRUE(sys::poll_until(sys::wait_item::to_read(reader.get()), in_ms(soon)));
  EXPECT_FALSE(start.exec.over());
  EXPECT_EQ(start.child.ref.signal(SIGKILL), 0);
  EXPECT_EQ(end_of(start.child), -SIGKILL);
}

TEST_P(Launch, AStartThatHangsIsLeftWithoutWaiting) {
  support::held_program slow(helper(), path("slow"));
  if (!slow.held()) GTEST_SKIP() << "no leases on this file system";
  child_stack_pool pool;
  for (child_stack_pool* stacks : {&pool, static_cast<child_stack_pool*>(nullptr)}) {
    pending_start start = launch_pending(planned(spec_of({slow.path(), "exit", "7"})), stacks);
    ASSERT_EQ(start.child.error.os, 0);
    EXPECT_FALSE(start.exec.await(in_ms(20)));
    EXPECT_EQ(start.exec.progress(ETIMEDOUT).stage, error_stage::exec);
    start.exec = {};
    EXPECT_EQ(start.child.ref.signal(SIGKILL), 0);
    EXPECT_EQ(end_of(start.child), -SIGKILL);
  }
  for (int i = 0; i < 3; ++i) {  // the memory of those is free again
    pending_start start = launch_pending(planned(spec_of({helper(), "exit", "3"})), &pool);
    EXPECT_TRUE(start.exec.await(in_ms(soon)));
    EXPECT_EQ(end_of(start.child), 3);
  }
}

TEST_P(Launch, ManyStartsAreUnderWayAtOnce) {
  child_stack_pool pool;
  std::vector<pending_start> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(launch_pending(planned(spec_of({helper(), "exit", "5"})), &pool));
    ASSERT_EQ(all.back().child.error.os, 0);
  }
  for (pending_start& start : all) {
    EXPECT_TRUE(start.exec.await(in_ms(soon)));
    EXPECT_EQ(start.exec.outcome().os, 0);
    EXPECT_EQ(end_of(start.child), 5);
  }
}

TEST_P(Launch, ASignalBetweenCloneAndExecWaitsForTheProgram) {
  support::held_program slow(helper(), path("slow"));
  if (!slow.held()) GTEST_SKIP() << "no leases on this file system";
  pending_start start = launch_pending(planned(spec_of({slow.path(), "signals"})));
  ASSERT_EQ(start.child.error.os, 0);
  EXPECT_EQ(end_of([&]() -> child_handle& {
              (void)start.child.ref.signal(SIGTERM);
              return start.child;
            }()),
            -SIGTERM);
  EXPECT_TRUE(start.exec.over());
}

TEST_P(Launch, ThePlanHasTheEnvironmentOfTheMomentWhenItWasMade) {
  ASSERT_EQ(::setenv("BROOD_LAUNCH_TEST", "then", 1), 0);
  const plan p(to_file({helper(), "env", "BROOD_LAUNCH_TEST"}));
  ASSERT_EQ(::setenv("BROOD_LAUNCH_TEST", "now", 1), 0);
  EXPECT_EQ(run(p), 0);
  ::unsetenv("BROOD_LAUNCH_TEST");
  EXPECT_NE(output().find("then"), std::string::npos) << output();
}

TEST_P(Launch, TheSearchGoesOnAfterWhatIsNoProgram) {
  ASSERT_EQ(::symlink("loop", "loop"), 0);
  support::write_file("data", "no program", 0755);
  support::write_file("denied", "", 0600);
  const std::vector<std::string> not_it = {path("loop"),
                                           path("data"),
                                           path("denied"),
                                           path("data") + "/x",
                                           path(std::string(300, 'n')),
                                           path("nothing")};
  spawn_spec s = spec_of({helper(), "exit", "4"});
  s.programs = not_it;
  s.programs.push_back(helper());
  EXPECT_EQ(run(plan(std::move(s))), 4);
  s = spec_of({helper(), "exit", "4"});
  s.programs = {not_it.rbegin(), not_it.rend()};
  const child_handle child = launch(plan(std::move(s)).view());
  EXPECT_EQ(child.error.stage, error_stage::exec);
  EXPECT_EQ(child.error.os, ENAMETOOLONG);  // the first that is more than "not there"
}

TEST_P(Launch, WaitsAtARendezvous) {
  rendezvous meeting;
  ASSERT_EQ(meeting.make(), 0);
  spawn_spec s = to_file({helper(), "list-fds"});
  s.rendezvous = meeting.ends();
  pending_start start = launch_pending(planned(std::move(s)));
  ASSERT_EQ(start.child.error.os, 0);
  EXPECT_FALSE(start.exec.await(in_ms(50)));
  EXPECT_EQ(meeting.go(), 0);
  EXPECT_TRUE(start.exec.await(in_ms(soon)));
  EXPECT_EQ(start.exec.outcome().os, 0);
  EXPECT_EQ(end_of(start.child), 0);
  EXPECT_EQ(support::split_lines(output()).size(), 3U) << output();
}

TEST_P(Launch, EndsWhenNobodyComesToTheRendezvous) {
  std::optional<rendezvous> meeting(std::in_place);
  ASSERT_EQ(meeting->make(), 0);
  spawn_spec s = spec_of({helper(), "exit", "0"});
  s.rendezvous = meeting->ends();
  const auto p = planned(std::move(s));
  EXPECT_EQ(launch(p->view()).error.os, EDEADLK);
  pending_start start = launch_pending(p);
  ASSERT_EQ(start.child.error.os, 0);
  meeting.reset();
  EXPECT_TRUE(start.exec.await(in_ms(soon)));
  EXPECT_EQ(start.exec.outcome().os, ECANCELED);
  EXPECT_EQ(end_of(start.child), 127);
}

// The kernel allows CLONE_VM with CLONE_NEWUSER: only the directory (CLONE_FS) and the thread group
// may not be shared. The maps are written by the parent.
TEST_P(Launch, MapsTheIdsOfAUserNamespaceAtARendezvous) {
  rendezvous meeting;
  ASSERT_EQ(meeting.make(), 0);
  spawn_spec s = to_file({helper(), "ids"});
  s.rendezvous = meeting.ends();
  s.clone_flags = CLONE_NEWUSER;
  s.gid = 0;
  s.uid = 0;
  pending_start start = launch_pending(planned(std::move(s)));
  if (start.child.error.os == EPERM || start.child.error.os == ENOSPC) {
    GTEST_SKIP() << "no user namespaces here";
  }
  ASSERT_EQ(start.child.error.os, 0);
  const std::string proc = "/proc/" + std::to_string(start.child.ref.pid());
  support::write_file(proc + "/setgroups", "deny");
  support::write_file(proc + "/uid_map", "0 " + std::to_string(::getuid()) + " 1");
  support::write_file(proc + "/gid_map", "0 " + std::to_string(::getgid()) + " 1");
  EXPECT_EQ(meeting.go(), 0);
  EXPECT_TRUE(start.exec.await(in_ms(soon)));
  EXPECT_EQ(start.exec.outcome().os, 0);
  EXPECT_EQ(end_of(start.child), 0);
  EXPECT_TRUE(output().starts_with("uid 0\n")) << output();
}

TEST_P(Launch, AChildOfAnotherUserDoesNotMakeUsUndumpable) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  spawn_spec s = spec_of({"/bin/true"});
  s.gid = 65534;
  s.uid = 65534;
  EXPECT_EQ(run(plan(spawn_spec(s))), 0);
  pending_start start = launch_pending(planned(std::move(s)));
  EXPECT_TRUE(start.exec.await(in_ms(soon)));
  EXPECT_EQ(end_of(start.child), 0);
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
}

TEST_P(Launch, IsTheFirstProcessOfAPidNamespace) {
  spawn_spec s = to_file({helper(), "pid"});
  s.clone_flags = CLONE_NEWPID;
  const plan p(std::move(s));
  child_handle child = launch(p.view());
  if (child.error.os == EPERM) GTEST_SKIP() << "not permitted to this user";
  ASSERT_EQ(child.error.os, 0);
  EXPECT_EQ(end_of(child), 0);
  EXPECT_EQ(output(), "1\n");
}

// A folder of the version 2 hierarchy that is ours to make groups in; "": there is none.
std::string cgroup_folder() {
  for (const std::string& line : support::lines_of("/proc/self/mounts")) {
    const std::size_t at = line.find(' ') + 1;
    const std::size_t end = line.find(' ', at);
    if (line.compare(end, 9, " cgroup2 ") != 0) continue;
    const std::string folder =
        line.substr(at, end - at) + "/brood-test-" + std::to_string(::getpid());
    if (::mkdir(folder.c_str(), 0755) == 0) return folder;
  }
  return "";
}

TEST_P(Launch, IsBornInAControlGroup) {
  const std::string folder = cgroup_folder();
  if (folder.empty()) GTEST_SKIP() << "no control group is ours to divide";
  {
    const sys::fd group(sys::open_file(folder.c_str(), O_RDONLY | O_DIRECTORY, 0));
    spawn_spec s = spec_of({helper(), "pause"});
    s.cgroup_fd = group.get();
    const plan p(std::move(s));
    child_handle child = launch(p.view());
    EXPECT_EQ(child.error.os, 0) << p.explain(child.error).what();
    if (child.error.os == 0) {
      EXPECT_EQ(read_file(folder + "/cgroup.procs"), std::to_string(child.ref.pid()) + "\n");
      EXPECT_EQ(child.ref.signal(SIGKILL), 0);
      EXPECT_EQ(end_of(child), -SIGKILL);
    }
  }
  for (int i = 0; i < 100 && ::rmdir(folder.c_str()) < 0 && errno == EBUSY; ++i) {
    sys::sleep_until(in_ms(10));  // the kernel takes the dead one out a bit later
  }
  EXPECT_NE(::access(folder.c_str(), F_OK), 0);
}

}  // namespace
