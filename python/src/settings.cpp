// Reading keywords by their types; a text is read as the tool would read it.
// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

#include <brood/option_table.hpp>

#include "errors.hpp"
#include "request.hpp"

namespace brood_python {

namespace {

constexpr double longest = 9e9;  // seconds: beyond what 64 bits of nanoseconds hold

bool is_text(py::handle h) { return py::isinstance<py::str>(h); }

[[noreturn]] void raise_bad(const std::string& keyword, const std::string& why) {
  raise_value_error(keyword + ": " + why);
}

// A parser's answer, or its complaint under the keyword.
template <class T>
T checked(brood::expected<T, brood::error> parsed, const std::string& keyword) {
  if (!parsed) raise_bad(keyword, parsed.error().detail());
  return std::move(*parsed);
}

void set_by_text(brood::options& o, std::string_view option, py::handle value,
                 const std::string& keyword) {
  if (!is_text(value)) {
    raise_type_error(keyword + " must not be of type " + Py_TYPE(value.ptr())->tp_name);
  }
  const auto done = brood::find_option(option)->set(o, value.cast<std::string>());
  if (!done) raise_bad(keyword, done.error().detail());
}

std::uint64_t to_size(py::handle value, const std::string& keyword) {
  if (is_text(value)) return checked(brood::parse_size(value.cast<std::string>()), keyword);
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!number) {
    PyErr_Clear();
    raise_type_error(keyword + " must be a number of bytes or a text such as '64K', not " +
                     Py_TYPE(value.ptr())->tp_name);
  }
  const unsigned long long size = PyLong_AsUnsignedLongLong(number.ptr());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    raise_bad(keyword, py::str(value).cast<std::string>() + " is not a size");
  }
  return size;
}

// A number, or a text that the engine's table reads.
template <class Set>
void set_number(brood::options& o, const char* option, py::handle value, Set set) {
  if (is_text(value)) return set_by_text(o, option, value, keyword_of(option));
  set(to_number(value.ptr()));
}

void set_bool(brood::options& o, const char* option, bool& to, py::handle value) {
  if (is_text(value)) return set_by_text(o, option, value, keyword_of(option));
  const int truth = PyObject_IsTrue(value.ptr());
  if (truth < 0) python_error();
  to = truth == 1;
}

void set_max_output(brood::options& o, py::handle value) {
  const std::string keyword = "max_output";
  if (!py::isinstance<py::tuple>(value) && !py::isinstance<py::list>(value)) {
    o.max_output.bytes = to_size(value, keyword);
    return;
  }
  const auto pair = py::reinterpret_borrow<py::sequence>(value);
  if (pair.size() != 2) {
    raise_bad(keyword, "neither a size nor a pair of a size and what to do beyond");
  }
  o.max_output.bytes = to_size(py::object(pair[0]), keyword);
  set_by_text(o, "max_output.policy", py::object(pair[1]), keyword);
}

void set_limits(brood::options& o, py::handle value) {
  const py::dict limits = py::dict(py::reinterpret_borrow<py::object>(value));
  struct size_limit {
    std::string_view name;
    std::optional<std::uint64_t> brood::limits::*member;
  };
  constexpr size_limit sizes[] = {{"address_space", &brood::limits::address_space},
                                  {"open_files", &brood::limits::open_files},
                                  {"file_size", &brood::limits::file_size},
                                  {"processes", &brood::limits::processes},
                                  {"core", &brood::limits::core},
                                  {"stack", &brood::limits::stack}};
  for (const auto& [key, each] : limits) {
    const auto name = py::str(key).cast<std::string>();
    const std::string keyword = "limits." + name;
    bool known = name == "cpu_time";
    if (known && !each.is_none()) o.limits.cpu_time = to_duration(each, keyword);
    for (const size_limit& s : sizes) {
      if (s.name != name) continue;
      known = true;
      if (!each.is_none()) o.limits.*s.member = to_size(each, keyword);
    }
    if (!known) {
      raise_value_error("limits: there is no limit '" + name +
                        "'; limits are cpu_time, address_space, open_files, file_size, "
                        "processes, core, stack");
    }
  }
}

void set_ok_codes(brood::options& o, py::handle value) {
  if (is_text(value)) return set_by_text(o, "ok_codes", value, "ok_codes");
  for (const py::handle code : value) o.ok_codes.push_back(to_number(code.ptr()));
  if (o.ok_codes.empty()) raise_bad("ok_codes", "it is empty");
}

void set_map_fds(brood::options& o, py::handle value) {
  for (const py::handle each : value) {
    const auto [ours, child] = each.cast<std::pair<py::object, py::object>>();
    const brood::fd_mapping m{to_number(ours.ptr()), to_number(child.ptr())};
    if (m.from < 0 || m.to < 0) raise_bad("map_fds", "descriptors are not negative");
    o.map_fds.push_back(m);
  }
}

brood::account to_account(py::handle value) {
  if (is_text(value)) return brood::account(value.cast<std::string>());
  return brood::account(static_cast<long>(value.cast<long long>()));
}

brood::account_list to_accounts(py::handle value) {
  std::vector<brood::account> list;
  for (const py::handle each : value) list.push_back(to_account(each));
  return brood::account_list(std::move(list));
}

using options = brood::options;
struct setting {
  std::string_view keyword;
  void (*set)(options& o, py::handle value);
};
constexpr setting known[] = {
    {"timeout", [](options& o, py::handle v) { o.timeout = to_duration(v, "timeout"); }},
    {"idle_timeout",
     [](options& o, py::handle v) { o.idle_timeout = to_duration(v, "idle_timeout"); }},
    {"drain_grace",
     [](options& o, py::handle v) { o.drain_grace = to_duration(v, "drain_grace"); }},
    {"contain", [](options& o, py::handle v) { set_by_text(o, "contain", v, "contain"); }},
    {"stop", [](options& o, py::handle v) { o.stop = to_ladder(v); }},
    {"limits", set_limits},
    {"max_output", set_max_output},
    {"ok_codes", set_ok_codes},
    {"map_fds", set_map_fds},
    {"nice",
     [](options& o, py::handle v) { set_number(o, "nice", v, [&](int n) { o.nice = n; }); }},
    {"process_group",
     [](options& o, py::handle v) {
       set_number(o, "process_group", v, [&](int n) { o.process_group = n; });
     }},
    {"umask",
     [](options& o, py::handle v) { o.umask = static_cast<unsigned>(to_number(v.ptr())) & 0777U; }},
    {"start_new_session",
     [](options& o, py::handle v) { set_bool(o, "new_session", o.new_session, v); }},
    {"close_fds", [](options& o, py::handle v) { set_bool(o, "close_fds", o.close_fds, v); }},
    {"best_effort", [](options& o, py::handle v) { set_bool(o, "best_effort", o.best_effort, v); }},
    {"user", [](options& o, py::handle v) { o.user = to_account(v); }},
    {"group", [](options& o, py::handle v) { o.group = to_account(v); }},
    {"extra_groups", [](options& o, py::handle v) { o.extra_groups = to_accounts(v); }},
};

brood::reason to_reason(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(brood::reason::not_started); ++i) {
    const auto r = static_cast<brood::reason>(i);
    if (to_string(r) == name) return r;
  }
  raise_value_error("retry.on_reasons: there is no reason '" + name + "'");
}

}  // namespace

std::optional<double> to_seconds(py::handle value, const std::string& keyword) {
  if (value.is_none()) return {};
  if (PyFloat_Check(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  if (is_text(value)) {
    const auto d = checked(brood::parse_duration(value.cast<std::string>()), keyword);
    return static_cast<double>(d.nanoseconds()) / 1e9;
  }
  py::object number = py::reinterpret_borrow<py::object>(value);
  if (py::hasattr(number, "total_seconds")) number = number.attr("total_seconds")();
  if (!PyLong_Check(number.ptr()) && !py::hasattr(number, "__float__")) {
    raise_type_error(keyword +
                     " must be a number of seconds, a text such as '500ms' or a timedelta, not " +
                     Py_TYPE(value.ptr())->tp_name);
  }
  const double seconds = PyFloat_AsDouble(number.ptr());
  if (!PyErr_Occurred()) return seconds;
  if (!PyErr_ExceptionMatches(PyExc_OverflowError)) python_error();
  PyErr_Clear();
  const bool negative = number.attr("__lt__")(0).cast<bool>();
  return negative ? -HUGE_VAL : HUGE_VAL;
}

brood::duration to_duration(py::handle value, const std::string& keyword) {
  const std::optional<double> seconds = to_seconds(value, keyword);
  if (!seconds || *seconds >= longest) return {};
  if (std::isnan(*seconds)) raise_bad(keyword, "must not be nan");
  if (*seconds < 0) raise_bad(keyword, "must not be negative");
  return brood::duration::from_seconds(*seconds);
}

std::vector<brood::stop_step> to_ladder(py::handle value) {
  if (is_text(value)) return checked(brood::parse_stop(value.cast<std::string>()), "stop");
  std::vector<brood::stop_step> steps;
  for (const py::handle each : value) {
    const bool pair = py::isinstance<py::tuple>(each) || py::isinstance<py::list>(each);
    const py::tuple parts =
        pair ? py::tuple(py::reinterpret_borrow<py::object>(each)) : py::make_tuple(each);
    if (parts.empty() || parts.size() > 2) {
      raise_bad("stop", "a step is a signal, or a signal and how long to wait");
    }
    brood::stop_step step{0, {}};
    if (const py::object signal = parts[0]; is_text(signal)) {
      step.signal = checked(brood::parse_signal(signal.cast<std::string>()), "stop");
    } else {
      step.signal = to_number(signal.ptr());
    }
    if (parts.size() == 2) step.grace = to_duration(py::object(parts[1]), "stop");
    steps.push_back(step);
  }
  return steps;
}

brood::worker_count to_workers(py::handle n) {
  if (n.is_none()) return {};
  if (!is_text(n)) return to_number(n.ptr());
  const auto text = n.cast<std::string>();
  double percent = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  const bool good = read.ec == std::errc() && end - read.ptr == 1 && *read.ptr == '%';
  if (!good || !(percent > 0)) {
    raise_value_error("max_workers: neither a number nor a share such as '50%'");
  }
  return brood::worker_count::percent_of_cpus(percent);
}

brood::retry_policy to_retry(py::handle value) {
  if (value.is_none()) return {};
  if (is_text(value)) return checked(brood::parse_retry(value.cast<std::string>()), "retry");
  const auto fields = py::reinterpret_borrow<py::tuple>(value);
  const auto span = [&](std::size_t i, const char* name) {
    return to_duration(py::object(fields[i]), name);
  };
  brood::retry_policy p;
  p.attempts = fields[0].cast<int>();
  p.delay = span(1, "retry.delay");
  p.factor = fields[2].cast<double>();
  p.max_delay = span(3, "retry.max_delay");
  p.jitter = fields[4].cast<double>();
  p.total = span(5, "retry.total");
  for (const py::handle name : fields[6]) p.on_reasons.push_back(to_reason(py::str(name)));
  for (const py::handle code : fields[7]) p.on_codes.push_back(code.cast<int>());
  for (const py::handle signal : fields[8]) p.on_signals.push_back(signal.cast<int>());
  return p;
}

void apply_settings(const py::dict& settings, brood::options& o) {
  for (const auto& [key, value] : settings) {
    const auto keyword = key.cast<std::string>();
    const setting* found = nullptr;
    for (const setting& s : known) {
      if (s.keyword == keyword) found = &s;
    }
    if (!found) raise_value_error("there is no option " + keyword);
    found->set(o, value);
  }
}

}  // namespace brood_python
