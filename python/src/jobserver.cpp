// Slots of the jobserver that Python was started under.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>

#include <brood/jobserver.hpp>

#include "python.hpp"

namespace brood_python {

namespace {

using client = brood::jobserver_client;
constexpr std::int64_t between_signals = 50'000'000;  // ns

// No type of error is made for this here: the Python side says what is wrong in its own words.
[[noreturn]] void raise_unavailable(const brood::error& e) {
  if (e.code()) raise_os_error(e.code().value());
  throw std::runtime_error(e.what());
}

/// None if there is no jobserver.
py::object find(const py::object& makeflags) {
  auto found = makeflags.is_none() ? client::find() : client::from(makeflags.cast<std::string>());
  if (found) return py::cast(std::move(*found));
  if (found.error().kind() == brood::error_kind::not_found) return py::none();
  raise_unavailable(found.error());
}

/// None if there was none in that time.
std::unique_ptr<client::slot> take(const client& from, double seconds) {
  const std::int64_t until = after(seconds);
  for (;;) {
    const std::int64_t left = std::max<std::int64_t>(0, until - now_ns());
    const brood::duration part = std::chrono::nanoseconds(std::min(left, between_signals));
    brood::expected<client::slot, brood::error> taken{client::slot()};
    {
      const without_gil released;
      taken = from.try_take(part);
    }
    if (!taken) raise_unavailable(taken.error());
    if (*taken) return std::make_unique<client::slot>(std::move(*taken));
    if (left <= between_signals && now_ns() >= until) return nullptr;
    check_signals();
  }
}

}  // namespace

void bind_jobserver(py::module_& m) {
  py::class_<client::slot>(m, "JobserverSlot", "A slot of the jobserver.")
      .def("give_back", &client::slot::give_back);
  py::class_<client>(m, "JobserverClient", "What brood.JobserverClient wraps.").def("take", &take);
  m.def("find_jobserver", &find);
}

}  // namespace brood_python
