// Slots of the jobserver that Python was started under.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>

#include <brood/jobserver.hpp>

#include "errors.hpp"

namespace brood_python {

namespace {

using client = brood::jobserver_client;
constexpr std::int64_t between_signals = 50'000'000;  // ns

/// None if there is no jobserver.
py::object find(const py::object& makeflags) {
  auto found = makeflags.is_none() ? client::find() : client::from(makeflags.cast<std::string>());
  if (found) return py::cast(std::move(*found));
  if (found.error().kind() == brood::error_kind::not_found) return py::none();
  raise(found.error());
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
    if (!taken) raise(taken.error());
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
