// What each kind of error is in Python. Nothing here reads the text of an error.
// SPDX-License-Identifier: Apache-2.0
#include "errors.hpp"

#include <cerrno>
#include <cstring>

#include "request.hpp"

namespace brood_python {

namespace {

struct spelling {
  std::string_view member;
  std::string_view keyword;
};
constexpr spelling spellings[] = {{"in", "stdin"},
                                  {"out", "stdout"},
                                  {"err", "stderr"},
                                  {"new_session", "start_new_session"},
                                  {"max_output.policy", "max_output"}};

// The mistakes that name other options, in the keywords' words.
std::string in_python(const brood::error& e) {
  switch (e.problem()) {
    case brood::problem::contradicts:
      return "contradicts " + keyword_of(e.other_option());
    case brood::problem::err_only:
      return "STDOUT is for stderr alone";
    case brood::problem::standard_stream:
      return "0, 1 and 2 are set by stdin, stdout and stderr";
    case brood::problem::needs_pipe:
      return "no output passes through us: needs PIPE";
    default:
      return e.detail();
  }
}

std::string mistake_text(const brood::error& e) {
  const std::string text = in_python(e);
  return e.subject().empty() ? text : keyword_of(e.subject()) + ": " + text;
}

py::object instance_of(PyObject* type, const py::tuple& arguments) {
  auto made = py::reinterpret_steal<py::object>(PyObject_Call(type, arguments.ptr(), nullptr));
  if (!made) python_error();
  return made;
}

// Paths and names are bytes; Python's own rule for those that are no text.
py::object to_text(std::string_view bytes) {
  auto text = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
  if (!text) python_error();
  return text;
}

py::object instance_of(PyObject* type, std::string_view text) {
  return instance_of(type, py::make_tuple(to_text(text)));
}

bool is_not_open(const brood::error& e) { return e.problem() == brood::problem::not_open; }

// What the caller named the file that is to blame, or nothing.
py::object file_of(const brood::error& e, const request* r) {
  using brood::error_stage;
  switch (e.stage()) {
    case error_stage::exec:
      return r ? py::reinterpret_borrow<py::object>(r->executable_object) : to_text(e.subject());
    case error_stage::chdir:
      return r ? py::reinterpret_borrow<py::object>(r->cwd_object) : to_text(e.subject());
    case error_stage::open:
      return to_text(e.subject());
    default:
      return py::none();
  }
}

// A file speaks for itself; other stages say which they are.
py::object os_error(const brood::error& e, int os, const request* r) {
  const py::object file = file_of(e, r);
  const std::string text = is_not_open(e)   ? mistake_text(e)
                           : file.is_none() ? e.what()
                                            : e.detail();
  return instance_of(PyExc_OSError, file.is_none() ? py::make_tuple(os, to_text(text))
                                                   : py::make_tuple(os, to_text(text), file));
}

int errno_of(const brood::error& e) {
  if (is_not_open(e)) return EBADF;
  if (e.code()) return e.code().value();
  return e.kind() == brood::error_kind::unsupported ? ENOTSUP : 0;
}

}  // namespace

std::string keyword_of(std::string_view member) {
  for (const spelling& s : spellings) {
    if (s.member == member) return std::string(s.keyword);
  }
  return std::string(member);
}

py::object to_exception(const brood::error& e, const request* r) {
  using brood::error_kind;
  using brood::error_stage;
  if (e.kind() == error_kind::bad_request && !is_not_open(e)) {
    return instance_of(PyExc_ValueError, mistake_text(e));
  }
  if (e.stage() == error_stage::identity && e.kind() == error_kind::not_found) {
    return instance_of(PyExc_KeyError, e.what());
  }
  if (e.kind() == error_kind::bad_data) return instance_of(PyExc_UnicodeError, e.what());
  const int os = errno_of(e);
  py::object made = os ? os_error(e, os, r) : instance_of(PyExc_RuntimeError, e.what());
  py::setattr(made, "stage", py::str(std::string(to_string(e.stage()))));
  return made;
}

void raise(const brood::error& e, const request* r) {
  const py::object made = to_exception(e, r);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
  python_error();
}

void raise_as_standard(const brood::error& e, const request& r) {
  const int os = errno_of(e);
  if (os == 0) raise_value_error(e.what());
  const py::object file = file_of(e, &r);
  raise_os_error(os, file.is_none() ? nullptr : file.ptr());
}

void raise_value_error(const std::string& text) {
  PyErr_SetString(PyExc_ValueError, text.c_str());
  python_error();
}

void raise_type_error(const std::string& text) {
  PyErr_SetString(PyExc_TypeError, text.c_str());
  python_error();
}

void bind_errors(py::module_&) {
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const brood::error& e) {
      const py::object made = to_exception(e);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    }
  });
}

}  // namespace brood_python
