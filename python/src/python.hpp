// What the extension's files share: the Python API, the GIL, and how errors are raised.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>

#include <brood/error.hpp>

namespace brood_python {

namespace py = pybind11;

/// A Python exception is set; leave the function. Only where no C++ object is half made.
[[noreturn]] inline void python_error() { throw py::error_already_set(); }

/// Whether the interpreter is on its way out: a thread that asks for the GIL then may never get it.
inline bool shutting_down() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

/// The end of a daemon thread that came for the GIL while the interpreter ends: it stays here, as
/// in Python 3.14. Before that Python ends such a thread by pthread_exit(3), which would unwind
/// frames that may not be left so.
[[noreturn]] inline void stay() noexcept {
  for (;;) ::pause();
}

/// Lets the GIL go.
class without_gil {
 public:
  without_gil() noexcept : state_(PyEval_SaveThread()) {}
  without_gil(const without_gil&) = delete;
  without_gil& operator=(const without_gil&) = delete;
  ~without_gil() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {  // pthread_exit(3)
      stay();
    }
  }

 private:
  PyThreadState* state_;
};

/// Takes the GIL, in any thread.
class with_gil {
 public:
  with_gil() noexcept {
    try {
      state_ = PyGILState_Ensure();
    } catch (...) {
      stay();
    }
  }
  with_gil(const with_gil&) = delete;
  with_gil& operator=(const with_gil&) = delete;
  ~with_gil() { PyGILState_Release(state_); }

 private:
  PyGILState_STATE state_;
};

/// After a system call was interrupted: runs the handlers of the signals that came. Needs the GIL.
inline void check_signals() {
  if (PyErr_CheckSignals() != 0) python_error();
}

/// OSError(os, text[, filename]); its class follows from `os`, as everywhere in Python.
[[noreturn]] inline void raise_os_error(int os, PyObject* filename = nullptr) {
  errno = os;
  if (filename) {
    PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, filename);
  } else {
    PyErr_SetFromErrno(PyExc_OSError);
  }
  python_error();
}

/// Monotonic, in the unit and with the origin of time.monotonic_ns().
std::int64_t now_ns() noexcept;

/// `seconds` from time.monotonic(), or of a span, as nanoseconds; beyond what fits: INT64_MAX.
std::int64_t to_ns(double seconds) noexcept;

/// `seconds` from now, on that clock.
std::int64_t after(double seconds) noexcept;

/// poll(2) until `until`; the result of the call, or the negative errno. Without the GIL.
int poll_until(void* fds, unsigned long count, std::int64_t until) noexcept;

void bind_errors(py::module_& m);
void bind_start(py::module_& m);
void bind_wait(py::module_& m);
void bind_transfer(py::module_& m);
void bind_run(py::module_& m);
void bind_command(py::module_& m);
void bind_pool(py::module_& m);
void bind_pipeline(py::module_& m);
void bind_worker_pool(py::module_& m);
void bind_jobserver(py::module_& m);
void bind_loop(py::module_& m);

}  // namespace brood_python
