// Moving bytes between Python and a command without the GIL.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "python.hpp"

namespace brood_python {

/// Have the pages that are about to be written made all at once, instead of by a fault each.
void populate(char* data, std::size_t size) noexcept;

/// Output as it grows: a bytes object that is read into, so that taking it copies nothing.
/// Threads: one at a time; what allocates takes the GIL by itself.
class sink {
 public:
  sink() = default;
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;
  ~sink();  // with the GIL

  /// read(2) once, without the GIL: what it returned, or the negative errno.
  ssize_t fill(int number) noexcept;
  std::size_t size() const noexcept { return size_; }
  bool append(const char* data, std::size_t size) noexcept;
  py::bytes take();                                   ///< with the GIL; empty afterwards
  py::bytes copy() const;                             ///< with the GIL
  bool wants_more() const noexcept { return full_; }  ///< the last read took all there was room for

 private:
  bool reserve(std::size_t room) noexcept;
  PyObject* bytes_ = nullptr;
  std::size_t size_ = 0;
  bool full_ = false;
  bool grown_ = false;
};

/// One communicate(), or several after timeouts: input that is left and output so far.
class transfer {
 public:
  enum : unsigned { in_done = 1, out_done = 2, err_done = 4 };

  transfer() = default;
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  ~transfer();

  /// Once. `input` stays referenced; any buffer, byte by byte.
  void set_input(py::handle input);
  bool has_input() const noexcept { return given_ && offset_ < input_size(); }
  /// Until a stream is done (its bits), or `until` passes (0). A negative descriptor is not
  /// served. Called with the GIL. Raises what a signal handler raised.
  unsigned run(int in, int out, int err, std::int64_t until);

  sink out;
  sink err;

 private:
  std::size_t input_size() const noexcept { return static_cast<std::size_t>(input_.len); }
  unsigned feed(int number, int& os) noexcept;
  Py_buffer input_{};
  bool given_ = false;
  bool moving_ = false;  // a thread is in run(), without the GIL
  std::size_t offset_ = 0;
};

}  // namespace brood_python
