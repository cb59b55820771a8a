// Finding mistakes in commands and options.
// SPDX-License-Identifier: Apache-2.0
#include "executor/validate.hpp"

#include <string>
#include <string_view>

#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "process/stop_mistakes.hpp"
#include "stream/text.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

namespace {

using mistake = std::optional<error>;
using kind = stdio::kind;

bool has_nul(std::string_view s) { return s.find('\0') != s.npos; }

mistake in_command(const command& cmd, const options& o) {
  if (cmd.args().empty()) return bad_request("command", "it is empty");
  if (cmd.args().front().empty() && o.executable.empty()) {
    return bad_request("command", "the program's name is empty");
  }
  for (std::size_t i = 0; i < cmd.args().size(); ++i) {
    if (has_nul(cmd.args()[i])) {
      return bad_request("argument " + std::to_string(i), "it has a NUL byte");
    }
  }
  if (has_nul(o.executable)) return bad_request("executable", "it has a NUL byte");
  if (has_nul(o.cwd)) return bad_request("cwd", "it has a NUL byte");
  return {};
}

mistake in_name(std::string_view name) {
  if (name.empty()) return bad_request("env", "a variable's name is empty");
  if (has_nul(name)) return bad_request("env", "a variable's name has a NUL byte");
  if (name.find('=') != name.npos) {
    return bad_request("env", "the name '" + std::string(name) + "' has a '=' in it");
  }
  return {};
}

mistake in_environment(const environment& env) {
  for (const std::string& name : env.passed()) {
    if (auto m = in_name(name)) return m;
  }
  for (const environment::change& c : env.changes()) {
    if (auto m = in_name(c.name)) return m;
    if (has_nul(c.value)) return bad_request("env", "the value of " + c.name + " has a NUL byte");
  }
  return {};
}

mistake in_file(const stdio& s, const char* name, bool input) {
  if (s.path().empty()) return bad_request(name, "the file's name is empty");
  if (has_nul(s.path())) return bad_request(name, "the file's name has a NUL byte");
  const std::string& m = s.mode();
  const bool known = m.empty() || m == "r" || m == "w" || m == "a" || m == "x";
  if (!known) return bad_request(name, "'" + m + "' is no mode: r, w, a or x");
  if (input && !m.empty() && m != "r") return bad_request(name, "it can only be read: mode r");
  if (!input && m == "r") return bad_request(name, "it cannot be written with mode r");
  return {};
}

error not_open(const char* name, int number) {
  return bad_request(name, "descriptor " + std::to_string(number) + " is not open")
      .with(problem::not_open);
}

error not_for(const char* name) {
  return bad_request(name, "STDOUT is for err alone").with(problem::err_only);
}

mistake in_target(const stdio& s, const char* name, bool input) {
  if (s.what() == kind::file) return in_file(s, name, input);
  if (s.what() == kind::descriptor && sys::is_open(s.descriptor()) < 0) {
    return not_open(name, s.descriptor());
  }
  if (s.what() != kind::tee) return {};
  if (input) return bad_request(name, "tee is for out and err");
  if (s.targets().empty()) return bad_request(name, "tee has no targets");
  for (const stdio& t : s.targets()) {
    if (t.what() == kind::tee || t.what() == kind::merge_stdout) {
      return bad_request(name, "tee takes PIPE, INHERIT, DEVNULL, file() and fd()");
    }
    if (auto m = in_target(t, name, false)) return m;
  }
  return {};
}

bool piped(const stdio& s) { return s.what() == kind::pipe || s.what() == kind::tee; }

mistake in_streams(const options& o) {
  if (o.in.what() == kind::merge_stdout) return not_for("in");
  if (o.out.what() == kind::merge_stdout) return not_for("out");
  if (auto m = in_target(o.in, "in", true)) return m;
  if (auto m = in_target(o.out, "out", false)) return m;
  if (auto m = in_target(o.err, "err", false)) return m;
  if (o.input && o.in.what() != kind::inherit && o.in.what() != kind::pipe) {
    return bad_request("input", "stdin goes elsewhere: in and input contradict each other")
        .with(problem::contradicts, "in");
  }
  const auto taken = [](const stdio& s) {
    return s.what() != kind::inherit && s.what() != kind::pipe;
  };
  if (o.capture_output && taken(o.out)) {
    return bad_request("capture_output", "contradicts out, which goes elsewhere")
        .with(problem::contradicts, "out");
  }
  if (o.capture_output && taken(o.err) && o.err.what() != kind::merge_stdout) {
    return bad_request("capture_output", "contradicts err, which goes elsewhere")
        .with(problem::contradicts, "err");
  }
  if (o.max_output.bytes == 0) return bad_request("max_output", "must be more than 0");
  const bool spills = o.max_output.policy == overflow::spill;
  if (spills && (o.max_output.spill_path.empty() || has_nul(o.max_output.spill_path))) {
    return bad_request("max_output", "spill needs the path of a file");
  }
  if (!o.encoding.empty() && (has_nul(o.encoding) || !known_encoding(o.encoding))) {
    return bad_request("encoding", "'" + o.encoding + "' is not known");
  }
  return {};
}

mistake in_times(const options& o) {
  if (auto m = find_mistake(o.timeout, "timeout", false)) return m;
  if (auto m = find_mistake(o.idle_timeout, "idle_timeout", false)) return m;
  if (auto m = find_mistake(o.limits.cpu_time, "limits.cpu_time", false)) return m;
  if (o.drain_grace.not_a_number() || o.drain_grace.nanoseconds() < 0) {
    return bad_request("drain_grace", "must be a number that is not negative");
  }
  const bool watched = o.capture_output || piped(o.out) || piped(o.err) ||
                       static_cast<bool>(o.on_line) || static_cast<bool>(o.on_chunk);
  if (o.idle_timeout.given() && !watched) {
    return bad_request("idle_timeout", "no output passes through us: needs PIPE or tee")
        .with(problem::needs_pipe);
  }
  if (auto m = find_mistake(o.retry)) return m;
  return find_mistake(o.stop);
}

mistake in_identity(const options& o) {
  if (o.umask && *o.umask > 0777) return bad_request("umask", "must be 0 to 0777");
  if (o.nice && (*o.nice < -40 || *o.nice > 39)) return bad_request("nice", "must be -40 to 39");
  if (o.process_group && *o.process_group < 0) {
    return bad_request("process_group", "must not be negative");
  }
  if (o.process_group && o.new_session) {
    return bad_request("process_group", "contradicts new_session, which has a group of its own")
        .with(problem::contradicts, "new_session");
  }
  if (o.process_group && *o.process_group > 0 && o.contain == containment::group) {
    return bad_request("contain", "group needs a process group of the command's own");
  }
  for (const int code : o.ok_codes) {
    if (code < 0 || code > 255) return bad_request("ok_codes", "exit codes are 0 to 255");
  }
  return {};
}

mistake in_descriptors(const options& o) {
  for (const int number : o.pass_fds) {
    if (number < 0 || sys::is_open(number) < 0) {
      return not_open("pass_fds", number);
    }
  }
  for (std::size_t i = 0; i < o.map_fds.size(); ++i) {
    const fd_mapping& m = o.map_fds[i];
    if (m.from < 0 || sys::is_open(m.from) < 0) {
      return not_open("map_fds", m.from);
    }
    if (m.to < 3) {
      return bad_request("map_fds", "0, 1 and 2 are set by in, out and err")
          .with(problem::standard_stream);
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (o.map_fds[k].to == m.to) {
        return bad_request("map_fds", "descriptor " + std::to_string(m.to) + " is mapped twice");
      }
    }
    for (const int number : o.pass_fds) {
      if (number == m.to && m.from != m.to) {
        return bad_request("map_fds",
                           "descriptor " + std::to_string(m.to) + " is passed and mapped");
      }
    }
  }
  return {};
}

}  // namespace

std::optional<error> find_mistake(const command& cmd, const options& o) {
  if (auto m = in_command(cmd, o)) return m;
  if (auto m = in_environment(o.env)) return m;
  if (auto m = in_streams(o)) return m;
  if (auto m = in_times(o)) return m;
  if (auto m = in_identity(o)) return m;
  return in_descriptors(o);
}

}  // namespace brood::detail
