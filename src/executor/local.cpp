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
std::optional<error> prepare(const execution_spec& spec, start_facts& facts, prepared& ready) {
  if (auto obstacle = find_obstacle(facts.level)) return obstacle;
  resolved_spec resolved;
  if (auto e = resolve(spec, facts.level, resolved)) return e;
  if (auto e = open_streams(spec.opts(), ready.streams)) return e;
  spawn_spec& start = resolved.start;
  child_streams& theirs = ready.streams.theirs;
  start.moves.insert(start.moves.end(), theirs.moves.begin(), theirs.moves.end());
  start.opens = std::move(theirs.opens);
  start.copies = std::move(theirs.copies);
  facts.degraded.insert(facts.degraded.end(), resolved.degraded.begin(), resolved.degraded.end());
  facts.back = launches_natively(start.portable) ? backend::native : backend::posix;
  ready.p = std::make_shared<const plan>(std::move(start));
  return {};
}

placed place(std::shared_ptr<const plan> p, const options& o, containment level,
             spawn_resources* resources) {
  if (level == containment::sealed) return start_sealed(std::move(p), flatten(o.stop), resources);
  return start_local(std::move(p), {.level = level,
                                    .leads = leads_group(o, level),
                                    .beside = resources || o.timeout.given(),
                                    .resources = resources});
}

/// Whether it has executed its program, or why not. At its time limit it is stopped.
std::optional<error> await_start(execution& e) {
  e.await_start();
  if (e.starting()) (void)block(e, goal::started, deadline::never());
  return e.refusal();
}

started start_at(start_facts facts, const execution_spec& spec, spawn_resources* resources) {
  const options& o = spec.opts();
  prepared ready;
  if (auto why = prepare(spec, facts, ready)) return unexpected(std::move(*why));
  auto where = place(std::move(ready.p), o, facts.level, resources);
  if (!where) return unexpected(std::move(where.error()));
  auto e = std::make_unique<execution>(spec, std::move(*where), std::move(ready.streams.ours),
                                       std::move(facts));
  // A pool does not wait for the guardian here, unless best_effort may have to do without one.
  if (resources && !o.best_effort) return e;
  if (auto why = await_start(*e)) return unexpected(std::move(*why));
  return e;
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
      auto e = start_at(facts, spec, resources);
      if (e || !weaken(facts, o, e.error())) return e;
    }
  }
};

}  // namespace

executor& local_executor() noexcept {
  static local one;
  return one;
}

}  // namespace brood::detail
