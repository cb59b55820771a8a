// What the engine's threads tell Python: lines, and ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include <brood/options.hpp>

#include "python.hpp"

namespace brood_python {

/// What an engine's thread calls: takes the GIL. Outlives the engine in the handles of its jobs.
class listener {
 public:
  listener(py::object finished, py::object line)
      : finished_(std::move(finished)), line_(std::move(line)) {}
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener() {
    if (shutting_down()) {  // the objects go with the interpreter
      finished_.release();
      line_.release();
      return;
    }
    const with_gil held;
    finished_ = py::object();
    line_ = py::object();
  }

  /// Whether this thread is the engine's own, in the middle of a call.
  bool busy_here() const noexcept { return std::this_thread::get_id() == calling_.load(); }

  /// `make` gives what is passed on, with the GIL.
  template <class F>
  void finished(std::uint64_t token, F make) noexcept {
    if (shutting_down()) return;
    const busy here(calling_);
    const with_gil held;
    try {
      finished_(token, make());
    } catch (py::error_already_set& e) {
      e.discard_as_unraisable("a callback");
    }
  }

  /// False if on_line raised, which Python keeps.
  bool line(std::uint64_t token, int stream, std::string_view text) {
    if (shutting_down()) return false;
    const busy here(calling_);
    const with_gil held;
    try {
      return line_(token, stream, py::bytes(text.data(), text.size())).cast<bool>();
    } catch (py::error_already_set& e) {
      e.discard_as_unraisable("a callback");
      return false;
    }
  }

 private:
  using thread_id = std::atomic<std::thread::id>;
  struct busy {
    explicit busy(thread_id& who) noexcept : who_(who) { who_ = std::this_thread::get_id(); }
    busy(const busy&) = delete;
    busy& operator=(const busy&) = delete;
    ~busy() { who_ = std::thread::id(); }
    thread_id& who_;
  };

  py::object finished_;
  py::object line_;
  thread_id calling_{};
};

/// For options::on_line: what on_line raised stops the command, and Python keeps it.
inline auto to_on_line(std::shared_ptr<listener> l, std::uint64_t token) {
  return [l = std::move(l), token](brood::output_stream from, std::string_view line) {
    const int stream = from == brood::output_stream::err ? 2 : 1;
    if (!l->line(token, stream, line)) throw std::runtime_error("on_line raised");
  };
}

}  // namespace brood_python
