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

/// The next weaker level that needs less of the host: all that best_effort may fall back to.
containment weaker(containment level) {
  return level == containment::sealed ? containment::tree : containment::process;
}

std::string fallback(containment level, const error& why) {
  return "contain: " + std::string(to_string(weaker(level))) + " instead of " +
         std::string(to_string(level)) + ": " + why.what();
}

bool leads_group(const options& o, containment level) {
  return o.new_session || (o.process_group && *o.process_group == 0) || level == containment::group;
}

started start_at(const execution_spec& spec, start_facts facts, spawn_resources* resources) {
  const options& o = spec.opts();
  auto resolved = resolve(spec, facts.level);
  if (!resolved) return unexpected(resolved.error());
  auto streams = open_streams(o);
  if (!streams) return unexpected(streams.error());
  spawn_spec& start = resolved->start;
  child_streams& theirs = streams->theirs;
  start.moves.insert(start.moves.end(), theirs.moves.begin(), theirs.moves.end());
  start.opens = std::move(theirs.opens);
  start.copies = std::move(theirs.copies);
  facts.degraded.insert(facts.degraded.end(), resolved->degraded.begin(), resolved->degraded.end());
  facts.back = launches_natively(start.portable) ? backend::native : backend::posix;
  auto p = std::make_shared<const plan>(std::move(start));
  auto where = facts.level == containment::sealed
                   ? start_sealed(std::move(p), flatten(o.stop), resources)
                   : start_local(std::move(p), {.level = facts.level,
                                                .leads = leads_group(o, facts.level),
                                                .beside = resources || o.timeout.given(),
                                                .resources = resources});
  if (!where) return unexpected(where.error());
  return std::make_unique<execution>(spec, std::move(*where), std::move(streams->ours),
                                     std::move(facts));
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
    start_facts facts;
    facts.level = o.contain;
    facts.asked_at = sys::now();
    if (auto mistake = find_mistake(spec.cmd(), o)) return unexpected(std::move(*mistake));
    for (;;) {
      auto obstacle = find_obstacle(facts.level);
      auto e =
          obstacle ? started(unexpected(std::move(*obstacle))) : start_at(spec, facts, resources);
      // A pool does not wait for the guardian here, unless best_effort may have to do without one.
      if (e && (!resources || o.best_effort)) {
        if (auto why = await_start(**e)) e = unexpected(std::move(*why));
      }
      const bool kept = e || (e.error().kind() != error_kind::unsupported &&
                              e.error().stage() != error_stage::guard);
      if (kept || !o.best_effort || facts.level == containment::process) return e;
      facts.degraded.push_back(fallback(facts.level, e.error()));
      facts.level = weaker(facts.level);
    }
  }
};

}  // namespace

executor& local_executor() noexcept {
  static local one;
  return one;
}

}  // namespace brood::detail
