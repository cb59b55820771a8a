// What Popen asks for, in C++ types.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <brood/options.hpp>

#include "python.hpp"

namespace brood_python {

/// The arguments of a start, converted and without NUL bytes. The objects are borrowed.
struct request {
  std::vector<std::string> args;
  std::string executable;
  std::vector<std::pair<std::string, std::string>> env;
  bool inherits_env = false;  ///< env is this process's own
  std::optional<std::string> cwd;
  int in = -1;  ///< descriptor that becomes 0; -1: the caller's own
  int out = -1;
  int err = -1;
  bool close_fds = true;
  std::vector<int> pass_fds;
  bool restore_signals = true;
  bool new_session = false;
  int process_group = -1;  ///< -1: the caller's
  std::optional<unsigned> gid;
  std::optional<std::vector<unsigned>> groups;
  std::optional<unsigned> uid;
  int umask = -1;
  PyObject* preexec = nullptr;
  bool allow_vfork = true;
  PyObject* executable_object = nullptr;  ///< for the errors
  PyObject* cwd_object = nullptr;         ///< for the errors
};

/// The value of an int or of what has __index__; TypeError, or OverflowError beyond an int.
int to_number(PyObject* object);
/// The path of a str, bytes or os.PathLike; ValueError if it has a NUL byte.
std::string path_bytes(PyObject* object);
/// The items of a sequence of such.
std::vector<std::string> path_list(PyObject* sequence);
/// None: what this process has at this moment. Called with the GIL, as all of these.
void read_environment(PyObject* mapping, request& r);
/// What to run, with what around it, in this order: the first that is bad is the error.
void read_program(PyObject* args, PyObject* executable, PyObject* env, PyObject* cwd, request& r);
void read_descriptors(PyObject* sequence, std::vector<int>& to);
/// Users, groups, umask: numbers as _posixsubprocess takes them.
void read_identity(PyObject* gid, PyObject* groups, PyObject* uid, PyObject* umask, request& r);

/// The files that the program's name may stand for, as os.get_exec_path() finds them.
std::vector<std::string> exec_candidates(const request& r);

/// Whether the engine's options say everything that `r` asks for, with Python's meaning.
bool fits_engine(const request& r);
/// The part of `r` that is neither args nor streams' kinds, as options.
brood::options to_options(const request& r);

/// fork(2) with the standard module's order of steps; for preexec_fn and what fits_engine() is
/// false for. \return the pid. Raises as the standard module does.
int start_by_fork(const request& r);
/// Start `r` and let it go: the caller waits for its pid.
int start(const request& r);

}  // namespace brood_python
