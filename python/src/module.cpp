// The extension module brood._engine: what the Python classes are thin on top of.
// SPDX-License-Identifier: Apache-2.0
#include "python.hpp"

PYBIND11_MODULE(_engine, m) {
  m.doc() = "The engine below brood's Python classes; private to them.";
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
