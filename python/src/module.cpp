// The extension module brood._engine: what the Python classes are thin on top of.
// SPDX-License-Identifier: Apache-2.0
#include "python.hpp"

namespace {

void bind_all(pybind11::module_& m) {
  m.doc() = "The engine below brood's Python classes; private to them.";
  brood_python::bind_errors(m);
  brood_python::bind_start(m);
  brood_python::bind_wait(m);
  brood_python::bind_transfer(m);
  brood_python::bind_run(m);
  brood_python::bind_command(m);
  brood_python::bind_pool(m);
  brood_python::bind_pipeline(m);
  brood_python::bind_worker_pool(m);
  brood_python::bind_jobserver(m);
  brood_python::bind_loop(m);
  m.def("in_main_interpreter",
        [] { return PyInterpreterState_Get() == PyInterpreterState_Main(); });
}

}  // namespace

// What PYBIND11_MODULE makes, but for the question before all others: in a subinterpreter pybind11
// would wait for ever for a GIL that this very thread has.
extern "C" PYBIND11_EXPORT PyObject* PyInit__engine() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError, "brood does not work in subinterpreters");
    return nullptr;
  }
  static PyModuleDef definition;
  try {
    pybind11::detail::get_internals();
    auto m = pybind11::module_::create_extension_module("_engine", nullptr, &definition);
    bind_all(m);
    return m.ptr();
  } catch (pybind11::error_already_set& e) {
    e.restore();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_ImportError, e.what());
  }
  return nullptr;
}
