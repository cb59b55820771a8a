// What brood map trusts, keeps and tells of its jobs: the folder of the journal, and what is in it.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/folder.hpp"
#include "journal/sql.hpp"
#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/obstacle.hpp"

namespace {

using namespace std::chrono_literals;
using support::finished;
using support::helper;
using support::map;
using ::testing::HasSubstr;
using ::testing::Not;
using words = std::vector<std::string>;

class ToolJournal : public support::os_test {
 protected:
  /// `brood VERB WORDS`.
  static finished brood(words argv) {
    argv.insert(argv.begin(), support::tool());
    return support::run_bare(argv);
  }
  void change_journal(const std::string& text) const {
    journal::sql::database(journal::folder::open(path(".brood")), journal::sql::access::write, 5s)
        .execute(text.c_str());
  }
  /// A job runs, and says once why nothing is written down; what needs a journal is refused.
  void expect_unused(const std::string& why) const {
    const finished run = support::run_bare(map({"-k", helper(), "echo", ":::", "a", "b"}));
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "a\nb\n");
    EXPECT_EQ(run.err,
              "brood: no journal: the folder of the journal, '" + path(".brood") + "', " + why);
    const finished resumed = support::run_bare(map({"--resume", helper(), "echo", ":::", "a"}));
    EXPECT_EQ(resumed.code, 125);
    EXPECT_EQ(resumed.out, "");
    EXPECT_THAT(resumed.err, HasSubstr(why.substr(0, why.size() - 1)));
    EXPECT_EQ(brood({"ls"}).code, 125);
  }
};

// --- a folder that others can change -------------------------------------------------------------

TEST_F(ToolJournal, AFolderThatOthersMayWriteToIsNotUsed) {
  ASSERT_EQ(::mkdir(".brood", 0700), 0);
  for (const mode_t mode : {0770U, 0707U}) {
    ASSERT_EQ(::chmod(".brood", mode), 0);
    const std::string octal = mode == 0770U ? "0770" : "0707";
    expect_unused("may be written to by others (mode " + octal + "): 'chmod go-w' closes it\n");
    EXPECT_NE(::access(".brood/journal.db", F_OK), 0);
  }
}

TEST_F(ToolJournal, AFolderOfAnotherUserIsNotUsed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make one";
  ASSERT_EQ(::mkdir(".brood", 0777), 0);
  ASSERT_EQ(::chown(".brood", 65534, 65534), 0);
  expect_unused("belongs to another user (65534)\n");
  EXPECT_THAT(brood({"ls"}).err, HasSubstr("'--journal " + path(".brood") + "' reads it"));
}

TEST_F(ToolJournal, ALinkIsNotUsed) {
  ASSERT_EQ(::mkdir("elsewhere", 0700), 0);
  ASSERT_EQ(::symlink("elsewhere", ".brood"), 0);
  expect_unused("is a link, which is not followed\n");
  EXPECT_NE(::access("elsewhere/journal.db", F_OK), 0);
}

TEST_F(ToolJournal, WhatOthersHavePutThereIsNotTrustedOnceTheFolderIsClosed) {
  ASSERT_EQ(::mkdir(".brood", 0700), 0);
  for (const std::string name : {"journal.db", "journal.db-wal", "lock", "output"}) {
    const std::string planted = ".brood/" + name;
    support::write_file(planted, "", 0600);
    ASSERT_EQ(::chmod(planted.c_str(), 0622), 0);
    expect_unused("has '" + name +
                  "', which may be written to by others (mode 0622): 'chmod go-w' closes it\n");
    if (::geteuid() == 0) {
      ASSERT_EQ(::chmod(planted.c_str(), 0600), 0);
      ASSERT_EQ(::chown(planted.c_str(), 65534, 65534), 0);
      expect_unused("has '" + name + "', which belongs to another user (65534)\n");
    }
    ::unlink(planted.c_str());
    ASSERT_EQ(::symlink("../victim", planted.c_str()), 0);
    expect_unused("has '" + name + "', which is a link, which is not followed\n");
    ::unlink(planted.c_str());
  }
  if (::geteuid() != 0) return;
  // An output that is not that of the journal's owner.
  ASSERT_EQ(support::run_bare(map({helper(), "echo", ":::", "a"})).code, 0);
  ASSERT_EQ(::chown(".brood/output/1", 65534, 65534), 0);
  EXPECT_THAT(brood({"report", "--logs", "1"}).err, HasSubstr("it belongs to another user"));
}

TEST_F(ToolJournal, AFolderOfAParentThatIsNotOursIsNoJournal) {
  support::run_bare({"/bin/mkdir", "-p", "parent/.brood", "parent/below"});
  ASSERT_EQ(::chmod("parent/.brood", 0777), 0);
  ASSERT_EQ(::chdir("parent/below"), 0);
  EXPECT_EQ(support::run_bare(map({helper(), "echo", ":::", "a"})).err, "");
  EXPECT_EQ(::access(".brood/journal.db", F_OK), 0);
  EXPECT_NE(::access("../.brood/journal.db", F_OK), 0);
  ASSERT_EQ(::chdir(dir().c_str()), 0);
}

TEST_F(ToolJournal, WhereNoneCanBeKeptTheCauseIsNamed) {
  const std::vector<std::pair<words, std::string>> cases = {
      {{"--refuse", "fcntl:1=F_SETLK=ENOLCK"},
       "the file system of '" + path(".brood") +
           "/lock' has no file locks (No locks available), which a journal needs"},
      {{"--refuse", "mmap:3&MAP_SHARED=ENODEV"},
       "the file system of the journal '" + path(".brood") +
           "/journal.db' has no memory that programs share, which SQLite needs (No such device)"}};
  for (const auto& [flags, why] : cases) {
    const support::obstacle missing{"", flags};
    if (const std::string no = support::why_not(missing); !no.empty()) GTEST_SKIP() << no;
    const finished run =
        support::run_bare(support::among(missing, map({"-k", helper(), "echo", ":::", "a", "b"})));
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.out, "a\nb\n");
    EXPECT_EQ(run.err, "brood: no journal: " + why + "\n");
    const finished resumed =
        support::run_bare(support::among(missing, map({"--resume", helper(), "echo", ":::", "a"})));
    EXPECT_EQ(resumed.code, 125);
    EXPECT_EQ(resumed.err, "brood: " + why + "\n");
    ASSERT_EQ(support::run_bare(map({helper(), "echo", ":::", "a"})).code, 0);
    const finished listed = support::run_bare(support::among(missing, {support::tool(), "ls"}));
    EXPECT_EQ(listed.code, 125);
    EXPECT_EQ(listed.err, "brood: " + why + "\n");
    support::run_bare({"/bin/rm", "-r", ".brood"});
  }
}

TEST_F(ToolJournal, AFolderOrFileThatMayNotBeWrittenIsNoReasonNotToRun) {
  ASSERT_EQ(support::run_bare(map({helper(), "echo", ":::", "a"})).code, 0);
  const auto run_as_nobody = [&](const words& argv) {
    words all{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"};
    if (::geteuid() != 0) all.clear();
    all.insert(all.end(), argv.begin(), argv.end());
    return support::run_bare(all);
  };
  if (::geteuid() == 0) support::run_bare({"/bin/chown", "-R", "65534:65534", dir()});
  for (const std::string name : {".brood", ".brood/journal.db", ".brood/lock"}) {
    ASSERT_EQ(::chmod(name.c_str(), name == ".brood" ? 0500 : 0400), 0);
    const finished run = run_as_nobody(map({helper(), "echo", ":::", "a"}));
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "a\n");
    EXPECT_THAT(run.err,
                testing::MatchesRegex("brood: no journal: .*(Permission denied|readonly).*\n"))
        << name;
    EXPECT_EQ(run_as_nobody(map({"--resume", helper(), "echo", ":::", "a"})).code, 125);
    EXPECT_THAT(run_as_nobody({support::tool(), "ls"}).out, HasSubstr(" ok ")) << name;
    ASSERT_EQ(::chmod(name.c_str(), name == ".brood" ? 0700 : 0600), 0);
  }
}

// --- links in the folder -------------------------------------------------------------------------

TEST_F(ToolJournal, NothingIsWrittenThroughALink) {
  support::write_file("victim", "precious");
  for (const std::string name : {"output/1", "journal.db", "lock", ".gitignore"}) {
    support::run_bare({"/bin/rm", "-rf", ".brood"});
    ASSERT_EQ(::mkdir(".brood", 0700), 0);
    ASSERT_EQ(::mkdir(".brood/output", 0700), 0);
    ASSERT_EQ(::symlink("../../victim", (".brood/" + name).c_str()), 0);
    if (name != "output/1") {
      ::unlink((".brood/" + name).c_str());
      ASSERT_EQ(::symlink("../victim", (".brood/" + name).c_str()), 0);
    }
    (void)support::run_bare(map({"--lock", helper(), "echo", ":::", "a"}));
    EXPECT_EQ(support::read_file("victim"), "precious") << name;
  }
}

TEST_F(ToolJournal, AnOutputFileThatIsInTheWayIsReplaced) {
  support::write_file("victim", "precious");
  ASSERT_EQ(::mkdir(".brood", 0700), 0);
  ASSERT_EQ(::mkdir(".brood/output", 0700), 0);
  ASSERT_EQ(::symlink("../../victim", ".brood/output/1"), 0);
  const finished run = support::run_bare(map({helper(), "echo", ":::", "a"}));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(brood({"report", "--logs", "1"}).out, "a\n");
  EXPECT_EQ(support::read_file("victim"), "precious");
}

// --- folders of --results ------------------------------------------------------------------------

TEST_F(ToolJournal, EachJobHasAFolderOfItsOwn) {
  ASSERT_EQ(::mkdir("real", 0700), 0);
  ASSERT_EQ(::symlink("real", "other"), 0);
  const std::vector<std::pair<words, words>> cases = {
      {{"--results", "r", ":::", "a", "a", "a"}, {"r/1/a", "r/1/a~2", "r/1/a~3"}},
      {{"--results", "s", ":::", "a", "a~2", "a", "a"}, {"s/1/a", "s/1/a~2", "s/1/a~3", "s/1/a~4"}},
      {{"--results", "t/{}/", ":::", "a", "./a", "b/../a"}, {"t/a", "t/a~2", "t/a~3"}},
      {{"--results", "{1}/x", ":::", "real", "other"}, {"real/x", "other/x~2"}},
      {{"--results", "u{%}", ":::", "a", "b"}, {"u1", "u1~2"}}};
  for (const auto& [arguments, folders] : cases) {
    words argv =
        map({"-j1", "--retry", "2", helper(), "out", "{#}.", "+", "exit-once", "m{#}", "3"});
    argv.insert(argv.begin() + 2, arguments.begin(), arguments.begin() + 2);
    argv.insert(argv.end(), arguments.begin() + 2, arguments.end());
    const finished run = support::run_bare(argv);
    EXPECT_EQ(run.code, 0) << run.err;
    for (std::size_t i = 0; i < folders.size(); ++i) {
      const std::string text = std::to_string(i + 1) + ".";
      EXPECT_EQ(support::read_file(folders[i] + "/stdout"), text) << folders[i];
      EXPECT_EQ(support::read_file(folders[i] + "/stdout.1"), text) << folders[i];
    }
    support::run_bare({"/bin/sh", "-c", "rm -f m*"});
  }
}

TEST_F(ToolJournal, OutputBelowARelativeFolderIsFoundFromAnywhere) {
  support::run_bare({"/bin/mkdir", "-p", "parent/below", "aside"});
  ASSERT_EQ(::mkdir("parent/.brood", 0700), 0);
  ASSERT_EQ(::chdir("parent/below"), 0);
  const finished run = support::run_bare(
      map({"--results", "../r/x", "-C", "/", "-j1", "--retry", "2", helper(), "err",
           "attempt {#}\n", "+", "out", "text of {#}", "+", "exit", "{}", ":::", "4", "0"}));
  EXPECT_EQ(run.code, 1) << run.err;
  ASSERT_EQ(::chdir(path("aside").c_str()), 0);
  const std::string journal = path("parent/.brood");
  EXPECT_EQ(brood({"report", "--journal", journal, "--logs", "2"}).out, "text of 2attempt 2\n");
  const std::string why = brood({"report", "--journal", journal, "--why", "1"}).out;
  EXPECT_THAT(why, HasSubstr("attempt 2: exit status 4"));
  for (const std::string form : {"text", "html", "junit"}) {
    EXPECT_THAT(brood({"report", "--journal", journal, "--as", form}).out, HasSubstr("attempt 1"));
  }
  ASSERT_EQ(::chdir(dir().c_str()), 0);
}

TEST_F(ToolJournal, EachAttemptHasItsOwnOutput) {
  const words argv = map({"--results", "r", "--retry", "3,0.01", helper(), "exec", "/bin/sh", "-c",
                          "echo say $BROOD_ATTEMPT >&2; exit 3", "{}", ":::", "x"});
  EXPECT_EQ(support::run_bare(argv).code, 1);
  EXPECT_THAT(
      brood({"report", "--why", "1"}).out,
      testing::ContainsRegex("1: exit.*\n.*\n    . say 1\n  attempt 2.*\n.*\n    . say 2\n  "
                             "attempt 3.*\n.*\n    . say 3\n"));
}

// --- a run that goes on --------------------------------------------------------------------------

TEST_F(ToolJournal, ALogGoesOnUnderResume) {
  words argv = map({"-j1", "--joblog", "log", helper(), "exit", ":::", "0", "3"});
  EXPECT_EQ(support::run_bare(argv).code, 1);
  argv.insert(argv.begin() + 2, "--resume");
  EXPECT_EQ(support::run_bare(argv).code, 1);
  std::vector<std::string> lines = support::lines_of("log");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], testing::StartsWith("Seq\tHost"));
  for (const std::size_t i : {1U, 2U, 3U}) {
    EXPECT_THAT(lines[i], testing::StartsWith(i == 1 ? "1\t:" : "2\t:"));
  }
  // After one that was killed while it wrote.
  support::write_file("log", "Seq\thalf");
  EXPECT_EQ(support::run_bare(argv).code, 1);
  lines = support::lines_of("log");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "Seq\thalf");
  EXPECT_THAT(lines[1], testing::StartsWith("2\t:"));
  argv.erase(argv.begin() + 2);
  EXPECT_EQ(support::run_bare(argv).code, 1);
  EXPECT_EQ(support::lines_of("log").size(), 3U);
}

TEST_F(ToolJournal, WhatRunsIsShownAsRunning) {
  support::bare_process tool(
      map({"-j2", helper(), "ready", "on", "+", "pause", "+", "echo", ":::", "a", "b", "c"}));
  EXPECT_TRUE(support::poll_until(support::patience, [] {
    return brood({"report"}).out.find(", 0 failed, 2 running\n") != std::string::npos;
  }));
  const std::string text = brood({"report"}).out;
  EXPECT_THAT(text,
              testing::ContainsRegex("\nrunning now\n  job 1  for [0-9].* echo a\n  job 2  for"));
  for (const std::string form : {"text", "html", "junit", "json", "trace"}) {
    EXPECT_THAT(brood({"report", "--as", form}).out, Not(HasSubstr("not finished"))) << form;
    EXPECT_THAT(brood({"report", "--as", form}).out, HasSubstr("running")) << form;
    EXPECT_THAT(brood({"report", "--as", form}).out, Not(HasSubstr("unfinished\","))) << form;
  }
  EXPECT_THAT(brood({"report", "--as", "html"}).out, HasSubstr("\"causes\":[]"));
  EXPECT_THAT(brood({"report", "--why", "1"}).out, HasSubstr("attempt 1: is running\n"));
  EXPECT_EQ(brood({"report", "--failed"}).out, "");
  tool.signal(SIGKILL);
  (void)tool.wait();
  EXPECT_TRUE(support::none_survive());
  EXPECT_THAT(brood({"report"}).out, HasSubstr("\n2 x not finished\n"));
  EXPECT_THAT(brood({"report"}).out, Not(HasSubstr("running")));
}

// --- secrets -------------------------------------------------------------------------------------

TEST_F(ToolJournal, ValuesOfVariablesAndTextOfInputAreNotWrittenDown) {
  for (const words& flags : {words{"--env", "TOKEN=s3cr3t", "--input", "s3cr3t"},
                             words{"--env=TOKEN=s3cr3t"}, words{"--input=s3cr3t"},
                             words{"-vk", "--env", "A==s3cr3t=", "--env", "B=s3cr3t\ns3cr3t"}}) {
    words argv = map({helper(), "exit", ":::", "1"});
    argv.insert(argv.begin() + 2, flags.begin(), flags.end());
    EXPECT_EQ(support::run_bare(argv).code, 1);
    EXPECT_THAT(support::read_file(".brood/journal.db"), Not(HasSubstr("s3cr3t")));
    EXPECT_THAT(support::read_file(".brood/journal.db-wal"), Not(HasSubstr("s3cr3t")));
  }
  EXPECT_THAT(brood({"ls"}).out, HasSubstr("map --env 'TOKEN=***' --input '***' /"));
  EXPECT_THAT(brood({"ls"}).out, HasSubstr("-vk --env 'A=***' --env 'B=***' /"));
  EXPECT_THAT(brood({"report", "1", "--why", "1"}).out,
              HasSubstr("depends on the variable TOKEN\n"));
  // What a job is, is known all the same.
  words argv = map({"--resume", "--env", "TOKEN=s3cr3t", helper(), "echo", ":::", "1"});
  EXPECT_EQ(support::run_bare(argv).out, "1\n");
  EXPECT_EQ(support::run_bare(argv).out, "");
  argv[4] = "TOKEN=other";
  EXPECT_EQ(support::run_bare(argv).out, "1\n");
}

// --- what a journal names ------------------------------------------------------------------------

TEST_F(ToolJournal, OnlyWhatRunsWriteIsRead) {
  ASSERT_EQ(support::run_bare(map({helper(), "err", "mine", "+", "exit", ":::", "1"})).code, 1);
  support::write_file("secret", "secret");
  support::write_file(".brood/secret", "secret");
  ASSERT_EQ(::symlink(path("secret").c_str(), ".brood/output/2"), 0);
  ASSERT_EQ(::symlink(path("secret").c_str(), "stdout"), 0);
  ASSERT_EQ(::mkfifo("stderr", 0600), 0);
  for (const std::string& name :
       {path("secret"), std::string("secret"), std::string("output/../secret"),
        std::string("output/2"), path("stdout"), path("stderr"), std::string("output/"),
        std::string("/proc/self/environ"), std::string("output/9")}) {
    change_journal("UPDATE attempt SET err_path = CAST('" + name +
                   "' AS BLOB), err_offset = 0, err_bytes = 6, out_path = x''");
    const finished logs = brood({"report", "--logs", "1"});
    EXPECT_EQ(logs.code, 125) << name;
    EXPECT_EQ(logs.out, "") << name;
    EXPECT_THAT(logs.err, HasSubstr("cannot read the output '")) << name;
    for (const std::string form : {"text", "html", "junit"}) {
      const finished report = brood({"report", "--as", form});
      EXPECT_EQ(report.code, 0) << report.err;
      EXPECT_THAT(report.out, Not(HasSubstr(">secret"))) << name << form;
      EXPECT_THAT(report.out, Not(HasSubstr("| secret"))) << name << form;
      EXPECT_THAT(report.out, Not(HasSubstr("\"secret\""))) << name << form;
    }
  }
}

TEST_F(ToolJournal, AnotherUsersJournalNamesNoFilesOfOurs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make one";
  ASSERT_EQ(support::run_bare(map({helper(), "echo", ":::", "mine"})).code, 0);
  EXPECT_EQ(brood({"report", "--journal", ".brood", "--logs", "1"}).out, "mine\n");
  support::write_file("stdout", "secret");
  change_journal("UPDATE attempt SET out_path = CAST('" + path("stdout") + "' AS BLOB)");
  EXPECT_EQ(brood({"report", "--journal", ".brood", "--logs", "1"}).out, "secre");
  ASSERT_EQ(::chown(".brood", 65534, 65534), 0);
  const finished logs = brood({"report", "--journal", ".brood", "--logs", "1"});
  EXPECT_EQ(logs.out, "");
  EXPECT_THAT(logs.err, HasSubstr("the journal that names it is not ours"));
}

// --- why a job runs
// -------------------------------------------------------------------------------

TEST_F(ToolJournal, ExplainNamesAMove) {
  const auto explain = [](const std::string& folder) {
    return support::run_bare({"/bin/sh", "-c",
                              "cd " + folder + " && exec '" + support::tool() +
                                  "' map --resume --explain true ::: a"})
        .err;
  };
  ASSERT_EQ(::mkdir(path("old").c_str(), 0700), 0);
  EXPECT_EQ(explain("old"), "job 1 runs: no earlier run has it: true a\n");
  ASSERT_EQ(::rename(path("old").c_str(), path("new").c_str()), 0);
  const std::string moved = "job 1 runs: the directory changed since run 1, which was in '";
  EXPECT_THAT(explain("new"), HasSubstr(moved + path("old") + "'"));
  EXPECT_THAT(explain("new"), HasSubstr("skipped: succeeded in run 2"));
}

TEST_F(ToolJournal, ExplainNamesANewBlockSize) {
  support::write_file(path("input"), std::string(3000, '\n'));
  const auto explain = [](const std::string& flag, const std::string& value) {
    const words flags{"--pipe", flag, value, "-a", "input", "--resume", "--explain"};
    words argv = map({});
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"wc", "-l"});
    return support::run_bare(argv).err;
  };
  EXPECT_THAT(explain("--block", "2K"), HasSubstr("no earlier run has it"));
  EXPECT_THAT(explain("--block", "1K"),
              HasSubstr("runs: --block changed from 2K to 1K since run 1"));
  EXPECT_THAT(explain("-n", "500"),
              HasSubstr("runs: --block changed from 1K to 1M, -n changed from none to 500 since"));
  support::write_file(path("input"), std::string(400, '\n'));
  EXPECT_THAT(explain("-n", "500"), HasSubstr("runs: the block of stdin changed since run 3"));
  const std::string dry =
      support::run_bare(map({"--pipe", "-a", "input", "--dry-run", "--explain", "wc", "-l"})).out;
  EXPECT_THAT(dry, HasSubstr("skipped: succeeded in run 4"));  // it is the same block
}

TEST_F(ToolJournal, AJobRunsAgainWithoutWhatItCreates) {
  const auto run = [] {
    return support::run_bare(map({"--resume", "--explain", "--creates", "{.}.o", "--shell",
                                  "echo >{.}.o; echo made {}", ":::", "a.c", "b.c"}));
  };
  EXPECT_THAT(run().out, HasSubstr("made a.c\n"));
  EXPECT_EQ(run().out, "");
  ASSERT_EQ(::unlink(path("a.o").c_str()), 0);
  const finished dry =
      support::run_bare(map({"--resume", "--dry-run", "--creates", "{.}.o", "--shell",
                             "echo >{.}.o; echo made {}", ":::", "a.c", "b.c"}));
  EXPECT_EQ(dry.out, "echo >'a'.o; echo made a.c\n");
  const finished again = run();
  EXPECT_EQ(again.out, "made a.c\n");
  EXPECT_THAT(again.err, HasSubstr("job 1 runs: 'a.o' is not there: "));
  EXPECT_THAT(again.err, HasSubstr("job 2 skipped: succeeded in run 1"));
}

TEST_F(ToolJournal, AJobRunsAgainIfAFileOfItsDependencyFileChanges) {
  const auto run = [] {
    return support::run_bare(
        map({"--resume", "--explain", "--depends-file", "{}.d", "--shell",
             "echo {}.o: {} \\\\ >{}.d; echo ' h.h' >>{}.d; echo made", ":::", "a.c"}));
  };
  support::write_file(path("a.c"), "1");
  support::write_file(path("h.h"), "1");
  EXPECT_EQ(run().out, "made\n");
  EXPECT_EQ(support::read_file(path("a.c.d")), "a.c.o: a.c \\\n h.h\n");
  const finished second = run();
  EXPECT_EQ(second.out, "") << second.err;
  support::write_file(path("h.h"), "2");
  const finished changed = run();
  EXPECT_EQ(changed.out, "made\n");
  EXPECT_THAT(changed.err, HasSubstr("runs: the input 'h.h' changed since run 1"));
  EXPECT_EQ(run().out, "");
  ASSERT_EQ(::unlink(path("a.c.d").c_str()), 0);
  const finished without = run();
  EXPECT_EQ(without.out, "made\n");
  EXPECT_THAT(without.err, HasSubstr("runs: 'a.c.d' is not there"));
  EXPECT_EQ(run().out, "");
}

// The header that it has read may have been the old one.
TEST_F(ToolJournal, AJobDuringWhichADependencyChangedRunsAgain) {
  const auto run = [] {
    return support::run_bare(
               map({"--resume", "--depends-file", "d", "--shell",
                    "sleep 0.05; echo x >h.h; echo o: h.h >d; echo made {}", ":::", "a"}))
        .out;
  };
  EXPECT_EQ(run(), "made a\n");
  EXPECT_EQ(run(), "made a\n");
}

}  // namespace
