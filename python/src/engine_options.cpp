// Keywords to options, and the names in mistakes back to keywords.
// SPDX-License-Identifier: Apache-2.0
#include "engine_options.hpp"

#include <cerrno>
#include <string_view>

#include <brood/option_table.hpp>

#include "request.hpp"

namespace brood_python {

namespace {

brood::stdio to_target(py::handle target) {
  if (target.is_none()) return brood::INHERIT;
  switch (const int number = to_number(target.ptr())) {
    case -1:
      return brood::PIPE;
    case -2:
      return brood::STDOUT;
    case -3:
      return brood::DEVNULL;
    default:
      return brood::fd(number);
  }
}

struct spelling {
  std::string_view member;
  std::string_view keyword;
};
constexpr spelling spellings[] = {{"in", "stdin"},
                                  {"out", "stdout"},
                                  {"err", "stderr"},
                                  {"new_session", "start_new_session"},
                                  {"max_output.policy", "max_output"}};

std::string keyword_of(std::string_view member) {
  for (const spelling& s : spellings) {
    if (s.member == member) return std::string(s.keyword);
  }
  return std::string(member);
}

[[noreturn]] void raise_value_error(const std::string& text) {
  PyErr_SetString(PyExc_ValueError, text.c_str());
  python_error();
}

// The text of a mistake is "subject: what is wrong": without the subject.
std::string_view without_subject(const brood::error& e) {
  std::string_view text = e.what();
  const std::string& subject = e.subject();
  if (text.starts_with(subject) && text.substr(subject.size()).starts_with(": ")) {
    text.remove_prefix(subject.size() + 2);
  }
  return text;
}

// What mistakes call otherwise than Python does.
constexpr spelling phrases[] = {{"contradicts new_session", "contradicts start_new_session"},
                                {"in, out and err", "stdin, stdout and stderr"},
                                {"for err alone", "for stderr alone"},
                                {"needs PIPE or tee", "needs PIPE"}};

std::string in_python(std::string_view text) {
  std::string to(text);
  for (const spelling& p : phrases) {
    if (const std::size_t at = to.find(p.member); at != to.npos) {
      to.replace(at, p.member.size(), p.keyword);
    }
  }
  return to;
}

// Each setting is a member of the options by its name, and its value as the tool would read it.
void apply(const py::list& settings, brood::options& o) {
  for (const py::handle item : settings) {
    const auto [name, value] = item.cast<std::pair<std::string, py::object>>();
    const brood::option_entry* const entry = brood::find_option(name);
    if (!entry) raise_value_error("there is no option " + name);
    if (!py::isinstance<py::str>(value)) {
      PyErr_Format(PyExc_TypeError, "%s must not be of type %s", keyword_of(name).c_str(),
                   Py_TYPE(value.ptr())->tp_name);
      python_error();
    }
    if (auto set = entry->set(o, value.cast<std::string>()); !set) {
      const std::string keyword = keyword_of(name) + ": ";
      std::string text(without_subject(set.error()));
      if (const std::size_t again = text.find(keyword); again != text.npos) {
        text.erase(again, keyword.size());
      }
      raise_value_error(keyword + text);
    }
  }
}

brood::reason to_reason(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(brood::reason::not_started); ++i) {
    const auto r = static_cast<brood::reason>(i);
    if (to_string(r) == name) return r;
  }
  raise_value_error("retry.on_reasons: there is no reason '" + name + "'");
}

// The fields of brood.Retry, in its order.
brood::retry_policy to_retry(const py::tuple& fields) {
  brood::retry_policy p;
  p.attempts = fields[0].cast<int>();
  p.delay = to_duration(fields[1]);
  p.factor = fields[2].cast<double>();
  p.max_delay = to_duration(fields[3]);
  p.jitter = fields[4].cast<double>();
  p.total = to_duration(fields[5]);
  for (const py::handle name : fields[6]) p.on_reasons.push_back(to_reason(py::str(name)));
  for (const py::handle code : fields[7]) p.on_codes.push_back(code.cast<int>());
  for (const py::handle signal : fields[8]) p.on_signals.push_back(signal.cast<int>());
  return p;
}

}  // namespace

brood::worker_count to_workers(py::handle n) {
  if (n.is_none()) return {};
  if (!py::isinstance<py::str>(n)) return n.cast<int>();
  const auto text = n.cast<std::string>();
  const auto percent = brood::parse_duration(text.substr(0, text.size() - 1));
  if (text.empty() || text.back() != '%' || !percent) {
    PyErr_SetString(PyExc_ValueError, "max_workers: neither a number nor a share such as '50%'");
    python_error();
  }
  return brood::worker_count::percent_of_cpus(static_cast<double>(percent->nanoseconds()) / 1e9);
}

brood::duration to_duration(py::handle seconds) {
  return seconds.is_none() ? brood::duration()
                           : brood::duration::from_seconds(seconds.cast<double>());
}

brood::options read_options(const py::tuple& asked, request& r) {
  const auto at = [&asked](std::size_t i) { return py::object(asked[i]); };
  read_program(at(0).ptr(), at(1).ptr(), at(2).ptr(), at(3).ptr(), r);
  if (r.cwd && r.cwd->empty()) raise_os_error(ENOENT, r.cwd_object);
  read_descriptors(py::object(asked[8]).ptr(), r.pass_fds);
  brood::options o = to_options(r);
  o.contain = brood::containment::tree;
  apply(asked[9], o);
  o.in = to_target(py::object(asked[4]));
  o.out = to_target(py::object(asked[5]));
  o.err = to_target(py::object(asked[6]));
  if (const py::object input = asked[7]; !input.is_none()) o.input = input.cast<std::string>();
  if (const py::object retry = asked[10]; py::isinstance<py::str>(retry)) {
    py::list said;
    said.append(py::make_tuple("retry", retry));
    apply(said, o);
  } else if (!retry.is_none()) {
    o.retry = to_retry(retry);
  }
  return o;
}

void raise_mistake(const brood::error& e) {
  const std::string text = in_python(without_subject(e));
  raise_value_error(e.subject().empty() ? text : keyword_of(e.subject()) + ": " + text);
}

void raise_command_error(const brood::error& e, const request& r) {
  if (e.stage() == brood::error_stage::identity && e.kind() == brood::error_kind::not_found) {
    PyErr_SetString(PyExc_KeyError, e.what());
    python_error();
  }
  const bool not_open = std::string_view(e.what()).find("is not open") != std::string_view::npos;
  if (e.code().value() == 0 && !not_open) raise_mistake(e);
  raise_start_error(e, r);
}

}  // namespace brood_python
