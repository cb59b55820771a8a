// The table of options.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>

#include <brood/option_table.hpp>

#include "base/make_error.hpp"
#include "run/did_you_mean.hpp"

namespace brood {

namespace {

using outcome = expected<void, error>;
using text_view = std::string_view;

// Named by its flag, so that the text says what to correct.
outcome refuse(text_view flag, text_view text, text_view why) {
  return unexpected(detail::bad_request(flag, "'" + std::string(text) + "': " + std::string(why)));
}

// "-0" is refused: it would pass for 0, an id or a descriptor that nobody meant.
bool read_number(text_view text, long& out, int base = 10) {
  if (text.starts_with("-0")) return false;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return r.ec == std::errc() && r.ptr == text.data() + text.size();
}

// A choice as the table's `value` names it, "a|b|c": its place there; or an error that lists all.
template <std::size_t N>
expected<std::size_t, error> choose(text_view flag, text_view text,
                                    const std::array<text_view, N>& choices) {
  const auto found = std::find(choices.begin(), choices.end(), text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  std::string all;
  for (const text_view choice : choices) all.append(all.empty() ? "" : ", ").append(choice);
  return unexpected(detail::bad_request(flag, "'" + std::string(text) + "': not one of " + all +
                                                  detail::did_you_mean(text, choices)));
}

template <class F>
outcome each_of_list(text_view list, F f) {
  for (bool more = !list.empty(); more;) {
    const std::size_t end = list.find(',');
    if (auto r = f(list.substr(0, end)); !r) return r;
    more = end != list.npos;
    if (more) list.remove_prefix(end + 1);
  }
  return {};
}

outcome set_duration(duration& to, text_view flag, text_view text) {
  auto d = parse_duration(text);
  if (!d) return unexpected(detail::bad_request(flag, d.error().detail()));
  to = *d;
  return {};
}

template <class Size>
outcome set_size(Size& to, text_view flag, text_view text) {
  auto n = parse_size(text);
  if (!n) return unexpected(detail::bad_request(flag, n.error().detail()));
  to = *n;
  return {};
}

template <class Number>
outcome set_number(Number& to, text_view flag, text_view text, long least, long most) {
  long n = 0;
  if (!read_number(text, n) || n < least || n > most) {
    return refuse(flag, text,
                  "not a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  to = static_cast<int>(n);
  return {};
}

outcome set_flag(bool& to, text_view flag, text_view text) {
  if (text != "true" && text != "false") return refuse(flag, text, "neither true nor false");
  to = text == "true";
  return {};
}

account to_account(text_view text) {
  long id = 0;
  if (read_number(text, id) && id >= 0) return account(id);
  return account(text);
}

// The same changes upon an empty start.
void start_empty(environment& env) {
  if (env.starts_empty()) return;
  environment e = environment::empty();
  for (const environment::change& c : env.changes()) {
    if (c.removed) {
      e.unset(c.name);
    } else {
      e.set(c.name, c.value);
    }
  }
  env = std::move(e);
}

outcome set_overflow(options& o, text_view text) {
  constexpr text_view spill = "spill:";
  constexpr std::array<text_view, 5> choices{"error", "head", "tail", "head-tail", "spill:FILE"};
  constexpr std::array policies{overflow::error, overflow::keep_head, overflow::keep_tail,
                                overflow::keep_head_tail};
  output_limit& l = o.max_output;
  if (text.starts_with(spill) && text.size() > spill.size()) {
    l.policy = overflow::spill;
    l.spill_path = text.substr(spill.size());
    return {};
  }
  const auto at = choose("--overflow", text, choices);
  if (!at) return unexpected(at.error());
  if (*at == policies.size()) return refuse("--overflow", text, "FILE stands for a name");
  l.policy = policies[*at];
  return {};
}

outcome set_errors(options& o, text_view text) {
  constexpr std::array<text_view, 4> choices{"strict", "replace", "ignore", "backslashreplace"};
  constexpr std::array policies{text_errors::strict, text_errors::replace, text_errors::ignore,
                                text_errors::backslashreplace};
  const auto at = choose("--encoding-errors", text, choices);
  if (!at) return unexpected(at.error());
  o.errors = policies[*at];
  return {};
}

outcome set_env(options& o, text_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) return refuse("--env", text, "not NAME=VALUE");
  o.env.set(text.substr(0, equals), text.substr(equals + 1));
  return {};
}

outcome pass_env(options& o, text_view text) {
  if (text.empty()) return refuse("--env-pass", text, "not a name");
  environment env = o.env;
  start_empty(env);
  const outcome r = each_of_list(text, [&](text_view name) -> outcome {
    if (name.empty() || name.find('=') != name.npos) {
      return refuse("--env-pass", name, "not a name");
    }
    env.pass(name);
    return {};
  });
  if (r) o.env = std::move(env);
  return r;
}

outcome clear_env(options& o, text_view text) {
  bool clear = false;
  if (auto r = set_flag(clear, "--env-clear", text); !r) return r;
  if (clear) start_empty(o.env);
  return {};
}

outcome unset_env(options& o, text_view text) {
  if (text.empty() || text.find('=') != text.npos) {
    return refuse("--env-unset", text, "not a name");
  }
  o.env.unset(text);
  return {};
}

outcome set_stop(options& o, text_view text) {
  auto steps = parse_stop(text);
  if (!steps) return unexpected(detail::bad_request("--stop", steps.error().detail()));
  o.stop = std::move(*steps);
  return {};
}

outcome set_contain(options& o, text_view text) {
  constexpr std::array levels{containment::process, containment::group, containment::tree,
                              containment::sealed};
  std::array<text_view, levels.size()> choices;
  std::transform(levels.begin(), levels.end(), choices.begin(),
                 [](containment c) { return to_string(c); });
  const auto at = choose("--contain", text, choices);
  if (!at) return unexpected(at.error());
  o.contain = levels[*at];
  return {};
}

outcome set_ok_codes(options& o, text_view text) {
  constexpr text_view why = "not exit codes such as 0,3,5-9";
  if (text.empty()) return refuse("--ok-codes", text, why);
  std::vector<int> codes;
  const outcome r = each_of_list(text, [&](text_view part) -> outcome {
    const std::size_t dash = part.find('-');
    long first = 0;
    long last = 0;
    const bool good = read_number(part.substr(0, dash), first) &&
                      read_number(dash == part.npos ? part : part.substr(dash + 1), last);
    if (!good || first < 0 || last > 255 || first > last) {
      return refuse("--ok-codes", text, why);
    }
    for (long c = first; c <= last; ++c) codes.push_back(static_cast<int>(c));
    return {};
  });
  if (r) o.ok_codes = std::move(codes);
  return r;
}

// Keeps what --retry-on said.
outcome set_retry(options& o, text_view text) {
  auto p = parse_retry(text);
  if (!p) return refuse("--retry", text, p.error().what());
  p->on_reasons = std::move(o.retry.on_reasons);
  p->on_codes = std::move(o.retry.on_codes);
  p->on_signals = std::move(o.retry.on_signals);
  o.retry = std::move(*p);
  return {};
}

constexpr std::array retried_reasons{
    reason::exited,         reason::signaled,        reason::timed_out,
    reason::idle_timed_out, reason::cpu_limit,       reason::memory_limit,
    reason::output_limit,   reason::file_size_limit, reason::not_started};

outcome add_reason(retry_policy& p, text_view name) {
  std::array<text_view, retried_reasons.size()> names;
  std::transform(retried_reasons.begin(), retried_reasons.end(), names.begin(),
                 [](reason r) { return to_string(r); });
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) {
    p.on_reasons.push_back(retried_reasons[static_cast<std::size_t>(found - names.begin())]);
    return {};
  }
  std::string why = "neither an exit code, a signal's name nor a reason";
  const std::string near = detail::did_you_mean(name, names);
  if (const auto signal = parse_signal(name); !signal && near.empty()) {
    const std::string& text = signal.error().detail();  // which names the nearest signal
    why += text.substr(std::min(text.find(';'), text.size()));
  }
  return refuse("--retry-on", name, why + near);
}

outcome set_retry_on(options& o, text_view text) {
  if (text.empty()) return refuse("--retry-on", text, "not ends such as 75,TERM,timed_out");
  retry_policy p = o.retry;
  const outcome r = each_of_list(text, [&](text_view part) -> outcome {
    long code = 0;
    if (read_number(part, code) && code >= 0 && code <= 255) {
      p.on_codes.push_back(static_cast<int>(code));
    } else if (const auto signal = signal_number(part); signal && code == 0) {
      p.on_signals.push_back(*signal);
    } else {
      return add_reason(p, part);
    }
    return {};
  });
  if (r) o.retry = std::move(p);
  return r;
}

outcome set_account(account& to, text_view flag, text_view text) {
  if (text.empty()) return refuse(flag, text, "not a name or number");
  to = to_account(text);
  return {};
}

outcome set_groups(options& o, text_view text) {
  std::vector<account> groups;
  const outcome r = each_of_list(text, [&](text_view part) -> outcome {
    if (part.empty()) return refuse("--extra-groups", text, "an empty name");
    groups.push_back(to_account(part));
    return {};
  });
  if (r) o.extra_groups = account_list(std::move(groups));
  return r;
}

outcome set_umask(options& o, text_view text) {
  long n = 0;
  if (!read_number(text, n, 8) || n < 0 || n > 0777) {
    return refuse("--umask", text, "not an octal number from 0 to 777");
  }
  o.umask = static_cast<unsigned>(n);
  return {};
}

outcome set_pass_fds(options& o, text_view text) {
  if (text.empty()) return refuse("--pass-fds", text, "not descriptors such as 3,5");
  std::vector<int> all = o.pass_fds;
  const outcome r = each_of_list(text, [&](text_view part) -> outcome {
    int n = 0;
    if (auto number = set_number(n, "--pass-fds", part, 0, INT32_MAX); !number) return number;
    all.push_back(n);
    return {};
  });
  if (r) o.pass_fds = std::move(all);
  return r;
}

outcome set_map_fd(options& o, text_view text) {
  const std::size_t equals = text.find('=');
  long to = 0;
  long from = 0;
  if (equals == text.npos || !read_number(text.substr(0, equals), to) ||
      !read_number(text.substr(equals + 1), from) || to < 0 || from < 0 || to > INT32_MAX ||
      from > INT32_MAX) {
    return refuse("--map-fd", text, "not CHILD=OURS such as 3=7");
  }
  o.map_fds.push_back({static_cast<int>(from), static_cast<int>(to)});
  return {};
}

outcome set_file(stdio& to, text_view flag, text_view text) {
  if (text.empty()) return refuse(flag, text, "not a file's name");
  to = file(std::string(text));
  return {};
}

outcome set_text(std::string& to, text_view flag, text_view text) {
  if (text.empty()) return refuse(flag, text, "must not be empty");
  to = text;
  return {};
}

// One line per member, in the order of struct options. capture_output, check and the callbacks are
// not here: how a result is used is the caller's affair, and the tool has --json and exit statuses.
constexpr option_entry table[] = {
    {"in", "--stdin", "FILE", "", "Read stdin from FILE.", false,
     [](options& o, text_view t) { return set_file(o.in, "--stdin", t); }},
    {"input", "--input", "TEXT", "", "Feed TEXT to stdin.", false,
     [](options& o, text_view t) { return o.input = t, outcome(); }},
    {"out", "--stdout", "FILE", "", "Write stdout to FILE.", false,
     [](options& o, text_view t) { return set_file(o.out, "--stdout", t); }},
    {"err", "--stderr", "FILE", "", "Write stderr to FILE.", false,
     [](options& o, text_view t) { return set_file(o.err, "--stderr", t); }},
    {"max_output", "--max-output", "SIZE", "", "Bound each collected stream.", false,
     [](options& o, text_view t) { return set_size(o.max_output.bytes, "--max-output", t); }},
    {"max_output.policy", "--overflow", "error|head|tail|head-tail|spill:FILE", "",
     "What happens to output beyond --max-output; error is the default.", false, set_overflow},
    {"text", "--text", "", "true", "Collected output is UTF-8 text; newlines become \\n.", false,
     [](options& o, text_view t) { return set_flag(o.text, "--text", t); }},
    {"encoding", "--encoding", "NAME", "", "The command's encoding, by its iconv name.", false,
     [](options& o, text_view t) { return set_text(o.encoding, "--encoding", t); }},
    {"errors", "--encoding-errors", "strict|replace|ignore|backslashreplace", "",
     "What happens to bytes that are not text; strict is the default.", false, set_errors},
    {"cwd", "-C,--chdir", "DIR", "", "Run in DIR.", false,
     [](options& o, text_view t) { return set_text(o.cwd, "--chdir", t); }},
    {"env", "--env", "NAME=VALUE", "", "Set an environment variable.", true, set_env},
    {"env.clear", "--env-clear", "", "true", "Start with an empty environment.", false, clear_env},
    {"env.pass", "--env-pass", "NAMES", "",
     "Start with an empty environment but for NAMES, separated by commas.", true, pass_env},
    {"env.unset", "--env-unset", "NAME", "", "Remove an environment variable.", true, unset_env},
    {"executable", "--executable", "FILE", "",
     "Execute FILE; the command's first word stays argv[0].", false,
     [](options& o, text_view t) { return set_text(o.executable, "--executable", t); }},
    {"timeout", "-t,--timeout", "DURATION", "", "Stop the command after DURATION.", false,
     [](options& o, text_view t) { return set_duration(o.timeout, "--timeout", t); }},
    {"idle_timeout", "--idle-timeout", "DURATION", "",
     "Stop the command after DURATION without output.", false,
     [](options& o, text_view t) { return set_duration(o.idle_timeout, "--idle-timeout", t); }},
    {"stop", "--stop", "LADDER", "", "How to stop: signals and waits, as TERM,5s,INT,2s,KILL.",
     false, set_stop},
    {"contain", "--contain", "process|group|tree|sealed", "", "What a stop reaches.", false,
     set_contain},
    {"drain_grace", "--drain-grace", "DURATION", "",
     "How long output that others hold open may stay silent after the exit.", false,
     [](options& o, text_view t) { return set_duration(o.drain_grace, "--drain-grace", t); }},
    {"ok_codes", "--ok-codes", "LIST", "", "Exit codes that count as success, as 0,3,5-9.", false,
     set_ok_codes},
    {"retry", "--retry", "POLICY", "",
     "Run again if it fails: attempts and delays, as 5,1s,x2,max30s,jitter0.2,total5m.", false,
     set_retry},
    {"retry.on", "--retry-on", "LIST", "",
     "Only after these exit codes, signals and reasons, as 75,TERM,timed_out.", false,
     set_retry_on},
    {"user", "--user", "USER", "", "Run as USER (name or number), with its groups.", false,
     [](options& o, text_view t) { return set_account(o.user, "--user", t); }},
    {"group", "--group", "GROUP", "", "Run with GROUP as the primary group.", false,
     [](options& o, text_view t) { return set_account(o.group, "--group", t); }},
    {"extra_groups", "--extra-groups", "LIST", "",
     "Supplementary groups, separated by commas; empty for none.", false, set_groups},
    {"umask", "--umask", "OCTAL", "", "Set the umask.", false, set_umask},
    {"new_session", "--new-session", "", "true", "Run in a new session, without a terminal.", false,
     [](options& o, text_view t) { return set_flag(o.new_session, "--new-session", t); }},
    {"process_group", "--process-group", "PGID", "", "Join process group PGID; 0 for a new one.",
     false,
     [](options& o, text_view t) {
       return set_number(o.process_group, "--process-group", t, 0, INT32_MAX);
     }},
    {"nice", "--nice", "N", "", "Add N to the niceness.", false,
     [](options& o, text_view t) { return set_number(o.nice, "--nice", t, -40, 39); }},
    {"close_fds", "--keep-fds", "", "false", "Let the command inherit all open descriptors.", false,
     [](options& o, text_view t) { return set_flag(o.close_fds, "--keep-fds", t); }},
    {"pass_fds", "--pass-fds", "LIST", "", "Descriptors that stay open, as 3,5.", true,
     set_pass_fds},
    {"map_fds", "--map-fd", "CHILD=OURS", "", "The command's descriptor CHILD is our OURS.", true,
     set_map_fd},
    {"limits.cpu_time", "--cpu-time", "DURATION", "", "CPU time of each process, in whole seconds.",
     false,
     [](options& o, text_view t) { return set_duration(o.limits.cpu_time, "--cpu-time", t); }},
    {"limits.address_space", "--address-space", "SIZE", "", "Address space of each process.", false,
     [](options& o, text_view t) {
       return set_size(o.limits.address_space, "--address-space", t);
     }},
    {"limits.open_files", "--open-files", "N", "", "Open descriptors of each process.", false,
     [](options& o, text_view t) { return set_size(o.limits.open_files, "--open-files", t); }},
    {"limits.file_size", "--file-size", "SIZE", "", "Size of files that it writes.", false,
     [](options& o, text_view t) { return set_size(o.limits.file_size, "--file-size", t); }},
    {"limits.processes", "--processes", "N", "", "Processes of the user; root is exempt.", false,
     [](options& o, text_view t) { return set_size(o.limits.processes, "--processes", t); }},
    {"limits.core", "--core", "SIZE", "", "Size of core dumps; 0 for none.", false,
     [](options& o, text_view t) { return set_size(o.limits.core, "--core", t); }},
    {"limits.stack", "--stack", "SIZE", "", "Stack of the main thread.", false,
     [](options& o, text_view t) { return set_size(o.limits.stack, "--stack", t); }},
    {"best_effort", "--best-effort", "", "true",
     "Do without what this host cannot enforce, and say so, instead of failing.", false,
     [](options& o, text_view t) { return set_flag(o.best_effort, "--best-effort", t); }},
};

}  // namespace

std::span<const option_entry> option_table() noexcept { return table; }

const option_entry* find_option(std::string_view name) noexcept {
  for (const option_entry& e : table) {
    if (e.name == name) return &e;
  }
  return nullptr;
}

}  // namespace brood
