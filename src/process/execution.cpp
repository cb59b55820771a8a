// Carrying a command on: facts for the driver, and what it orders.
// SPDX-License-Identifier: Apache-2.0
#include "process/execution.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "process/block.hpp"
#include "sys/proc.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t default_grace = 5'000 * ms;
// Where the exit is no event it is asked for, at first often, then rarely: most commands are short.
constexpr std::int64_t first_pause = ms / 2;
constexpr std::int64_t longest_pause = 10 * ms;
// Longer than it takes bytes to get through a pipe on a busy machine, short enough not to be felt.
constexpr std::int64_t default_drain_grace = 100 * ms;

std::int64_t drain_grace(const options& o, containment level) {
  if (o.drain_grace.given()) return o.drain_grace.nanoseconds();
  return level == containment::process ? INT64_MAX : default_drain_grace;
}

driver::policy policy_for(const options& o, const start_facts& f) {
  driver::policy p;
  p.timeout = deadline::after(f.asked_at, o.timeout);
  p.idle_ns = o.idle_timeout.given() ? o.idle_timeout.nanoseconds() : INT64_MAX;
  p.drain_grace_ns = drain_grace(o, f.level);
  p.stop = flatten(o.stop);
  p.leaves_nothing = f.level == containment::sealed;
  return p;
}

/// Of what trying again does not change.
bool is_lasting(int r) { return r == -EPERM || r == -EACCES || r == -ENOENT || r == -EOPNOTSUPP; }

}  // namespace

ladder_steps flatten(const std::vector<stop_step>& steps) {
  ladder_steps l;
  for (const stop_step& s : steps) {
    const std::int64_t grace = s.grace.given() ? s.grace.nanoseconds() : default_grace;
    l.rungs[l.count++] = {s.signal, grace};
  }
  if (l.count == 0 || l.rungs[l.count - 1].signal != SIGKILL) l.rungs[l.count++] = {SIGKILL, 0};
  return l;
}

exit_status to_status(const sys::exit_record& r) noexcept {
  switch (r.how) {
    case CLD_EXITED:
      return exit_status::exited(r.value);
    case CLD_KILLED:
      return exit_status::signaled(r.value, false);
    case CLD_DUMPED:
      return exit_status::signaled(r.value, true);
    default:
      return {};
  }
}

execution::execution(execution_spec spec, std::unique_ptr<scope> where, stream_ends&& ends,
                     start_facts&& facts)
    : spec_(std::move(spec)),
      facts_(std::move(facts)),
      owner_(::getpid()),
      scope_(std::move(where)),
      driver_(policy_for(spec_.opts(), facts_)),
      ends_(std::move(ends)) {}

execution::~execution() {
  if (!is_ours()) {
    scope_->disown();
    return;
  }
  bool stops = false;
  {
    const std::lock_guard hold(lock_);
    if (!released_ && !scope_->refused()) {
      scope_->update();
      const bool leftovers = facts_.level == containment::sealed && !scope_->empty();
      const bool underway = driver_.stopping() && !driver_.stopped();
      stops = !scope_->exited() || leftovers || underway;
      if (stops && !driver_.stopping()) ask_to_stop(reason::cancelled, flatten(spec_.opts().stop));
    }
  }
  if (stops) stop_and_close();
}

// The streams are closed once everybody has had the first signal. Before, a command that dies of
// SIGPIPE would leave children that nobody has seen; later, one that writes its last words into a
// full pipe would wait for us.
void execution::stop_and_close() {
  std::vector<sys::wait_item> items;
  for (deadline until = step_stop(items); delivering_ != 0; until = step_stop(items)) {
    sys::sleep_until(until);
  }
  ends_.pump.close_all();
  ends_.plain = {};
  (void)block(*this, goal::stopped, deadline::never());
}

// --- streams ---

plain_ends execution::lend() {
  lent_ = true;
  return std::move(ends_.plain);
}

void execution::feed(sys::fd end, std::optional<std::string> more) {
  if (!end) return;
  const std::optional<std::string>& given = ends_.encoded ? ends_.encoded : spec_.opts().input;
  if (!more) {
    if (given) ends_.pump.feed_borrowed(std::move(end), *given);
    return;  // or closed: the command sees end-of-file
  }
  if (given) more->insert(0, *given);
  ends_.pump.feed(std::move(end), std::move(*more));
}

void execution::feed_input(sys::fd lent) { feed(std::move(lent), {}); }

void execution::hand_over(plain_ends lent, std::optional<std::string> more,
                          const read_ahead& ahead) {
  lent_ = false;
  if (lent.in) ends_.plain.in = std::move(lent.in);
  feed(std::move(ends_.plain.in), std::move(more));
  std::vector<source>& sources = ends_.pump.sources();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const bool is_out = sources[i].which == output_stream::out;
    sys::fd& own = is_out ? ends_.plain.out : ends_.plain.err;
    sys::fd& theirs = is_out ? lent.out : lent.err;
    sys::fd& end = theirs ? theirs : own;
    if (!end) continue;
    sources[i].end = std::move(end);
    const std::string_view unread = is_out ? ahead.out : ahead.err;
    if (!unread.empty()) ends_.pump.take_back(i, unread);
  }
  while (scope_->reads_a_file() && ends_.pump.feeding()) {
    std::vector<sys::wait_item> items;
    ends_.pump.wants(items);
    for (sys::wait_item& item : items) item.ready = {.out = item.wanted.out};
    ends_.pump.serve(items);
  }
}

void execution::hand_over() { hand_over({}, {}, {}); }

// --- steps ---

std::int64_t execution::last_output() const noexcept {
  return std::max({scope_->started_at(), facts_.asked_at, ends_.pump.last_output(),
                   caller_read_at_.load(std::memory_order_relaxed)});
}

void execution::begin_wait() noexcept {
  if (spec_.opts().idle_timeout.given()) waits_from_ = sys::now() - silence_;
}

void execution::end_wait() noexcept {
  if (!spec_.opts().idle_timeout.given()) return;
  const std::lock_guard hold(lock_);
  silence_ = sys::now() - std::max(last_output(), waits_from_);
}

driver::facts execution::look(std::int64_t now, bool of_streams) {
  driver::facts f;
  f.now = now;
  if (driver_.wants_empty()) {
    scope_->update();  // that the command has ended comes first
    f.empty = scope_->empty();
    if (f.empty && !scope_->exited()) scope_->update();  // it ended in between
  }
  f.started = !scope_->starting();
  f.refused = scope_->refused();
  f.exited = scope_->exited();
  f.exited_at = scope_->end().at;
  f.unkillable = is_lasting(scope_->trouble());
  f.lost = scope_->lost();
  f.hears_of_empty = scope_->hears_of_empty();
  if (of_streams) {
    f.reading = lent_ || ends_.pump.reading();
    f.draining = !lent_;
    f.exceeded = ends_.pump.exceeded();
    f.last_output = last_output();
    if (!f.exited) f.last_output = std::max(f.last_output, waits_from_);
  } else {  // another thread has them
    f.reading = true;
    f.draining = false;
    f.last_output = now;
  }
  return f;
}

// A signal that is on its way to everybody goes on unless a new one takes its place.
void execution::deliver(const ladder::due& due, std::int64_t now) {
  const bool on_its_way = delivering_ != 0 && !due.fresh;
  const int signal = on_its_way ? delivering_ : due.signal;
  if (signal == 0 || (on_its_way && !deliver_at_.passed(now))) return;
  if (due.fresh) ++delivered_;
  deliver_at_ = scope_->deliver(signal, due.fresh, now);
  delivering_ = deliver_at_.is_never() ? 0 : signal;
}

void execution::step_locked(std::int64_t now, bool of_streams) {
  for (;;) {
    const driver::facts f = look(now, of_streams);
    const driver::orders o = driver_.step(f);
    if (driver_.stopping() && !f.started && !f.refused && !f.exited && !hanging_start_) {
      hanging_start_ = scope_->hanging_start();
    }
    if (f.started && !f.exited) hanging_start_.reset();  // it was only not known yet
    const bool fresh = o.deliver.signal != 0;
    deliver(o.deliver, now);
    give_up_ = give_up_ || o.give_up;
    until_ = o.until;
    if (delivering_ != 0) until_ = earlier(until_, deliver_at_);
    if (!fresh || delivering_ != 0) return;  // else look whether that was enough
  }
}

void execution::step() {
  const std::int64_t now = sys::now();
  bool give_up = false;
  {
    const std::lock_guard hold(lock_);
    step_locked(now, true);
    give_up = std::exchange(give_up_, false);  // a stop may set it again
  }
  if (give_up) ends_.pump.drain_ready();
}

// Commands that talk are looked at more often.
deadline execution::next_look(std::int64_t now) {
  if (ends_.pump.last_output() != output_before_) pause_ = 0;
  output_before_ = ends_.pump.last_output();
  pause_ = pause_ == 0 ? first_pause : std::min(pause_ * 2, longest_pause);
  return deadline::after(now, pause_);
}

deadline execution::wants(std::vector<sys::wait_item>& items) {
  const std::size_t first = items.size();
  if (!ended()) ends_.pump.wants(items);
  const std::lock_guard hold(lock_);
  scope_items_ = items.size() - first;
  scope_until_ = scope_->wants(items);
  const deadline until = earlier(until_, scope_until_);
  if (woken_) items.push_back(sys::wait_item::to_read(woken_.get()));
  const bool blind = !scope_->has_exit_event() && !scope_->exited() && !driver_.ended();
  return blind ? earlier(until, next_look(sys::now())) : until;
}

void execution::serve(std::span<const sys::wait_item> items) {
  ends_.pump.serve(items.first(std::min(scope_items_, items.size())));
  bool news = false;
  bool woken = false;
  const std::lock_guard hold(lock_);
  for (const sys::wait_item& i : items.subspan(std::min(scope_items_, items.size()))) {
    if (!i.ready.any()) continue;
    news = true;
    woken = woken || i.number == woken_.get();
  }
  if (woken) sys::clear_event(woken_.get());
  if (!scope_until_.is_never() && scope_until_.passed(sys::now())) {
    scope_->overdue();
    news = true;
  }
  if (news || !scope_->has_exit_event() || driver_.stopping()) scope_->update();
}

bool execution::is_simple() const noexcept {
  const options& o = spec_.opts();
  return !ends_.pump.busy() && !o.timeout.given() && !o.idle_timeout.given();
}

void execution::await_start() {
  scope_->await_start(deadline::after(facts_.asked_at, spec_.opts().timeout));
}

void execution::wait_for_exit() { scope_->wait_for_exit(); }

bool execution::is_ours() const noexcept { return owner_ == ::getpid(); }

bool execution::ended() const {
  const std::lock_guard hold(lock_);
  return driver_.ended();
}

bool execution::settled() const {
  const std::lock_guard hold(lock_);
  if (scope_->refused()) return true;
  const bool over = scope_->exited() || driver_.gave_up();
  return over && (!driver_.stopping() || driver_.stopped());
}

bool execution::stopped() const {
  const std::lock_guard hold(lock_);
  return driver_.stopped() || scope_->refused();
}

// Of a thread that only stops, while another one may have the streams.
deadline execution::step_stop(std::vector<sys::wait_item>& items) {
  const std::int64_t now = sys::now();
  const std::lock_guard hold(lock_);
  scope_->update();
  step_locked(now, false);
  deadline until = earlier(until_, scope_->wants(items));
  return scope_->has_exit_event() ? until : earlier(until, deadline::after(now, longest_pause));
}

// --- of any thread ---

int execution::pid() const {
  const std::lock_guard hold(lock_);
  return scope_->pid();
}

bool execution::starting() const {
  const std::lock_guard hold(lock_);
  return scope_->starting();
}

std::optional<error> execution::refusal() const {
  const std::lock_guard hold(lock_);
  if (!scope_->refused()) return {};
  return scope_->refusal();
}

std::optional<exit_status> execution::poll() {
  const std::lock_guard hold(lock_);
  if (is_ours()) scope_->update();
  if (!scope_->exited()) return {};
  return to_status(scope_->end().record);
}

int execution::event_fd() const {
  std::vector<sys::wait_item> items;
  const std::lock_guard hold(lock_);
  (void)scope_->wants(items);
  return items.empty() ? -1 : items.front().number;
}

exit_status execution::status() const {
  const std::lock_guard hold(lock_);
  return scope_->exited() ? to_status(scope_->end().record) : exit_status();
}

int execution::signal(int number) {
  const std::lock_guard hold(lock_);
  return is_ours() ? scope_->signal(number) : 0;
}

int execution::signal_all(int number) {
  std::unique_lock hold(lock_);
  if (!is_ours() || delivering_ != 0) return 0;  // the signal of a stop goes first
  const unsigned turn = ++delivered_;
  // What does not halt within moments is signalled all the same.
  for (bool fresh = true; turn == delivered_; fresh = false) {
    const deadline again = scope_->deliver(number, fresh, sys::now());
    if (again.is_never()) return scope_->trouble();
    hold.unlock();
    sys::sleep_until(again);
    hold.lock();
  }
  return 0;  // another signal took its place
}

void execution::ask_to_stop(reason why, const ladder_steps& steps) {
  scope_->update();
  scope_->hold();
  driver_.stop(why, steps);
}

void execution::stop(reason why, const ladder_steps& steps) {
  const std::lock_guard hold(lock_);
  if (!is_ours()) return;
  ask_to_stop(why, steps);
  if (woken_) sys::raise_event(woken_.get());
}

void execution::stop(reason why) { stop(why, flatten(spec_.opts().stop)); }

bool execution::stopping() const {
  const std::lock_guard hold(lock_);
  return driver_.stopping();
}

live_usage execution::usage() const {
  live_usage u;
  const std::lock_guard hold(lock_);  // nobody reaps it meanwhile
  if (scope_->exited() || scope_->pid() <= 0) return u;
  pod_array<int> all;
  all.add(scope_->pid());
  for (std::size_t i = 0; i < all.size(); ++i) {
    sys::process_stat s;
    if (all[i] <= 0 || !sys::read_stat(all[i], s)) continue;
    u.user += std::chrono::nanoseconds(s.user_ns);
    u.system += std::chrono::nanoseconds(s.system_ns);
    u.rss_bytes += s.rss_bytes;
    u.threads += s.threads;
    if (i > 0) ++u.descendants;
    (void)sys::read_children(all[i], all);
  }
  return u;
}

void execution::release() {
  const std::lock_guard hold(lock_);
  if (!is_ours()) return;
  scope_->release();
  driver_.let_go();
  released_ = true;
}

int execution::woken() {
  const std::lock_guard hold(lock_);
  if (!woken_) (void)sys::make_event(woken_);
  return woken_.get();
}

}  // namespace brood::detail
