// Step, wait, serve.
// SPDX-License-Identifier: Apache-2.0
#include "process/block.hpp"

#include "sys/time.hpp"

namespace brood::detail {

namespace {

bool reached(const execution& e, goal g) {
  switch (g) {
    case goal::started:
      return !e.starting() || e.ended();
    case goal::settled:
      return e.settled();
    case goal::ended:
      return e.ended();
    default:
      return e.stopped();
  }
}

}  // namespace

bool block(execution& e, goal g, deadline until) {
  std::vector<sys::wait_item> items;
  for (;;) {
    items.clear();
    if (g == goal::stopped) {
      const deadline again = e.step_stop(items);
      if (reached(e, g)) return true;
      (void)sys::poll_until(items, earlier(again, until));
      continue;
    }
    e.step();
    if (reached(e, g)) return true;
    const bool last = until.passed(sys::now());
    const deadline again = e.wants(items);
    (void)sys::poll_until(items, earlier(again, until));
    e.serve(items);
    if (!last) continue;
    e.step();  // who only polls takes in what is there as well
    return reached(e, g);
  }
}

}  // namespace brood::detail
