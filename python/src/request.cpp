// Reading Popen's arguments, and saying them as the engine's options.
// SPDX-License-Identifier: Apache-2.0
#include "request.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <unordered_set>

namespace brood_python {

namespace {

std::string_view search_path(const request& r) {
  for (const auto& [name, value] : r.env) {
    if (name == "PATH") return value;
  }
  return "/bin:/usr/bin";  // os.defpath
}

// Now, as nobody changes it while we have the GIL: os.environ writes through to it at any time, and
// a pool or a loop reads what it is given much later. Of doubles the first is what getenv(3) sees.
void copy_environment(request& r) {
  r.inherits_env = true;
  std::unordered_set<std::string_view> seen;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t end = text.find('=');
    if (end == text.npos || !seen.insert(text.substr(0, end)).second) continue;
    r.env.emplace_back(text.substr(0, end), text.substr(end + 1));
  }
}

bool has_empty_entry(std::string_view path) {
  return path.empty() || path.front() == ':' || path.back() == ':' || path.find("::") != path.npos;
}

// A thread that blocks signals hands the mask to its children under Python; the engine clears it.
bool blocks_signals() {
  sigset_t blocked;
  if (::pthread_sigmask(SIG_BLOCK, nullptr, &blocked) != 0) return false;
  return sigisemptyset(&blocked) == 0;
}

unsigned to_id(PyObject* number, const char* what) {
  const long long value = PyLong_AsLongLong(number);
  if (value == -1 && PyErr_Occurred()) python_error();
  if (value < 0 || value > 0xFFFF'FFFELL) {
    PyErr_Format(PyExc_OverflowError, "%s is out of range", what);
    python_error();
  }
  return static_cast<unsigned>(value);
}

// In a list a bad number is a ValueError, alone an OverflowError: so it is in Python.
unsigned to_group(PyObject* number) {
  const long long value = PyLong_AsLongLong(number);
  const bool overflow = PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError);
  if (PyErr_Occurred() && !overflow) python_error();
  if (overflow || value < 0 || value > 0xFFFF'FFFELL) {
    PyErr_SetString(PyExc_ValueError, "invalid group id");
    python_error();
  }
  return static_cast<unsigned>(value);
}

}  // namespace

int to_number(PyObject* object) {
  const long value = PyLong_AsLong(object);
  if (value == -1 && PyErr_Occurred()) python_error();
  if (value < INT_MIN || value > INT_MAX) {
    PyErr_Format(PyExc_OverflowError, "signed integer is %s",
                 value < 0 ? "less than minimum" : "greater than maximum");
    python_error();
  }
  return static_cast<int>(value);
}

std::string path_bytes(PyObject* object) {
  PyObject* bytes = nullptr;
  if (!PyUnicode_FSConverter(object, &bytes)) python_error();
  std::string text(PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)));
  Py_DECREF(bytes);
  return text;
}

std::vector<std::string> path_list(PyObject* sequence) {
  const auto fast = py::reinterpret_steal<py::object>(
      PySequence_Fast(sequence, "argv must be a tuple or a list"));
  if (!fast) python_error();
  std::vector<std::string> list;
  list.reserve(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(fast.ptr())));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
    list.push_back(path_bytes(PySequence_Fast_GET_ITEM(fast.ptr(), i)));
  }
  return list;
}

void read_environment(PyObject* mapping, request& r) {
  if (mapping == Py_None) return copy_environment(r);
  // .items() of whatever it is: os.environ and other mappings are not dicts.
  const auto items = py::reinterpret_steal<py::object>(PyMapping_Items(mapping));
  if (!items) python_error();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.ptr()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.ptr(), i);
    if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
      PyErr_SetString(PyExc_TypeError, "env must be a mapping");
      python_error();
    }
    std::string name = path_bytes(PyTuple_GET_ITEM(item, 0));
    if (name.find('=') != name.npos) {
      PyErr_SetString(PyExc_ValueError, "illegal environment variable name");
      python_error();
    }
    r.env.emplace_back(std::move(name), path_bytes(PyTuple_GET_ITEM(item, 1)));
  }
}

void read_program(PyObject* args, PyObject* executable, PyObject* env, PyObject* cwd, request& r) {
  r.args = path_list(args);
  r.executable_object = executable;
  r.executable = path_bytes(executable);
  read_environment(env, r);
  r.cwd_object = cwd;
  if (cwd != Py_None) r.cwd = path_bytes(cwd);
}

void read_descriptors(PyObject* sequence, std::vector<int>& to) {
  if (PyTuple_CheckExact(sequence) && PyTuple_GET_SIZE(sequence) == 0) return;
  const auto iterator = py::reinterpret_steal<py::object>(PyObject_GetIter(sequence));
  if (!iterator) python_error();
  while (auto item = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()))) {
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Long(item.ptr()));
    if (!number) python_error();
    const long value = PyLong_AsLong(number.ptr());
    if (PyErr_Occurred() || value < 0 || value > INT32_MAX) {
      PyErr_SetString(PyExc_ValueError, "bad value(s) in fds_to_keep");
      python_error();
    }
    to.push_back(static_cast<int>(value));
  }
  if (PyErr_Occurred()) python_error();
}

void read_identity(PyObject* gid, PyObject* groups, PyObject* uid, PyObject* umask, request& r) {
  if (gid != Py_None) r.gid = to_id(gid, "gid");
  if (uid != Py_None) r.uid = to_id(uid, "uid");
  if (groups != Py_None) {
    const auto fast = py::reinterpret_steal<py::object>(
        PySequence_Fast(groups, "setgroups argument must be a sequence"));
    if (!fast) python_error();
    auto& list = r.groups.emplace();
    if (PySequence_Fast_GET_SIZE(fast.ptr()) > NGROUPS_MAX) {
      PyErr_SetString(PyExc_ValueError, "too many groups");
      python_error();
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
      list.push_back(to_group(PySequence_Fast_GET_ITEM(fast.ptr(), i)));
    }
  }
  const int mask = to_number(umask);
  r.umask = mask < 0 ? -1 : mask & 0777;
}

std::vector<std::string> exec_candidates(const request& r) {
  if (r.executable.find('/') != r.executable.npos) return {r.executable};
  std::vector<std::string> found;
  std::string_view path = search_path(r);
  for (;;) {
    const std::size_t end = std::min(path.find(':'), path.size());
    std::string candidate(path.substr(0, end));
    if (!candidate.empty() && candidate.back() != '/') candidate += '/';
    found.push_back(candidate + r.executable);
    if (end == path.size()) return found;
    path.remove_prefix(end + 1);
  }
}

bool fits_engine(const request& r) {
  if (r.preexec || !r.allow_vfork || !r.restore_signals) return false;
  if (r.uid || r.gid || r.groups) return false;             // Python changes nothing but these
  if (r.new_session && r.process_group >= 0) return false;  // the kernel says what is wrong
  if (r.process_group < -1 || (r.cwd && r.cwd->empty())) return false;
  if (r.args.empty() || r.executable.empty()) return false;
  const bool searched = r.executable.find('/') == r.executable.npos;
  if (searched && has_empty_entry(search_path(r))) return false;  // means the directory we are in
  const auto unnamed = [](const auto& variable) { return variable.first.empty(); };
  if (std::any_of(r.env.begin(), r.env.end(), unnamed)) return false;  // handed on, as by Python
  return !blocks_signals();
}

brood::options to_options(const request& r) {
  brood::options o;
  if (r.in >= 0) o.in = brood::fd(r.in);
  if (r.out >= 0) o.out = brood::fd(r.out);
  if (r.err >= 0) o.err = brood::fd(r.err);
  if (r.cwd) o.cwd = *r.cwd;
  o.env = brood::environment::empty();
  for (const auto& [name, value] : r.env) {
    if (!name.empty()) o.env.set(name, value);  // os.environ has such where the host has
  }
  if (!r.args.empty() && r.executable != r.args.front()) o.executable = r.executable;
  o.contain = brood::containment::process;
  o.new_session = r.new_session;
  if (r.process_group >= 0) o.process_group = r.process_group;
  if (r.umask >= 0) o.umask = static_cast<unsigned>(r.umask);
  if (r.uid) o.user = static_cast<long>(*r.uid);
  if (r.gid) o.group = static_cast<long>(*r.gid);
  if (r.groups) {
    std::vector<brood::account> list;
    for (const unsigned id : *r.groups) list.emplace_back(static_cast<long>(id));
    o.extra_groups = brood::account_list(std::move(list));
  }
  o.close_fds = r.close_fds;
  o.pass_fds = r.pass_fds;
  return o;
}

}  // namespace brood_python
