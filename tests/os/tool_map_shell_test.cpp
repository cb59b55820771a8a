// brood map --shell: whatever the text, no shell runs what an argument says.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <brood/run.hpp>

#include "exit.hpp"
#include "map/template.hpp"
#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/fuzz.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using support::finished;
using support::map;
using words = std::vector<std::string>;

class ToolMapShell : public support::os_test {};

// Each would create the file "pwned" if it were read as anything but text.
constexpr std::array payloads{
    "$(touch pwned)",
    "`touch pwned`",
    "a[$(touch pwned)]",
    "x;touch pwned;x",
    "x|touch pwned",
    "&touch pwned&",
    "\ntouch pwned\n",
    "touch pwned",
    "';touch pwned;'",
    "\";touch pwned;\"",
    "'$(touch pwned)'",
    "\\';touch pwned;\\'",
    "\\$(touch pwned)",
    "))$(touch pwned)",
    "}$(touch pwned)",
    "$((a[$(touch pwned)]))",
    "a[$(touch pwned)]=1",
    "-va[$(touch pwned)]",
    "-v",
    "-c",
    "x=$(touch pwned)",
    "*) touch pwned;;",
    ") touch pwned",
    "x\nE\ntouch pwned\n",
    ">pwned",
    "2",
    "if",
    "eval",
    "PATH=.",
    "$[a[$(touch pwned)]]",
    "%n",
    "!",
    "{",
    "]",
    "a'b\"c\\",
    "",
};

/// Makes texts for a shell that has one or more `{}`.
class text_maker {
 public:
  explicit text_maker(std::mt19937& random) : random_(random) {}

  std::string make() { return below(3) == 0 ? soup() : list(0); }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  template <std::size_t N>
  std::string one_of(const std::array<const char*, N>& all) {
    return all[below(N)];
  }

  std::string soup() {
    constexpr std::array parts{
        "echo ",  "{}",       "{1}",     "{2}",     " ",        " ",      "\"",     "'",
        "`",      "$(",       ")",       "((",      "$((",      "))",     "${x:-",  "${x}",
        "}",      "{ ",       ";",       "|",       "&&",       "\n",     "case ",  " in ",
        "esac",   ";;",       "x=",      "<<E\n",   "\nE\n",    "for x ", "in ",    " do ",
        " done",  "if ",      " then ",  " fi",     "\\",       "$'",     "$\"",    "[ ",
        " ]",     "[[ ",      " ]]",     "eval ",   "#",        ">",      "<",      "&",
        "1",      "-v ",      "test ",   "printf ", "unset ",   "read ",  "export", "let ",
        "trap ",  "command ", "$[",      "~",       "a[",       "]=",     "()",     "$x",
        "\"$x\"", "!",        "$",       "sh -c ",  "bash -c ", "true ",  "\\\n",   "=",
        "/",      "./",       "set -- ", "$1",      "exec ",    "2>",     "%s ",    "wait "};
    std::string text = "echo ";
    if (below(2) == 0) text.clear();
    for (std::size_t n = 1 + below(9); n > 0; --n) text += one_of(parts);
    return text + (below(2) == 0 ? "{}" : "");
  }

  std::string word() {
    constexpr std::array plain{"{}", "{1}", "{2}", "a", "-n", "$x", "1", "-v", "=", "x={}", "{}=x"};
    switch (below(12)) {
      case 0:
        return "\"" + one_of(plain) + " " + one_of(plain) + "\"";
      case 1:
        return "'" + one_of(plain) + "'";
      case 2:
        return "$(" + command(3) + ")";
      case 3:
        return "\"$(" + command(3) + ")\"";
      case 4:
        return "`" + command(3) + "`";
      case 5:
        return "$((" + one_of(std::array{"x", "{}", "1+{}", "$x", "$1", "a[x]", "2"}) + "))";
      case 6:
        return "${x" + one_of(std::array{"", ":-{}", "%{}", ":1", "@P", "[0]", "#a", ":-b"}) + "}";
      case 7:
        return one_of(std::array{"${!x}", "$'{}'", "\\{}", "$[{}]", "$[x]", "{a,{}}", "a[{}]"});
      default:
        return one_of(plain);
    }
  }

  std::string command(int depth) {
    constexpr std::array names{"echo",       "printf %s",  "printf",    "printf -v",
                               "printf x%n", "test",       "test -v",   "[",
                               "[ -v",       "eval",       "trap",      "unset",
                               "read",       "export",     "declare",   "typeset",
                               "local",      "readonly",   "let",       "command",
                               "builtin",    "exec",       "true",      "set --",
                               ":",          "sh -c",      "bash -c",   "sh /dev/null",
                               "cd",         "exit",       "return",    "shift",
                               "break",      "umask",      "ulimit -n", "type",
                               "hash",       "wait",       "getopts x", "mapfile",
                               "dirs",       "time",       "$y",        "./{}",
                               "{}",         "x={}",       "x[{}]=",    "A={} true",
                               "SECONDS={}", "alias",      "kill -0",   "f",
                               "times",      "command -v", "time -p",   "declare -i x;x={};:",
                               "umask -S"};
    std::string text = one_of(names);
    for (std::size_t n = below(4); n > 0; --n) text += " " + word();
    if (below(8) == 0)
      text += one_of(std::array{" > {}", " 2> /dev/null", " < {}", " >&{}", "<<<{}", " &> {} {}",
                                " <<E\n{}\nE\n", "{}>x", " > x{}"});
    if (below(8) == 0) text += " ]";
    return depth < 3 && below(6) == 0 ? list(depth + 1) : text;
  }

  std::string list(int depth) {
    const std::string a = command(depth);
    const std::string b = command(depth + 1);
    switch (below(16)) {
      case 0:
        return "if " + a + "; then " + b + "; fi";
      case 1:
        return "for x in " + word() + "; do " + b + "; done";
      case 2:
        return "case " + word() + " in " + word() + ") " + a + ";; *) " + b + ";; esac";
      case 3:
        return "(" + a + "); " + b;
      case 4:
        return "{ " + a + "; }; " + b;
      case 5:
        return "x=" + word() + "; " + a;
      case 6:
        return "f() { " + a + "; }; f() { echo \"$1\" $((x+1)); }; f {}; " + b;
      case 7:
        return "x={}\n" + a + "\n" + b;
      case 8:
        return a + " # " + b + "\n" + a;
      case 9:
        return "echo {} | { read x; " + b + "; }";
      case 10:
        return "[[ " + word() + " == " + word() + " ]] && " + a;
      case 11:
        return "! " + a + " && " + b;
      case 12:
        return "cat <<E\n" + word() + "\nE\n" + b;
      case 13:
        return "set -- {} x; " + a;
      default:
        return a + one_of(std::array{"; ", " | ", " && ", " || ", " & ", "\n"}) + b;
    }
  }

  std::mt19937& random_;
};

std::optional<std::string> expand(const std::string& text, const words& args) {
  try {
    const cli::shell_template t({text}, {.single = args.size() == 1});
    return t.expand({1, 1, &args});
  } catch (const cli::failure&) {
    return {};
  }
}

/// True if the shell has created "pwned".
bool is_taken_in(const char* shell, const std::string& text) {
  brood::options o{.in = brood::DEVNULL, .out = brood::DEVNULL, .err = brood::DEVNULL};
  o.timeout = 10s;  // a text may loop
  o.contain = brood::containment::group;
  o.stop = {{SIGKILL}};
  (void)brood::try_run({shell, "-c", text}, o);
  return ::access("pwned", F_OK) == 0;
}

void empty_directory() {
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    std::filesystem::remove_all(entry.path());
  }
}

TEST_F(ToolMapShell, NothingOfAnArgumentIsExecuted) {
  std::vector<const char*> shells;
  for (const char* const s : {"/bin/dash", "/bin/bash"}) {
    if (::access(s, X_OK) == 0) shells.push_back(s);
  }
  if (shells.empty()) GTEST_SKIP() << "neither dash nor bash";
  std::mt19937 random(support::fuzz_seed());
  text_maker maker(random);
  const std::size_t rounds = support::fuzz_rounds(2000);
  std::size_t made = 0;
  for (std::size_t passed = 0; passed < rounds; ++made) {
    const std::string text = maker.make();
    words args{payloads[random() % payloads.size()]};
    if (random() % 3 == 0) args.emplace_back(payloads[random() % payloads.size()]);
    const auto expanded = expand(text, args);
    if (!expanded) continue;
    ++passed;
    for (const char* const shell : shells) {
      ASSERT_FALSE(is_taken_in(shell, *expanded)) << shell << "\n"
                                                  << text << "\n-- becomes --\n"
                                                  << *expanded;
    }
    empty_directory();
  }
  EXPECT_LT(made, 20 * rounds) << "nearly everything is refused";
}

TEST_F(ToolMapShell, WhereQuotesDoNotQuoteItIsRefusedBeforeAnythingRuns) {
  for (const std::string text :
       {"echo $(( {} + 1 ))", "echo \"$((x+{}))\"", "{} x", "echo a; {}", "if true; then {}; fi",
        "cat <<E\n{}\nE", "echo `echo {}`", "case a in {}) echo;; esac", "eval echo {}",
        "sh -c 'echo {}'", "[[ {} -eq 1 ]]", "x={}; echo $((x+1))", "echo ${}",
        // What runs is printed by a command, or comes after what is not followed.
        "x={}; $(echo $x)", "x={}; \"$(echo $x)\"", "x={}; `echo $x`", "x={}; exec $(echo $x)",
        "x={}; a=1 $(echo $x)", "x={}; : \"$(exec ${x#a})\"", "x={}; : \"$(:)\"; ${x}",
        "x={}; : \"$(:)\"; $(echo $x)", "x={}; : `:`; `echo $x`", "x={}; : `:`; a=1 b= $x",
        "x={}; : `:`; > /dev/null $x", "x={}; : `:`; 2>&1 $x"}) {
    for (const std::string value : {"$(touch pwned)", "a[$(touch pwned)]", "touch pwned"}) {
      const finished end =
          support::run_bare(map({"--shell", ": > started; " + text, ":::", value}));
      EXPECT_EQ(end.code, 125) << text;
      EXPECT_THAT(end.err, ::testing::StartsWith("brood: map: --shell: after ")) << text;
      EXPECT_NE(::access("started", F_OK), 0) << text;
      EXPECT_NE(::access("pwned", F_OK), 0) << text;
    }
  }
}

TEST_F(ToolMapShell, ElsewhereAnArgumentIsWhatItWas) {
  const std::array texts{"printf '<%s>' {}",
                         "printf '<%s>' \"{}\"",
                         "printf '<%s>' '{}'",
                         "x={}; printf '<%s>' \"$x\"",
                         "x={}; cat <<E\n<$x>\nE",
                         "for x in {}; do printf '<%s>' \"$x\"; done",
                         "case {} in *) printf '<%s>' {};; esac",
                         "if [ -n {} ]; then printf '<%s>' {}; fi",
                         "n=0; n=$((n + 1)); printf '<%s>' {}",
                         "(printf '<%s>' {}) | cat",
                         "sh -c 'printf \"<%s>\" \"$1\"' sh {}",
                         "printf '<%s>' $HOME{} | sed \"s|$HOME||\"",
                         "show() { printf '<%s>' \"$1\"; }; show {}",
                         "export x={}; printenv x | tr -d '\\n' | sed 's/.*/<&>/'"};
  for (const std::string text : texts) {
    for (const std::string value : {"a b", "$(touch pwned)", "it's \"x\" \\", "if", "a=b", "*"}) {
      const finished end = support::run_bare(map({"--shell", text, ":::", value}));
      EXPECT_EQ(end.code, 0) << text << "\n" << end.err;
      EXPECT_THAT(end.out, ::testing::AnyOf("<" + value + ">", "<" + value + ">\n")) << text;
      EXPECT_NE(::access("pwned", F_OK), 0) << text;
    }
  }
}

}  // namespace
