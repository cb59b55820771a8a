// Bad input: each mistake gets one clear error, and nothing is started.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::error_kind;
using support::helper;

class Mistakes : public support::os_test {
 protected:
  static void refused(const brood::command& c, const brood::options& o, error_kind kind,
                      const std::string& text) {
    const auto r = brood::try_run(c, o);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(brood::to_string(r.error().kind()), brood::to_string(kind)) << r.error().what();
    EXPECT_NE(std::string(r.error().what()).find(text), std::string::npos) << r.error().what();
  }
  static void wrong(const brood::options& o, const std::string& text) {
    refused({helper(), "exit", "0"}, o, error_kind::bad_request, text);
  }
};

TEST_F(Mistakes, InTheCommand) {
  refused({}, {}, error_kind::bad_request, "command: it is empty");
  refused({""}, {}, error_kind::bad_request, "name is empty");
  refused({helper(), std::string("a\0b", 3)}, {}, error_kind::bad_request, "argument 1");
}

TEST_F(Mistakes, InTheProgram) {
  for (const auto contain : {containment::process, containment::sealed}) {
    const brood::options o{.contain = contain};
    refused({"no-such-program"}, o, error_kind::not_found, "exec 'no-such-program': No such file");
    refused({path("missing")}, o, error_kind::not_found, "No such file");
    refused({"/"}, o, error_kind::denied, "exec '/': Is a directory");
    support::write_file(path("plain"), "text", 0644);
    refused({path("plain")}, o, error_kind::denied, "Permission denied");
    support::write_file(path("script"), "#!/no/such/interpreter\n", 0755);
    refused({path("script")}, o, error_kind::not_found, "interpreter");
    support::write_file(path("junk"), "\x01\x02", 0755);
    refused({path("junk")}, o, error_kind::denied, "Exec format error");
    auto elsewhere = o;
    elsewhere.cwd = path("nowhere");
    refused({helper(), "exit", "0"}, elsewhere, error_kind::not_found, "chdir '");
  }
}

TEST_F(Mistakes, InTheEnvironment) {
  wrong({.env = brood::environment().set("", "x")}, "name is empty");
  wrong({.env = brood::environment().set("a=b", "x")}, "'a=b' has a '='");
  wrong({.env = brood::environment().set("a", std::string("x\0y", 3))}, "NUL");
}

TEST_F(Mistakes, InTheStreams) {
  wrong({.in = brood::DEVNULL, .input = "x"}, "in and input contradict");
  wrong({.out = brood::STDOUT}, "STDOUT is for err alone");
  wrong({.out = brood::DEVNULL, .capture_output = true}, "contradicts out");
  wrong({.out = brood::fd(999)}, "descriptor 999 is not open");
  wrong({.max_output = 0}, "more than 0");
  wrong({.max_output = {10, brood::overflow::spill}}, "spill needs");
  wrong({.out = brood::file("x", "rw")}, "no mode");
  wrong({.encoding = "no-such-encoding"}, "not known");
  refused({helper(), "exit", "0"}, {.out = brood::file(path("no/where"))}, error_kind::not_found,
          "open '");
}

TEST_F(Mistakes, InTheTimes) {
  wrong({.timeout = -1s}, "negative");
  wrong({.timeout = 0s}, "more than 0");
  wrong({.timeout = std::chrono::duration<double>(std::nan(""))}, "not a number");
  wrong({.timeout = std::chrono::hours::max()}, "292 years");
  wrong({.idle_timeout = 1s}, "needs PIPE");
  wrong({.stop = {}}, "at least one step");
  wrong({.stop = {{99, 1s}}}, "99 is not a signal");
}

TEST_F(Mistakes, InTheIdentity) {
  refused({helper(), "exit", "0"}, {.user = "no-such-user"}, error_kind::not_found,
          "'no-such-user': there is no such user");
  refused({helper(), "exit", "0"}, {.group = "no-such-group"}, error_kind::not_found,
          "'no-such-group': there is no such group");
  wrong({.umask = 01000U}, "umask");
  wrong({.new_session = true, .process_group = 0}, "contradicts new_session");
  wrong({.pass_fds = {999}}, "descriptor 999 is not open");
  wrong({.map_fds = {{999, 5}}}, "descriptor 999 is not open");
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  wrong({.limits = {.open_files = files.rlim_max + 1}}, "above the hard limit");
  const auto r = brood::run({helper(), "exit", "0"},
                            {.limits = {.open_files = files.rlim_max + 1}, .best_effort = true});
  EXPECT_EQ(r.degraded.size(), 1U);
}

}  // namespace
