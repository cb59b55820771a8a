// Completions for bash, zsh and fish.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "exit.hpp"
#include "unknown.hpp"
#include "verb_page.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

/// What kind of words may follow an option.
enum class words { nothing, something, files, folders, users, groups, choice };

/// What a value may be, between bars; for some that is a choice of the usual ones.
std::string choices_of(std::string_view value) {
  if (value == "SIGNAL") return "HUP|INT|QUIT|KILL|USR1|USR2|ALRM|TERM|CONT|STOP";
  if (value == "WHEN,WHAT=N") return "never|now,fail=1|soon,fail=1|now,success=1|soon,done=50%";
  if (value == "LADDER") return "TERM,5s,KILL|INT,5s,TERM,5s,KILL|HUP,5s,KILL|KILL";
  return value.find('|') != value.npos ? std::string(value) : std::string();
}

words kind_of(const page_option& o) {
  if (o.value.empty()) return words::nothing;
  if (o.value == "USER") return words::users;
  if (o.value == "GROUP") return words::groups;
  if (o.value == "DIR") return words::folders;
  if (!choices_of(o.value).empty()) return words::choice;
  return o.value.find("FILE") != std::string::npos ? words::files : words::something;
}

std::string choices(const page_option& o) {
  std::string all = choices_of(o.value);
  std::replace(all.begin(), all.end(), '|', ' ');
  return all;
}

/// Quotes for a shell, with single quotes.
std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string joined(const std::vector<std::string>& items, std::string_view between) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : between).append(item);
  return text;
}

bool takes_command(const verb_page& page) {
  return page.usage.find("COMMAND") != std::string::npos ||
         page.usage.find("CMD") != std::string::npos;
}

std::vector<page_option> options_of(const verb& v) {
  std::vector<page_option> all;
  for (page_group& group : groups_of(v.page())) {
    for (page_option& o : group.options) all.push_back(std::move(o));
  }
  return all;
}

std::string verb_names() {
  std::vector<std::string> names;
  for (const verb& v : verbs()) names.emplace_back(v.name);
  return joined(names, " ");
}

// --- bash ----------------------------------------------------------------------------------------

/// " --chdir=d --as=text|json ": what follows each flag that has a value.
std::string bash_values(const std::vector<page_option>& options) {
  std::string text = " ";
  for (const page_option& o : options) {
    const words kind = kind_of(o);
    if (kind == words::nothing) continue;
    const std::string what = kind == words::choice    ? choices_of(o.value)
                             : kind == words::folders ? "d"
                             : kind == words::users   ? "u"
                             : kind == words::groups  ? "g"
                             : kind == words::files   ? "f"
                                                      : "";
    for (const std::string& name : o.names) text.append(name).append("=").append(what).append(" ");
  }
  return text;
}

std::string bash() {
  std::string branches;
  for (const verb& v : verbs()) {
    const std::vector<page_option> options = options_of(v);
    std::vector<std::string> flags;
    for (const page_option& o : options) flags.insert(flags.end(), o.names.begin(), o.names.end());
    branches += "    " + std::string(v.name) +
                ")\n      flags=" + single_quoted(joined(flags, " ")) +
                "\n      values=" + single_quoted(bash_values(options)) +
                "\n      command=" + (takes_command(v.page()) ? "yes" : "") + " ;;\n";
  }
  return R"(# Makes bash complete the words of brood. Made by brood --completion bash.
_brood() {
  local cur=${COMP_WORDS[COMP_CWORD]} flags values command word kind i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ')" +
         verb_names() + R"( --version --help --completion' -- "$cur"))
    return
  fi
  case ${COMP_WORDS[1]} in
)" + branches +
         R"(    --completion)
      COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur"))
      return ;;
    *)
      return ;;
  esac
  for ((i = 2; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    [[ $word == -?* && $word != -- ]] || break
    [[ $values == *" $word="* ]] || continue
    if ((++i == COMP_CWORD)); then
      kind=${values#*" $word="}
      kind=${kind%% *}
      case $kind in
        d) COMPREPLY=($(compgen -d -- "$cur")) ;;
        f) COMPREPLY=($(compgen -f -- "$cur")) ;;
        u) COMPREPLY=($(compgen -u -- "$cur")) ;;
        g) COMPREPLY=($(compgen -g -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W "${kind//|/ }" -- "$cur")) ;;
      esac
      return
    fi
  done
  if ((i == COMP_CWORD)) && [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ $command ]]; then
    [[ ${COMP_WORDS[i]} == -- && $i -lt $COMP_CWORD ]] && ((++i))
    if ((i == COMP_CWORD)); then
      COMPREPLY=($(compgen -c -- "$cur"))
    elif declare -F _comp_command_offset >/dev/null; then
      _comp_command_offset "$i"
    elif declare -F _command_offset >/dev/null; then
      _command_offset "$i"  # as bash-completion completes after sudo
    fi
  fi
}
complete -o bashdefault -o default -F _brood brood
)";
}

// --- zsh -----------------------------------------------------------------------------------------

std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_specification(const page_option& o) {
  std::string after;
  switch (kind_of(o)) {
    case words::nothing:
      break;
    case words::something:
      after = ":" + zsh_escaped(o.value) + ": ";
      break;
    case words::files:
      after = ":" + zsh_escaped(o.value) + ":_files";
      break;
    case words::folders:
      after = ":" + zsh_escaped(o.value) + ":_files -/";
      break;
    case words::users:
      after = ":user:_users";
      break;
    case words::groups:
      after = ":group:_groups";
      break;
    case words::choice:
      after = ":choice:(" + choices(o) + ")";
      break;
  }
  std::string lines;
  for (const std::string& name : o.names) {
    lines += " \\\n        " + single_quoted("*" + name + "[" + zsh_escaped(o.help) + "]" + after);
  }
  return lines;
}

std::string zsh() {
  std::string branches;
  std::string list;
  for (const verb& v : verbs()) {
    list += "      " + single_quoted(std::string(v.name) + ":" + std::string(v.help)) + "\n";
    branches += "    " + std::string(v.name) + ")\n      _arguments -s -S";
    for (const page_option& o : options_of(v)) branches += zsh_specification(o);
    branches += takes_command(v.page()) ? " \\\n        '*::command:_normal'" : "";
    branches += " ;;\n";
  }
  return "#compdef brood\n# Makes zsh complete the words of brood. Made by brood --completion "
         "zsh.\n"
         "_brood() {\n  if ((CURRENT == 2)); then\n    local -a verbs=(\n" +
         list +
         "    )\n    _describe verb verbs\n    return\n  fi\n"
         "  shift words\n  ((--CURRENT))\n  case $words[1] in\n" +
         branches + "  esac\n}\n_brood \"$@\"\n";
}

// --- fish ----------------------------------------------------------------------------------------

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_line(const verb& v, const page_option& o) {
  std::string line =
      "complete -c brood -n '__fish_seen_subcommand_from " + std::string(v.name) + "'";
  for (const std::string& name : o.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  switch (kind_of(o)) {
    case words::nothing:
      break;
    case words::something:
      line += " -x";
      break;
    case words::files:
      line += " -r -F";
      break;
    case words::folders:
      line += " -x -a '(__fish_complete_directories)'";
      break;
    case words::users:
      line += " -x -a '(__fish_complete_users)'";
      break;
    case words::groups:
      line += " -x -a '(__fish_complete_groups)'";
      break;
    case words::choice:
      line += " -x -a " + fish_quoted(choices(o));
      break;
  }
  return line + " -d " + fish_quoted(o.help) + "\n";
}

std::string fish() {
  std::string text = "# Makes fish complete the words of brood. Made by brood --completion fish.\n";
  for (const verb& v : verbs()) {
    text += "complete -c brood -n __fish_use_subcommand -f -a " + std::string(v.name) + " -d " +
            fish_quoted(v.help) + "\n";
    for (const page_option& o : options_of(v)) text += fish_line(v, o);
    if (!takes_command(v.page())) continue;
    text += "complete -c brood -n '__fish_seen_subcommand_from " + std::string(v.name) +
            "' -x -a '(__fish_complete_subcommand --fcs-skip=2)'\n";
  }
  return text;
}

}  // namespace

std::string completion_for(std::string_view shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  constexpr std::string_view shells[] = {"bash", "zsh", "fish"};
  throw failure{"there are completions for bash, zsh and fish, and not for '" + std::string(shell) +
                "'" + did_you_mean(shell, shells)};
}

}  // namespace cli
