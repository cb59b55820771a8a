// The environment and the session of another user's command.
// SPDX-License-Identifier: Apache-2.0
#include "identity.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include <brood/environment.hpp>

#include "io.hpp"

namespace cli {

namespace {

void set_unless_given(brood::environment& env, std::string_view name, std::string_view value) {
  const auto& changes = env.changes();
  const auto& passed = env.passed();
  const bool changed = std::any_of(changes.begin(), changes.end(),
                                   [name](const auto& change) { return change.name == name; });
  const bool given = changed || std::find(passed.begin(), passed.end(), name) != passed.end();
  if (!given) env.set(name, value);
}

void take_environment(brood::environment& env, const passwd& user) {
  set_unless_given(env, "HOME", user.pw_dir);
  set_unless_given(env, "USER", user.pw_name);
  set_unless_given(env, "LOGNAME", user.pw_name);
  set_unless_given(env, "SHELL", *user.pw_shell != '\0' ? user.pw_shell : "/bin/sh");
}

bool have_terminal() {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (terminal >= 0) ::close(terminal);
  return terminal >= 0;
}

}  // namespace

void complete_identity(settings& s) {
  brood::options& o = s.options;
  if (!o.user.given()) return;
  const bool by_number = o.user.numeric();
  const passwd* user =
      by_number ? ::getpwuid(static_cast<uid_t>(o.user.id())) : ::getpwnam(o.user.name().c_str());
  if (user == nullptr && !by_number) return;  // the start says that there is none
  const uid_t uid = user != nullptr ? user->pw_uid : static_cast<uid_t>(o.user.id());
  if (uid == ::geteuid()) return;
  if (user != nullptr) take_environment(o.env, *user);
  const bool decided = s.keep_terminal || s.has("new_session") || s.has("process_group");
  if (decided || !have_terminal()) return;
  o.new_session = true;
  if (!s.quiet) {
    complain("without the terminal, as the command is another user's: see --keep-terminal");
  }
}

}  // namespace cli
