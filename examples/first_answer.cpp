// Asks several commands at once, takes the first answer and stops the others, with all they
// started. SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <cstdio>
#include <vector>

#include <brood/brood.hpp>

int main() {
  std::vector<brood::process> askers;
  for (const char* question :
       {"sleep 30; echo slow", "sleep 0.1; echo quick", "sleep 60; echo late"}) {
    askers.push_back(brood::spawn(brood::shell(question), {.out = brood::PIPE}));
  }

  std::vector<pollfd> ends;
  for (brood::process& p : askers) ends.push_back({p.out().fileno(), POLLIN, 0});
  if (::poll(ends.data(), ends.size(), 20'000) <= 0) return 1;

  for (std::size_t i = 0; i < askers.size(); ++i) {
    if (ends[i].revents == 0) continue;
    std::printf("first: %s", askers[i].out().read_line().value_or("nothing\n").c_str());
    askers.clear();  // the destructors stop what still runs
    return 0;
  }
  return 1;
}
