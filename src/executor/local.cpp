// The executor of this machine: a child of ours, or a command below a guardian.
// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/make_error.hpp"
#include "executor/executor.hpp"
#include "executor/resolve.hpp"
#include "executor/streams.hpp"
#include "executor/validate.hpp"
#include "process/block.hpp"
#include "scope/unreaped.hpp"
#include "spawn/launch.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

using started = expected<std::unique_ptr<execution>, error>;
using placed = expected<std::unique_ptr<scope>, error>;

/// The next weaker level that needs less of the host: all that best_effort may fall back to.
containment weaker(containment level) {
  return level == containment::sealed ? containment::tree : containment::process;
}

/// Go down a level if best_effort may do without the one that `why` says is not to be had.
bool weaken(start_facts& facts, const options& o, const error& why) {
  const bool about_the_level =
      why.kind() == error_kind::unsupported || why.stage() == error_stage::guard;
  if (!about_the_level || !o.best_effort || facts.level == containment::process) return false;
  facts.degraded.push_back("contain: " + std::string(to_string(weaker(facts.level))) +
                           " instead of " + std::string(to_string(facts.level)) + ": " +
                           why.what());
  facts.level = weaker(facts.level);
  return true;
}

bool leads_group(const options& o, containment level) {
  return o.new_session || (o.process_group && *o.process_group == 0) || level == containment::group;
}

struct prepared {
  std::shared_ptr<const plan> p;
  opened_streams streams;  // the command's ends stay open until there is a command
};

/// What can be said to be wrong before there is a child, and what the child is to do.
expected<prepared, error> prepare(const execution_spec& spec, start_facts& facts) {
  if (auto obstacle = find_obstacle(facts.level)) return unexpected(std::move(*obstacle));
  auto resolved = resolve(spec, facts.level);
  if (!resolved) return unexpected(resolved.error());
  auto streams = open_streams(spec.opts());
  if (!streams) return unexpected(streams.error());
  spawn_spec& start = resolved->start;
  child_streams& theirs = streams->theirs;
  start.moves.insert(start.moves.end(), theirs.moves.begin(), theirs.moves.end());
  start.opens = std::move(theirs.opens);
  start.copies = std::move(theirs.copies);
  facts.degraded.insert(facts.degraded.end(), resolved->degraded.begin(), resolved->degraded.end());
  facts.back = launches_natively(start.portable) ? backend::native : backend::posix;
  return prepared{std::make_shared<const plan>(std::move(start)), std::move(*streams)};
}

/// Whether it has executed its program, or why not. At its time limit it is stopped.
std::optional<error> await_start(execution& e) {
  e.await_start();
  if (e.starting()) (void)block(e, goal::started, deadline::never());
  return e.refusal();
}

class local final : public executor {
 public:
  started start(execution_spec spec, spawn_resources* resources) override {
    reap_unreaped();
    const options& o = spec.opts();
    if (auto mistake = find_mistake(spec.cmd(), o)) return unexpected(std::move(*mistake));
    start_facts facts;
    facts.level = o.contain;
    facts.asked_at = sys::now();
    for (;;) {
      auto ready = prepare(spec, facts);
      placed where =
          !ready ? placed(unexpected(ready.error()))
          : facts.level == containment::sealed
              ? start_sealed(std::move(ready->p), flatten(o.stop), resources)
              : start_local(std::move(ready->p), {.level = facts.level,
                                                  .leads = leads_group(o, facts.level),
                                                  .beside = resources || o.timeout.given(),
                                                  .resources = resources});
      std::optional<error> why;
      if (where) {
        auto e = std::make_unique<execution>(spec, std::move(*where),
                                             std::move(ready->streams.ours), facts);
        // A pool does not wait for the guardian here, unless best_effort may have to do without
        // one.
        if (!resources || o.best_effort) why = await_start(*e);
        if (!why) return e;
      } else {
        why = std::move(where.error());
      }
      if (!weaken(facts, o, *why)) return unexpected(std::move(*why));
    }
  }
};

}  // namespace

executor& local_executor() noexcept {
  static local one;
  return one;
}

}  // namespace brood::detail
