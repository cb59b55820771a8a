// Replacement strings, in lists of words and in text for a shell.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <brood/shlex.hpp>

#include "exit.hpp"
#include "map/template.hpp"

namespace {

using cli::piece;
using cli::shell_template;
using cli::template_options;
using cli::word_template;
using ::testing::ElementsAre;
using list = std::vector<std::string>;

list expand(const list& words, const list& args, const template_options& o = {}) {
  return word_template(words, o).expand({7, 2, &args});
}

std::string shell(const list& words, const list& args) {
  return shell_template(words, {.columns = args.size(), .single = args.size() == 1})
      .expand({7, 2, &args});
}

TEST(MapTemplate, TheArgument) {
  EXPECT_THAT(expand({"cp", "{}", "x{}y"}, {"a b"}), ElementsAre("cp", "a b", "xa by"));
  EXPECT_THAT(expand({"{}", "{#}", "{%}"}, {"a"}), ElementsAre("a", "7", "2"));
}

TEST(MapTemplate, WithoutAReplacementItComesAtTheEnd) {
  EXPECT_THAT(expand({"echo"}, {"a"}), ElementsAre("echo", "a"));
  EXPECT_THAT(expand({"echo"}, {"a", "b c"}), ElementsAre("echo", "a", "b c"));
  EXPECT_THAT(expand({"echo", "{#}"}, {"a"}), ElementsAre("echo", "7"));
  EXPECT_THAT(expand({"echo"}, {"a"}, {.append = false}), ElementsAre("echo"));
}

TEST(MapTemplate, SeveralArguments) {
  EXPECT_THAT(expand({"{}", "-{}-", "{2}{1}"}, {"a", "b"}), ElementsAre("a", "b", "-a b-", "ba"));
  EXPECT_THAT(expand({"x", "{5}"}, {"a"}), ElementsAre("x", ""));
}

TEST(MapTemplate, PartsOfAPath) {
  const list args{"dir/sub/file.tar.gz"};
  EXPECT_THAT(expand({"{.}", "{/}", "{//}", "{/.}"}, args),
              ElementsAre("dir/sub/file.tar", "file.tar.gz", "dir/sub", "file.tar"));
  EXPECT_THAT(expand({"{1.}", "{1/}", "{1//}", "{1/.}"}, args),
              ElementsAre("dir/sub/file.tar", "file.tar.gz", "dir/sub", "file.tar"));
  using form = piece::form;
  EXPECT_EQ(cli::reshape("a.b/c", form::no_extension), "a.b/c");
  EXPECT_EQ(cli::reshape(".profile", form::no_extension), ".profile");
  EXPECT_EQ(cli::reshape("c", form::folder), ".");
  EXPECT_EQ(cli::reshape("/c", form::folder), "/");
  EXPECT_EQ(cli::reshape("", form::base_no_extension), "");
}

TEST(MapTemplate, Names) {
  const template_options o{.names = {"file", "n"}};
  EXPECT_THAT(expand({"{n}:{file.}:{n:b}"}, {"a.txt", "3"}, o), ElementsAre("3:a:{n:b}"));
  EXPECT_THAT(expand({"${HOME} {print $1}"}, {"a", "3"}, o),
              ElementsAre("${HOME} {print $1}", "a", "3"));
  const template_options blank{.names = {"unit price", "Größe", ""}};
  EXPECT_THAT(expand({"{unit price}", "{Größe}"}, {"a", "b", "c"}, blank), ElementsAre("a", "b"));
}

std::string mistake_in(const std::string& word, const template_options& o) {
  try {
    (void)expand({word}, {"a"}, o);
  } catch (const cli::failure& e) {
    return e.text;
  }
  return "";
}

TEST(MapTemplate, AnUnknownNameIsAnErrorThatListsTheColumns) {
  const template_options o{.names = {"name", "unit price"}};
  EXPECT_EQ(
      mistake_in("{Depth}", o),
      "map: {Depth}: there is no such column; there are {name}, {unit price} ({{Depth} is the "
      "text itself)");
  EXPECT_NE(mistake_in("{Depth.}", o), "");
  EXPECT_EQ(mistake_in("{{Depth}", o), "");
  EXPECT_EQ(mistake_in("{Depth}", {}), "");  // nothing has a name
  EXPECT_THAT(mistake_in("{x}", {.names = {"x", "x"}}), ::testing::HasSubstr("several columns"));
}

TEST(MapTemplate, AnEscapeForWhatWouldBeAReplacement) {
  EXPECT_THAT(expand({"grep", "a{{2}b{{12}", "{}"}, {"x"}), ElementsAre("grep", "a{2}b{12}", "x"));
  EXPECT_THAT(expand({"{{}-{{.}-{{#}-{{1/}-{}"}, {"x"}), ElementsAre("{}-{.}-{#}-{1/}-x"));
  EXPECT_THAT(expand({"{{1}}", "{{a}", "{{2,3}", "{{print}"}, {"x"}),
              ElementsAre("{x}", "{{a}", "{{2,3}", "{{print}"));
  EXPECT_THAT(expand({"{{0}{{9}"}, {"x"}, {.columns = 1}), ElementsAre("{0}{9}", "x"));
}

TEST(MapTemplate, WhatIsNoReplacementStays) {
  EXPECT_THAT(expand({"awk", "{print $1}", "{a,b}", "{", "}", "{{}}"}, {"x"}),
              ElementsAre("awk", "{print $1}", "{a,b}", "{", "}", "{x}"));
}

TEST(MapTemplate, AnotherReplacementString) {
  const template_options o{.all = ","};
  EXPECT_THAT(expand({"mv", ",", "{}"}, {"x"}, o), ElementsAre("mv", "x", "{}"));
  const template_options plain{.all = "%", .columns = 1, .numbers = false};
  EXPECT_THAT(expand({"grep", "a{2}{1.}{0}", "%", "{/}"}, {"d/x"}, plain),
              ElementsAre("grep", "a{2}{1.}{0}", "d/x", "x"));
}

TEST(MapTemplate, AValueIsNotLookedAtAgain) {
  EXPECT_THAT(expand({"{1}", "{2}"}, {"{2}", "{1}"}), ElementsAre("{2}", "{1}"));
}

TEST(MapTemplate, Mistakes) {
  EXPECT_THROW(expand({"{0}"}, {"a"}), cli::failure);
  EXPECT_THROW(expand({"{3}"}, {"a"}, {.columns = 2}), cli::failure);
  EXPECT_THROW(expand({"{3/}"}, {"a"}, {.columns = 2}), cli::failure);
}

TEST(MapTemplate, FixedPrograms) {
  EXPECT_TRUE(word_template({"echo", "{}"}, {}).fixed_program());
  EXPECT_FALSE(word_template({"{}"}, {}).fixed_program());
}

TEST(MapShell, EachReplacementIsQuotedForItsPlace) {
  EXPECT_EQ(shell({"cat", "{}", "|", "wc"}, {"a b"}), "cat 'a b' | wc");
  EXPECT_EQ(shell({"cat"}, {"a b", "c"}), "cat 'a b' c");
  EXPECT_EQ(shell({"echo \"x {} y\""}, {"a b"}), "echo \"x \"'a b'\" y\"");
  EXPECT_EQ(shell({"echo 'x {} y'"}, {"a b"}), "echo 'x ''a b'' y'");
  EXPECT_EQ(shell({"echo {#}"}, {"a b"}), "echo 7");
}

TEST(MapShell, NothingInAnArgumentIsSyntax) {
  const list evil{"$(echo x)", "`echo x`", "'",  "\"",       "a;b",   "a b", "*",   "\\", "~",
                  "#",         "\n",       "-n", "\xff\xfe", "$HOME", "!",   "\\'", "{}", "a'b\"c"};
  for (const std::string& e : evil) {
    // As a POSIX shell cuts it into words.
    EXPECT_THAT(brood::shlex::split(shell({"echo {} x"}, {e})), ElementsAre("echo", e, "x"));
    EXPECT_THAT(brood::shlex::split(shell({"echo \"a {}\" x"}, {e})),
                ElementsAre("echo", "a " + e, "x"));
    EXPECT_THAT(brood::shlex::split(shell({"echo 'a {}' x"}, {e})),
                ElementsAre("echo", "a " + e, "x"));
    EXPECT_THAT(brood::shlex::split(shell({"echo \"\\\"\"{} x"}, {e})),
                ElementsAre("echo", "\"" + e, "x"));
  }
}

TEST(MapShell, WhereNothingCanBeQuotedItIsRefused) {
  for (const char* text :
       {"echo `cat {}`", "echo \"$(cat {})\"", "cat <<E\n{}\nE", "echo \\{}", "echo ${x:-{}}",
        "true # {}", "echo $'{}'", "echo \"`x`\" {}", "echo ${}", "echo \"${}\"",
        // Arithmetic, and what evaluates variables
        "echo $((x + {}))", "echo \"$(({}))\"", "echo $[{}]", "(( {} ))", "x={}; echo $((x))",
        "for x in {}; do echo $((1 + $x)); done", "f() { echo $(($1)); }; f {}",
        "set -- {}; echo $(($1))", "echo {} | { read x; echo $((x)); }", "x={}; echo ${x@P}",
        "x={}; y=$x; echo $((y))",
        // A command, an assignment, a keyword
        "{}", "\"{}\" x", "x; {}", "x && {}", "(x | {})", "if {}; then x; fi", "x &\n{}", "{}=x y",
        "x[{}]=y", "x=1 {}", "> f {}", "command {}", "exec {}", "time {}", "$x {}", "x={}; $x",
        "for {} in x; do y; done", "PATH={} x", "SECONDS={}", "x{}",
        // Patterns, and commands that evaluate their operands
        "case x in {}) y;; esac", "case x in a|{}) y;; esac", "[[ {} -eq 1 ]]", "eval {}",
        "trap 'rm {}' EXIT", "unset {}", "read {}", "export {}", "let {}", "test -v {}",
        "[ {1} {2} ]", "printf {}", "printf -v {} x", "printf %n {}", "sh -c 'echo {}'",
        "timeout 5 bash -ec \"{}\"", "sh {1} {2}", "x={}; sh -c \"$x\"", "x={}; eval \"echo $x\"",
        "x={}; echo \"$(y; $x)\"", "x={}; alias $(time -p $x)", "x={}; cat <<E\n$x\nE\n$x",
        "x={}; cat <<E\n$(\"$x\")\nE",
        // What shells read differently
        "x &> f {}", "x <(y {})", "x <<< {}", "$\"x\" {}", "function f { x; }; y {}", "x >&{}",
        "{a,b} {}", "a[x {}]=1", "export a[x {}]=1"}) {
    EXPECT_THROW(shell({text}, {"a", "b"}), cli::failure) << text;
  }
}

TEST(MapShell, ElsewhereItIsNot) {
  for (const char* text : {"x={}; echo \"$x\"",
                           "x={} y",
                           "./{} x",
                           "\"$HOME\"/{} x",
                           "echo \"${HOME}/{}\" ${x%.*}",
                           "n=0; n=$((n + 1)); x {}",
                           "x \"$((1280 / 2))\" {}",
                           "for f in {} x; do y \"$f\"; done",
                           "case {} in a | b) x {};; *) y;; esac > {}",
                           "if [ -e {} ]; then x; elif ! y {}; then z; fi",
                           "x {} 2>&1 | y > {} 2> {}",
                           "(x {}) && { y {}; }",
                           "f() { y \"$1\"; }; f {}",
                           "export X={}",
                           "printf '%s\\n' {}",
                           "sh -c 'x \"$1\"' sh {}",
                           "command -v {}",
                           "x {} \\\n y {}",
                           "exec x {}",
                           "time -p x {}",
                           "x $(y $(z {}))",
                           "x {} # y",
                           "while read x; do y {}; done < {}",
                           "again() { n=0; until \"$@\"; do n=$((n+1)); done; }; again x {}",
                           "echo a#{} b{}c ~{}",
                           "[ {} = x ] || [ {} -gt 1 ]",
                           "x={}; cat <<E\n$x ${x}\nE",
                           "x={}; cat <<E\n$x\nE\ny \"$x\"",
                           "x={}; y=\"$(basename \"$x\" .c)\"; cc \"$x\" -o \"$y\"",
                           "find . -name '*.c' -exec x {} +"}) {
    EXPECT_NO_THROW((void)shell_template({text}, {.columns = 1, .single = true})) << text;
  }
}

TEST(MapShell, AWordThatTheShellCouldTakeForMoreIsQuoted) {
  EXPECT_EQ(shell({"echo {}>f"}, {"2"}), "echo '2'>f");
  EXPECT_EQ(shell({"echo {} >f"}, {"2"}), "echo 2 >f");
  EXPECT_EQ(shell({"x={} y {}"}, {"a"}), "x='a' y a");
  EXPECT_EQ(shell({"y {}"}, {"a=b"}), "y 'a=b'");
  EXPECT_EQ(shell({"y {}"}, {""}), "y ''");
}

TEST(MapShell, ANumberIsHarmlessAnywhere) {
  EXPECT_EQ(shell({"echo `echo {#}` $(({%} + 1))"}, {"a"}), "echo `echo 7` $((2 + 1))");
}

TEST(MapShell, ASubstitutionOutsideOfQuotesIsAPlaceLikeOthers) {
  EXPECT_EQ(shell({"echo $(cat {})"}, {"a b"}), "echo $(cat 'a b')");
}

TEST(MapShell, WithoutACommandTheArgumentIsTheCommand) {
  EXPECT_EQ(shell({}, {"echo $HOME | cat"}), "echo $HOME | cat");
}

}  // namespace
