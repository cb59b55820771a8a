// The engine's loop below brood.async_run: asyncio's loop watches its descriptor and carries it on.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <memory>
#include <optional>
#include <stdexcept>

#include <brood/async.hpp>
#include <brood/run.hpp>

#include "engine_options.hpp"
#include "listener.hpp"
#include "outcome.hpp"
#include "wish.hpp"

namespace brood_python {

namespace {

// By value: what it refers to lives in its frame.
brood::task<void> carry(brood::loop& l, brood::command command, brood::options o,
                        std::stop_token stop, std::shared_ptr<listener> to, std::uint64_t token) {
  std::optional<brood::expected<brood::completed_process, brood::error>> done;
  try {
    auto one = brood::async_try_run(l, command, o, stop);
    done.emplace(co_await one);
  } catch (const std::exception&) {  // on_line raised, which Python keeps
  }
  to->finished(token, [&]() -> py::object {
    return done ? py::object(to_outcome(std::move(*done))) : py::object(py::none());
  });
}

class loop {
 public:
  loop(py::object finished, py::object line)
      : listener_(std::make_shared<listener>(std::move(finished), std::move(line))),
        loop_(std::make_unique<brood::loop>()) {}
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  // Of a loop that was closed with commands in it: they are stopped.
  ~loop() {
    if (owner_ != ::getpid()) {  // a forked child has none of it
      (void)loop_.release();
      return;
    }
    const without_gil released;
    loop_.reset();
  }

  int fileno() const noexcept { return loop_->native_handle(); }

  wish start(std::uint64_t token, const py::tuple& asked, bool watched) {
    refuse_if_forked();
    request r;
    brood::options o = read_options(asked, r);
    brood::command command(r.args);
    if (auto mistake = brood::find_mistake(command, o)) raise(*mistake, &r);
    if (watched) o.on_line = to_on_line(listener_, token);
    wish w;
    loop_->spawn(
        carry(*loop_, std::move(command), std::move(o), w.source.get_token(), listener_, token));
    return w;
  }

  /// Do what can be done without waiting; how many seconds there are until the next time, or None.
  py::object turn() {
    refuse_if_forked();
    brood::duration next;
    {
      const without_gil released;
      (void)loop_->poll();
      next = loop_->until_next();
    }
    if (!next.given()) return py::none();
    return py::float_(static_cast<double>(next.nanoseconds()) / 1e9);
  }

 private:
  void refuse_if_forked() const {
    if (owner_ == ::getpid()) return;
    PyErr_SetString(PyExc_RuntimeError, "a loop is of no use after os.fork() in the child");
    python_error();
  }

  std::shared_ptr<listener> listener_;
  std::unique_ptr<brood::loop> loop_;
  pid_t owner_ = ::getpid();
};

}  // namespace

void bind_loop(py::module_& m) {
  py::class_<wish>(m, "Wish", "A command that can be cancelled.")
      .def(py::init<>())
      .def(
          "cancel", [](wish& w) { w.source.request_stop(); }, py::call_guard<without_gil>());
  py::class_<loop>(m, "Loop", "The engine's loop, as brood.async_run uses it.")
      .def(py::init<py::object, py::object>())
      .def("fileno", &loop::fileno)
      .def("start", &loop::start)
      .def("turn", &loop::turn);
}

}  // namespace brood_python
