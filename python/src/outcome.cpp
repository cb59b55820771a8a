// Results as dicts, their output as bytes objects.
// SPDX-License-Identifier: Apache-2.0
#include "outcome.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "transfer.hpp"

namespace brood_python {

py::dict to_dict(const brood::usage& u) {
  const auto seconds = [](std::chrono::nanoseconds t) {
    return static_cast<double>(t.count()) / 1e9;
  };
  py::dict d;
  d["wall"] = seconds(u.wall);
  d["user"] = seconds(u.user);
  d["system"] = seconds(u.system);
  d["max_rss_bytes"] = u.max_rss_bytes;
  d["minor_faults"] = u.minor_faults;
  d["major_faults"] = u.major_faults;
  d["blocks_in"] = u.blocks_in;
  d["blocks_out"] = u.blocks_out;
  d["voluntary_switches"] = u.voluntary_switches;
  d["involuntary_switches"] = u.involuntary_switches;
  return d;
}

// Large output is copied in pieces that are given back as we go: never twice in memory.
py::bytes to_bytes(std::string from) {
  constexpr std::size_t step = std::size_t{8} << 20;
  constexpr std::uintptr_t page = 4096;
  if (from.size() < step) return py::bytes(from);
  auto to = py::reinterpret_steal<py::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(from.size())));
  if (!to) python_error();
  const without_gil released;
  for (std::size_t at = 0; at < from.size(); at += step) {
    const std::size_t n = std::min(step, from.size() - at);
    populate(PyBytes_AS_STRING(to.ptr()) + at, n);
    std::memcpy(PyBytes_AS_STRING(to.ptr()) + at, from.data() + at, n);
    const auto first =
        (reinterpret_cast<std::uintptr_t>(from.data() + at) + page - 1) / page * page;
    const auto last = reinterpret_cast<std::uintptr_t>(from.data() + at + n) / page * page;
    if (last > first) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }
  return to;
}

py::dict to_dict(brood::completed_process r) {
  py::dict d;
  d["pid"] = r.pid;
  d["returncode"] = to_returncode(r.status);
  d["reason"] = std::string(to_string(r.reason));
  d["stdout"] = to_bytes(std::move(r.out));
  d["stderr"] = to_bytes(std::move(r.err));
  d["stdout_omitted"] = r.out_omitted;
  d["stderr_omitted"] = r.err_omitted;
  d["complete"] = r.complete;
  d["usage"] = to_dict(r.usage);
  d["containment"] = std::string(to_string(r.containment));
  py::list degraded;
  for (const std::string& line : r.degraded) degraded.append(line);
  d["degraded"] = degraded;
  d["accepted"] = r.accepted;
  py::list attempts;
  for (brood::completed_process& each : r.attempts) attempts.append(to_dict(std::move(each)));
  d["attempts"] = attempts;
  return d;
}

py::object to_returncode(const brood::exit_status& s) {
  if (const std::optional<int> code = s.code()) return py::int_(*code);
  if (const std::optional<int> signal = s.signal()) return py::int_(-*signal);
  return py::none();
}

py::tuple to_failure(const brood::error& e, const request* r) {
  return py::make_tuple(e.kind() == brood::error_kind::timed_out,
                        e.code() == std::errc::operation_canceled, std::string(to_string(e.kind())),
                        to_exception(e, r));
}

py::tuple to_outcome(brood::expected<brood::completed_process, brood::error> from) {
  if (from) return py::make_tuple(to_dict(std::move(*from)), py::none());
  const brood::error& e = from.error();
  return py::make_tuple(e.result() ? py::object(to_dict(*e.result())) : py::object(py::none()),
                        to_failure(e));
}

}  // namespace brood_python
