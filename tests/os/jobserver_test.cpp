// Jobservers: being one for nested makes, being a client of one, and jobservers that are not there.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::error_kind;
using brood::job;
using brood::jobserver_client;
using brood::jobserver_role;
using brood::pool;
using support::helper;

// A variable of this process, as long as this lives.
class variable {
 public:
  variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable() { set(old_); }

 private:
  void set(const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name_, value->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

// The jobserver of a make that is played by the test: a pipe with tokens in it.
class played_make {
 public:
  explicit played_make(const std::string& tokens) {
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0);
    EXPECT_EQ(::write(ends_[1], tokens.data(), tokens.size()), static_cast<ssize_t>(tokens.size()));
  }
  played_make(const played_make&) = delete;
  played_make& operator=(const played_make&) = delete;
  ~played_make() {
    for (const int fd : ends_) ::close(fd);
  }
  std::string auth() const { return std::to_string(ends_[0]) + "," + std::to_string(ends_[1]); }
  std::string flags() const { return "-j3 --jobserver-auth=" + auth(); }
  int reads() const { return ends_[0]; }
  // What is there now, sorted.
  std::string tokens() const {
    char bytes[100];
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    const ssize_t n = ::read(ends_[0], bytes, sizeof bytes);
    std::string all(bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

// make sets O_APPEND on its stdout and stderr, which would be those of the tests.
const brood::options apart{.capture_output = true};

class Jobserver : public support::os_test {
 protected:
  variable makeflags_{"MAKEFLAGS", std::nullopt};
  variable cargo_{"CARGO_MAKEFLAGS", std::nullopt};

  command gauge(int wanted) const {
    return {helper(), "gauge", path("gauge"), std::to_string(wanted)};
  }
  // "MOST of TOTAL"
  std::string gauged() const { return brood::check_output({helper(), "gauged", path("gauge")}); }
  // A makefile with `count` independent recipes.
  command make_of(int count, const std::string& recipe) const {
    std::string text = "all:";
    for (int i = 0; i < count; ++i) text += " t" + std::to_string(i);
    text += "\n";
    for (int i = 0; i < count; ++i) text += "t" + std::to_string(i) + ":\n\t@" + recipe + "\n";
    const std::string name = path("makefile" + std::to_string(++makefiles_));
    support::write_file(name, text);
    return {"make", "-s", "-f", name};
  }
  std::string gauge_recipe(int wanted) const {
    return helper() + " gauge " + path("gauge") + " " + std::to_string(wanted);
  }
  // Waits for a helper that has come to its `ready` at this fifo.
  void await(const std::string& fifo) const {
    const int fd = ::open(fifo.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    char newline = 0;
    EXPECT_EQ(::read(fd, &newline, 1), 1);
    ::close(fd);
  }
  std::string fifo(const std::string& name) const {
    EXPECT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
    return path(name);
  }

 private:
  mutable int makefiles_ = 0;
};

// --- a pool that is a jobserver ---

// Sealed jobs get their descriptors over the channel of a guardian, where one is free.
class ServingPool
    : public Jobserver,
      public ::testing::WithParamInterface<std::tuple<jobserver_role, brood::containment>> {
 protected:
  brood::pool_options serving(int workers) const {
    return {.max_workers = workers, .jobserver = std::get<0>(GetParam())};
  }
  static job submit(pool& p, command c, brood::options o = {}) {
    o.contain = std::get<1>(GetParam());
    return p.submit(std::move(c), std::move(o));
  }
};

INSTANTIATE_TEST_SUITE_P(
    Styles, ServingPool,
    ::testing::Combine(::testing::Values(jobserver_role::serve_pipe, jobserver_role::serve_fifo),
                       ::testing::Values(brood::containment::tree, brood::containment::sealed)),
    [](const auto& i) {
      const bool pipe = std::get<0>(i.param) == jobserver_role::serve_pipe;
      return std::string(pipe ? "pipe_" : "fifo_") +
             std::string(brood::to_string(std::get<1>(i.param)));
    });

TEST_F(Jobserver, NestedMakesAndJobsTogetherStayWithinTheSlots) {
  pool p({.max_workers = 3, .jobserver = jobserver_role::serve_pipe});
  std::vector<command> makes;
  for (int i = 0; i < 3; ++i) makes.push_back(make_of(10, gauge_recipe(1)));
  for (int i = 0; i < 4; ++i) makes.push_back(gauge(1));
  for (const auto& r : p.map(makes, {.capture_output = true})) {
    EXPECT_TRUE(r.success());
    EXPECT_EQ(r.err, "");
  }
  const std::string most = gauged();
  EXPECT_LE(std::stoi(most), 3);
  EXPECT_NE(most.find(" of 34\n"), most.npos) << most;
}

TEST_F(Jobserver, AMakeThatIsAloneGetsAllSlots) {
  pool p({.max_workers = 3, .jobserver = jobserver_role::serve_pipe});
  EXPECT_TRUE(p.submit(make_of(9, gauge_recipe(3)), apart).result().success());
  EXPECT_EQ(gauged(), "3 of 9\n");
}

TEST_F(Jobserver, ANestedMakeOfANestedMakeSharesToo) {
  pool p({.max_workers = 4, .jobserver = jobserver_role::serve_pipe});
  const std::string inner = "+make -s -f " + make_of(6, gauge_recipe(4)).args().back();
  EXPECT_TRUE(p.submit(make_of(2, inner), apart).result().success());
  EXPECT_EQ(gauged(), "4 of 12\n");
}

TEST_F(Jobserver, TheSlotsOfAKilledMakeComeBack) {
  pool p({.max_workers = 3, .jobserver = jobserver_role::serve_pipe});
  // All three recipes run, on two tokens and the slot of the job; then one kills make.
  const std::string recipe =
      helper() + " gauge " + path("first") + " 3; kill -KILL $$PPID; exec " + helper() + " pause";
  brood::options sealed = apart;
  sealed.contain = brood::containment::sealed;
  for (int i = 0; i < 3; ++i) {
    const auto r = p.submit(make_of(3, recipe), sealed).result();
    EXPECT_EQ(r.status.signal(), 9);
    support::write_file(path("first"), "");
  }
  EXPECT_TRUE(p.submit(make_of(6, gauge_recipe(3)), apart).result().success());
  EXPECT_EQ(gauged(), "3 of 6\n");
}

TEST_P(ServingPool, TheSlotsOfAKilledClientComeBack) {
  pool p(serving(3));
  for (int i = 0; i < 4; ++i) {
    const auto killed =
        submit(p, {helper(), "take-tokens", "2", "+", "kill-self", "KILL"}).result();
    EXPECT_EQ(killed.status.signal(), 9);
  }
  const job next = submit(p, {helper(), "take-tokens", "2", "+", "no-token"}, {.out = brood::PIPE});
  EXPECT_EQ(next.result().out, "none\n");
}

TEST_P(ServingPool, ASlotGoesToTheJobThatWantsIt) {
  pool p(serving(4));
  std::vector<job> sleepers;
  for (int i = 0; i < 2; ++i) sleepers.push_back(submit(p, {helper(), "pause"}));
  // One slot is left, and three jobs could have it.
  const command taker{helper(), "take-tokens", "1", "+", "give-tokens"};
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(submit(p, taker).result().success());
  for (const job& j : sleepers) j.cancel();
}

TEST_P(ServingPool, WhatOneClientGivesBackAnotherGets) {
  pool p(serving(3));
  const std::string took = fifo("took");
  const std::string gave = fifo("gave");
  const job first = submit(p, {helper(), "take-tokens", "1", "+", "ready", took, "+", "ready", gave,
                               "+", "give-tokens", "+", "pause"});
  await(took);
  const job second = submit(p, {helper(), "take-tokens", "1"});
  EXPECT_FALSE(second.wait_for(100ms));
  await(gave);
  EXPECT_TRUE(second.result().success());
  first.cancel();
}

TEST_P(ServingPool, AJobWaitsForTheSlotThatAClientHolds) {
  pool p(serving(2));
  const std::string took = fifo("took");
  const std::string gave = fifo("gave");
  const job first = submit(p, {helper(), "take-tokens", "1", "+", "ready", took, "+", "ready", gave,
                               "+", "give-tokens", "+", "pause"});
  await(took);
  const job second = submit(p, {helper(), "exit", "0"});
  EXPECT_FALSE(second.wait_for(100ms));
  EXPECT_EQ(second.state(), brood::job_state::queued);
  await(gave);
  EXPECT_TRUE(second.result().success());
  first.cancel();
}

TEST_P(ServingPool, TokensThatNobodyGaveAreNotSlots) {
  pool p(serving(2));
  const std::string rogue = fifo("rogue");
  const job liar = submit(
      p, {helper(), "give-tokens", std::string(5000, 'x'), "+", "ready", rogue, "+", "pause"});
  await(rogue);
  std::vector<job> gauges;
  for (int i = 0; i < 5; ++i) gauges.push_back(submit(p, gauge(1)));
  for (const job& j : gauges) EXPECT_TRUE(j.result().success());
  EXPECT_EQ(gauged(), "1 of 5\n");  // the liar has the other slot
  liar.cancel();
  const job next = submit(p, {helper(), "take-tokens", "1", "+", "no-token"}, {.out = brood::PIPE});
  EXPECT_EQ(next.result().out, "none\n");
}

TEST_P(ServingPool, ASmallerPoolCollectsWhatItHasGiven) {
  pool p(serving(4));
  const std::string took = fifo("took");
  const job first = submit(
      p, {helper(), "take-tokens", "1", "+", "ready", took, "+", "no-token", "+", "give-tokens"},
      {.out = brood::PIPE});
  p.resize(2);
  await(took);
  EXPECT_TRUE(first.result().success());
  p.resize(1);
  const job last = submit(p, {helper(), "no-token"}, {.out = brood::PIPE});
  EXPECT_EQ(last.result().out, "none\n");
}

TEST_P(ServingPool, RetriesAndFailuresKeepTheCount) {
  pool p(serving(2));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(submit(p, {"/no/such/program"}).try_result());
    EXPECT_EQ(
        submit(p, {helper(), "take-tokens", "1", "+", "exit", "1"}, {.retry = {.attempts = 3}})
            .result()
            .attempts.size(),
        2U);
  }
  EXPECT_TRUE(submit(p, {helper(), "take-tokens", "1"}).result().success());
}

// One after another under the same guardian: nothing of the pipe of one reaches the next.
TEST_P(ServingPool, EachJobHasAPipeOfItsOwn) {
  pool p(serving(2));
  std::optional<std::size_t> descriptors;
  for (int i = 0; i < 4; ++i) {
    const auto r = submit(p, {helper(), "take-tokens", "1", "+", "list-fds"},
                          {.in = brood::DEVNULL, .capture_output = true})
                       .result();
    EXPECT_TRUE(r.success());
    const std::size_t count = support::split_lines(r.out).size();
    EXPECT_EQ(count, descriptors.value_or(count)) << r.out;
    descriptors = count;
  }
  const bool by_path = std::get<0>(GetParam()) == jobserver_role::serve_fifo;
  EXPECT_EQ(descriptors, by_path ? 4U : 5U);  // what the helper has opened, or both ends
}

TEST_P(ServingPool, OtherFlagsOfMakeStay) {
  pool p(serving(2));
  const auto env = brood::environment().set("MAKEFLAGS", "ks -j8 --jobserver-auth=8,9 -- A=b\\ c");
  const auto r =
      submit(p, {helper(), "env", "MAKEFLAGS", "CARGO_MAKEFLAGS", "+", "take-tokens", "1"},
             {.out = brood::PIPE, .env = env})
          .result();
  EXPECT_TRUE(r.success());
  EXPECT_EQ(r.out.rfind("MAKEFLAGS=ks -j", 0), 0U) << r.out;
  EXPECT_NE(r.out.find(" -- A=b\\ c\n"), r.out.npos) << r.out;
  EXPECT_EQ(r.out.find("8,9"), r.out.npos) << r.out;
}

TEST_F(Jobserver, ItsDescriptorsAreBesideThoseOfTheJob) {
  pool p({.max_workers = 2, .jobserver = jobserver_role::serve_pipe});
  const played_make other("");
  const auto r = p.submit({helper(), "env", "CARGO_MAKEFLAGS", "+", "take-tokens", "1"},
                          {.out = brood::PIPE, .map_fds = {{other.reads(), 3}}})
                     .result();
  EXPECT_TRUE(r.success());
  EXPECT_EQ(r.out, "CARGO_MAKEFLAGS=-j --jobserver-fds=4,5 --jobserver-auth=4,5\n");
}

// --- a pool that is a client ---

TEST_F(Jobserver, AGuestRunsOnTheSlotsOfTheHost) {
  for (const bool by_path : {false, true}) {
    const played_make make("ab");
    const std::string fd = "/proc/self/fd/" + std::to_string(make.reads());
    const variable flags("MAKEFLAGS",
                         by_path ? "--jobserver-auth=fifo:" + fd : make.flags() + " -- X=y");
    support::write_file(path("gauge"), "");
    {
      pool p({.max_workers = 8, .jobserver = jobserver_role::join});
      EXPECT_FALSE(p.jobserver_problem());
      for (int i = 0; i < 9; ++i) p.submit(gauge(3));
      p.wait();
      EXPECT_EQ(p.count().failed, 0U);
    }
    EXPECT_EQ(gauged(), "3 of 9\n");
    EXPECT_EQ(make.tokens(), "ab");
  }
}

TEST_F(Jobserver, TheJobsOfAGuestReachTheHost) {
  const played_make make("++");  // what make 4.3 gives back, whatever it took
  const variable flags("MAKEFLAGS", make.flags());
  pool p({.jobserver = jobserver_role::join});
  EXPECT_TRUE(p.submit(make_of(6, gauge_recipe(3)), apart).result().success());
  EXPECT_EQ(gauged(), "3 of 6\n");
  EXPECT_EQ(make.tokens(), "++");
}

TEST_F(Jobserver, AGuestThatEndsEarlyGivesItsSlotsBack) {
  const played_make make("ab");
  const variable flags("MAKEFLAGS", make.flags());
  {
    pool p({.max_workers = 3, .jobserver = jobserver_role::join});
    for (int i = 0; i < 6; ++i) p.submit({helper(), "pause"});
    while (p.count().running < 3) std::this_thread::yield();
    EXPECT_EQ(make.tokens(), "");
  }
  EXPECT_EQ(make.tokens(), "ab");
}

TEST_F(Jobserver, AGuestWaitsForSlotsThatOthersHold) {
  const played_make make("a");
  const variable flags("MAKEFLAGS", make.flags());
  jobserver_client::slot other = jobserver_client::find().value().take();
  pool p({.max_workers = 3, .jobserver = jobserver_role::join});
  const job first = p.submit({helper(), "pause"});
  const job second = p.submit({helper(), "exit", "0"});
  EXPECT_FALSE(second.wait_for(100ms));
  other.give_back();
  EXPECT_TRUE(second.result().success());
  first.cancel();
}

TEST_F(Jobserver, WithoutAJobserverAGuestIsAPool) {
  for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("ks -j4"),
                            std::optional<std::string>("-- --jobserver-auth=3,4")}) {
    const variable flags("MAKEFLAGS", value);
    pool p({.max_workers = 3, .jobserver = jobserver_role::join});
    ASSERT_TRUE(p.jobserver_problem());
    EXPECT_EQ(p.jobserver_problem()->kind(), error_kind::not_found);
    EXPECT_EQ(p.max_workers(), 3);
  }
}

TEST_F(Jobserver, AStaleJobserverMeansOneAtATime) {
  std::string auth;
  {
    const played_make gone("ab");
    auth = gone.auth();
  }
  const variable flags("MAKEFLAGS", " -j3 --jobserver-auth=" + auth);
  pool p({.max_workers = 3, .jobserver = jobserver_role::join});
  ASSERT_TRUE(p.jobserver_problem());
  const std::string why = p.jobserver_problem()->what();
  EXPECT_NE(why.find(auth), why.npos) << why;
  EXPECT_NE(why.find("is closed. Add '+' to the parent make rule"), why.npos) << why;
  EXPECT_EQ(p.max_workers(), 1);
  for (int i = 0; i < 4; ++i) p.submit(gauge(1));
  p.wait();
  EXPECT_EQ(gauged(), "1 of 4\n");
  p.resize(2);
  for (int i = 0; i < 4; ++i) p.submit(gauge(2));
  p.wait();
  EXPECT_EQ(gauged(), "2 of 8\n");
}

// What make -j3 starts, with and without '+': this program, playing a recipe.
TEST(JobserverRecipe, DISABLED_RunsAPool) {
  const char* gauge = std::getenv("GAUGE");
  ASSERT_NE(gauge, nullptr);
  pool p({.max_workers = 8, .jobserver = jobserver_role::join});
  if (p.jobserver_problem()) std::printf("%s\n", p.jobserver_problem()->what());
  const int wanted = p.jobserver_problem() ? 1 : 3;
  for (int i = 0; i < 6; ++i) p.submit({helper(), "gauge", gauge, std::to_string(wanted)});
  p.wait();
  EXPECT_EQ(p.count().failed, 0U);
}

brood::completed_process run_recipe(const command& make, const std::string& gauge) {
  command c = make;
  c.add("-j3");
  return brood::run(c, {.capture_output = true, .env = brood::environment().set("GAUGE", gauge)});
}

constexpr const char* recipe =
    " --gtest_filter=JobserverRecipe.* --gtest_also_run_disabled_tests --gtest_brief=1";

TEST_F(Jobserver, InARecipeWithPlusAPoolSharesTheSlotsOfMake) {
  const std::string self = std::string("+") + "/proc/" + std::to_string(::getpid()) + "/exe";
  const auto r = run_recipe(make_of(2, self + recipe), path("gauge"));
  EXPECT_TRUE(r.success()) << r.out << r.err;
  EXPECT_EQ(r.out.find("unavailable"), r.out.npos) << r.out;
  EXPECT_EQ(gauged(), "3 of 12\n");
}

TEST_F(Jobserver, InARecipeWithoutPlusAPoolSaysSoAndRunsOneAtATime) {
  const std::string self = "/proc/" + std::to_string(::getpid()) + "/exe";
  const auto r = run_recipe(make_of(1, self + recipe), path("gauge"));
  EXPECT_TRUE(r.success()) << r.out << r.err;
  EXPECT_NE(r.out.find("Add '+' to the parent make rule"), r.out.npos) << r.out << r.err;
  EXPECT_EQ(gauged(), "1 of 6\n");
}

// --- the tool ---

TEST_F(Jobserver, TheToolPassesItOnAndItsBatchJoins) {
  if (::access(support::tool().c_str(), X_OK) != 0) GTEST_SKIP() << "built without the tool";
  const std::string batch = " map --no-journal -j4 " + helper() + " gauge " + path("gauge") +
                            " 2 + exit {} ::: 0 0 0 0 0 0";
  command make = make_of(1, "+" + support::tool() + " run -- " + support::tool() + batch);
  make.add("-j2");
  const auto r = brood::run(make, {.capture_output = true});
  EXPECT_TRUE(r.success()) << r.out << r.err;
  EXPECT_EQ(r.err, "");
  EXPECT_EQ(gauged(), "2 of 6\n");
}

TEST_F(Jobserver, ABatchThatCannotReachItSaysSo) {
  if (::access(support::tool().c_str(), X_OK) != 0) GTEST_SKIP() << "built without the tool";
  for (const std::string asked : {"", " -j2"}) {
    const std::string most = asked.empty() ? "1" : "2";
    const std::string gauge = path("gauge" + most);
    command make = make_of(1, support::tool() + " map --no-journal" + asked + " " + helper() +
                                  " gauge " + gauge + " " + most + " + exit {} ::: 0 0 0 0");
    make.add("-j3");
    const auto r = brood::run(make, {.capture_output = true});
    EXPECT_TRUE(r.success()) << r.out << r.err;
    EXPECT_NE(r.err.find("Add '+' to the parent make rule"), r.err.npos) << r.err;
    EXPECT_EQ(r.err.find("one job at a time") != r.err.npos, asked.empty()) << r.err;
    const auto seen = brood::run({helper(), "gauged", gauge}, {.capture_output = true});
    EXPECT_EQ(seen.out, most + " of 4\n");
  }
}

// --- a client alone ---

TEST_F(Jobserver, AClientGivesBackTheByteThatItTook) {
  const played_make make("xyz");
  const auto client = jobserver_client::from(make.flags()).value();
  {
    std::vector<jobserver_client::slot> slots;
    for (int i = 0; i < 3; ++i) slots.push_back(client.take());
    EXPECT_FALSE(client.take(0s));
    EXPECT_FALSE(client.take(10ms));
    slots[1] = std::move(slots[2]);  // gives back what was there
    EXPECT_TRUE(slots[2] = client.take(0s));
  }
  EXPECT_EQ(make.tokens(), "xyz");
  EXPECT_THROW((void)client.take(-1s), brood::usage_error);
}

TEST_F(Jobserver, AClientLeavesTheModeOfOthersAlone) {
  const played_make make("x");
  const auto client = jobserver_client::from(make.flags()).value();
  (void)client.take();
  EXPECT_EQ(::fcntl(make.reads(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(Jobserver, AForkGivesNothingBack) {
  const played_make make("x");
  const auto client = jobserver_client::from(make.flags()).value();
  jobserver_client::slot slot = client.take();
  const pid_t child = ::fork();
  if (child == 0) {
    slot.give_back();
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(client.take(0s));
  slot.give_back();
  EXPECT_EQ(make.tokens(), "x");
}

TEST_F(Jobserver, CargosFlagsCountWhereMakeHasNone) {
  const played_make make("x");
  const variable flags("MAKEFLAGS", "k");
  const variable cargo("CARGO_MAKEFLAGS", make.flags());
  EXPECT_TRUE(jobserver_client::find().value().take(0s));
}

TEST_F(Jobserver, ABadJobserverIsNamed) {
  const played_make make("x");
  const played_make another("y");
  const std::string ours = std::to_string(make.reads());
  const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const std::string null = std::to_string(file);
  support::write_file(path("file"), "+++");
  ASSERT_EQ(::mkfifo(path("gone").c_str(), 0600), 0);
  ASSERT_EQ(::unlink(path("gone").c_str()), 0);
  const auto broken = [](const std::string& auth, const std::string& why) {
    const auto c = jobserver_client::from("-j3 --jobserver-auth=" + auth);
    ASSERT_FALSE(c) << auth;
    EXPECT_EQ(c.error().kind(), error_kind::broken) << auth;
    const std::string what = c.error().what();
    EXPECT_NE(what.find("unavailable: " + why), what.npos) << what;
  };
  broken("", "neither");
  broken("fifo:", "neither");
  broken("fifo", "neither");
  broken("3", "neither");
  broken("3,", "neither");
  broken(",4", "neither");
  broken("3,4,5", "neither");
  broken("3,4x", "neither");
  broken("99999999999999999999,4", "neither");
  broken("\x80\xff\x01,\x7f", "neither");
  broken(std::string(100'000, ','), "neither");
  broken("-2,-2", "make keeps it");
  broken("-1,4", "make keeps it");
  broken("2000000000,2000000001", "descriptor 2000000000 is closed");
  broken(null + "," + null, "the descriptors are something else's");
  broken(ours + "," + ours, "the descriptors are something else's");
  broken(ours + "," + another.auth().substr(another.auth().find(',') + 1),
         "the descriptors are something else's");
  broken("fifo:" + path("gone"), "No such file or directory");
  broken("fifo:" + path("file"), "it is not a fifo");
  broken("fifo:" + dir(), "Is a directory");
  broken("fifo:" + std::string(5000, 'x'), std::generic_category().message(ENAMETOOLONG));
  const std::string nul("-j3 --jobserver-auth=3\0,4", 24);
  EXPECT_FALSE(jobserver_client::from(nul));
  // The last one counts, also a bad one.
  broken(make.auth() + " --jobserver-fds=nonsense", "neither");
  EXPECT_TRUE(jobserver_client::from("--jobserver-auth=nonsense " + make.flags()));
  ::close(file);
}

TEST_F(Jobserver, AFifoWhosePathHasABlank) {
  const std::string name = fifo("a b");
  const auto c = jobserver_client::from("--jobserver-auth=fifo:" + dir() + "/a\\ b");
  ASSERT_TRUE(c) << c.error().what();
  EXPECT_FALSE(c->take(0s));
}

TEST_F(Jobserver, AJobserverThatGoesIsAnErrorOfTaking) {
  const auto c = jobserver_client::from("--jobserver-auth=fifo:/dev/null");  // a device may be one
  ASSERT_TRUE(c) << c.error().what();
  EXPECT_THROW((void)c->take(), brood::spawn_error);
  const variable flags("MAKEFLAGS", "--jobserver-auth=fifo:/dev/null");
  pool p({.max_workers = 3, .jobserver = jobserver_role::join});
  for (int i = 0; i < 4; ++i) p.submit(gauge(1));
  p.wait();
  EXPECT_EQ(gauged(), "1 of 4\n");
}

}  // namespace
