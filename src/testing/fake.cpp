// Scripts, calls, and who plays which.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "executor/executor.hpp"
#include "executor/validate.hpp"
#include "stream/storage.hpp"
#include "testing/recording.hpp"
#include "testing/scripted_scope.hpp"

extern "C" char** environ;  // POSIX has it in no header

namespace brood::testing {

namespace sys = detail::sys;
using detail::bad_request;

// --- patterns ---

bool word::matches(std::string_view argument) const noexcept {
  return kind_ != kind::texts || std::find(texts_.begin(), texts_.end(), argument) != texts_.end();
}

std::string word::to_string() const {
  if (kind_ == kind::any) return "any()";
  if (kind_ == kind::rest) return "rest()";
  if (texts_.size() == 1) return texts_.front();
  std::string all;
  for (const std::string& t : texts_) all += (all.empty() ? "" : ", ") + t;
  return "any_of(" + all + ")";
}

word any() { return word(word::kind::any); }
word rest() { return word(word::kind::rest); }
word any_of(std::initializer_list<std::string> texts) {
  word w(word::kind::texts);
  w.texts_ = texts;
  return w;
}

bool expectation::script::fits(const std::vector<std::string>& args) const {
  std::size_t i = 0;
  for (; i < pattern.size(); ++i) {
    if (pattern[i].is_rest()) return true;
    if (i == args.size() || !pattern[i].matches(args[i])) return false;
  }
  return i == args.size();
}

std::string expectation::script::to_string() const {
  std::string all;
  for (const word& w : pattern) all += (all.empty() ? "" : " ") + w.to_string();
  return all;
}

// --- scripts ---

expectation& expectation::out(std::string bytes) {
  const std::lock_guard hold(script_->log->lock);
  script_->out = std::move(bytes);
  return *this;
}

expectation& expectation::err(std::string bytes) {
  const std::lock_guard hold(script_->log->lock);
  script_->err = std::move(bytes);
  return *this;
}

expectation& expectation::exits(int code) {
  if (code < 0 || code > 255) bad_request("exits", "exit codes are 0 to 255").raise();
  const std::lock_guard hold(script_->log->lock);
  script_->code = code;
  return *this;
}

namespace {

int checked_signal(int signal) {
  if (signal < 1 || signal > 64) {
    bad_request("signal", std::to_string(signal) + " is not a signal").raise();
  }
  return signal;
}

}  // namespace

expectation& expectation::signaled(int signal) {
  const std::lock_guard hold(script_->log->lock);
  script_->signal = checked_signal(signal);
  return *this;
}

expectation& expectation::fails(std::errc why) {
  const std::lock_guard hold(script_->log->lock);
  script_->os = static_cast<int>(why);
  return *this;
}

expectation& expectation::takes(duration time) {
  if (time.not_a_number() || time.nanoseconds() < 0) {
    bad_request("takes", "negative or not a number").raise();
  }
  const std::lock_guard hold(script_->log->lock);
  script_->takes = time.nanoseconds();
  return *this;
}

expectation& expectation::ignores(int signal) {
  const std::lock_guard hold(script_->log->lock);
  script_->ignored.push_back(checked_signal(signal));
  return *this;
}

expectation& expectation::times(int n) {
  if (n < 1) bad_request("times", "must be at least 1").raise();
  const std::lock_guard hold(script_->log->lock);
  script_->left = n;
  return *this;
}

expectation& expectation::always() {
  const std::lock_guard hold(script_->log->lock);
  script_->left = -1;
  return *this;
}

expectation& expectation::does(callback<void(const call&)> effect) {
  const std::lock_guard hold(script_->log->lock);
  script_->effect = std::move(effect);
  return *this;
}

// --- a fake ---

namespace {

std::map<std::string, std::string> entries_of(const environment& env) {
  std::map<std::string, std::string> all;
  for (const std::string& e : env.block(environ)) {
    const std::size_t end = e.find('=');
    if (end != e.npos) all.emplace(e.substr(0, end), e.substr(end + 1));
  }
  return all;
}

expectation::script script_of(const detail::recording& r) {
  expectation::script s;
  for (const std::string& a : r.args) s.pattern.emplace_back(a);
  s.out = r.out;
  s.err = r.err;
  s.code = r.code;
  s.signal = r.hangs ? 0 : r.signal;
  s.os = r.os;
  if (r.hangs) s.takes = INT64_MAX;
  return s;
}

}  // namespace

struct fake::impl final : detail::executor {
  std::shared_ptr<detail::call_log> log = std::make_shared<detail::call_log>();
  std::deque<std::shared_ptr<expectation::script>> scripts;  // guarded by the log's lock
  bool others = false;
  std::string record_to;
  executor* before = nullptr;

  std::optional<expectation::script> find(const std::vector<std::string>& args) {
    const std::lock_guard hold(log->lock);
    for (const auto& s : scripts) {
      if (s->left == 0 || !s->fits(args)) continue;
      if (s->left > 0) --s->left;
      return *s;
    }
    return {};
  }

  detail::call_record& note(const detail::execution_spec& spec, bool expected) {
    auto r = std::make_unique<detail::call_record>();
    const options& o = spec.opts();
    environment env = o.env;
    if (spec.attempt() > 0) detail::number_attempt(env, spec.attempt());
    r->call = {spec.cmd().args(), entries_of(env), o.cwd, o.input.value_or(""), expected};
    r->refused = !expected && !others && record_to.empty();
    const std::lock_guard hold(log->lock);
    return *log->calls.emplace_back(std::move(r));
  }

  using started = expected<std::unique_ptr<detail::execution>, error>;

  started start(detail::execution_spec spec, detail::spawn_resources* resources) override {
    const command& cmd = spec.cmd();
    if (auto mistake = detail::find_mistake(cmd, spec.opts()))
      return unexpected(std::move(*mistake));
    const auto script = find(cmd.args());
    detail::call_record& entry = note(spec, script.has_value());
    if (script) {
      if (script->effect) script->effect(entry.call);
      return detail::play_script(std::move(spec), *script, log, entry);
    }
    if (!record_to.empty()) return record(std::move(spec), entry);
    if (others) return detail::local_executor().start(std::move(spec), resources);
    return unexpected(bad_request(cmd.to_string(), "no expectation fits this command"));
  }

  started record(detail::execution_spec spec, detail::call_record& entry) {
    auto r = detail::record_run(spec.cmd(), spec.opts());
    if (!r) return unexpected(r.error());
    const sys::fd to(sys::open_file(record_to.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666));
    const std::string line = detail::to_line(*r);
    const int w = to ? sys::write_all(to.get(), line.data(), line.size()) : to.get();
    if (w < 0) return unexpected(detail::os_error(error_stage::write, record_to, -w));
    return detail::play_script(std::move(spec), script_of(*r), log, entry);
  }
};

fake::fake() : impl_(std::make_unique<impl>()) {
  impl_->before = detail::replace_executor(impl_.get());
}
fake::~fake() { (void)detail::replace_executor(impl_->before); }

expectation fake::expect(std::vector<word> pattern) {
  if (pattern.empty()) bad_request("expect", "a pattern needs at least one word").raise();
  auto s = std::make_shared<expectation::script>();
  s->log = impl_->log;
  s->pattern = std::move(pattern);
  const std::lock_guard hold(impl_->log->lock);
  impl_->scripts.push_back(s);
  return expectation(std::move(s));
}

expectation fake::expect(const command& exactly) {
  return expect(std::vector<word>(exactly.args().begin(), exactly.args().end()));
}

fake& fake::allow_others() {
  impl_->others = true;
  return *this;
}

fake& fake::record(std::string path) {
  impl_->record_to = std::move(path);
  return *this;
}

fake& fake::replay(const std::string& path) {
  const sys::fd from(sys::open_file(path.c_str(), O_RDONLY, 0));
  if (!from) detail::os_error(error_stage::open, path, -from.get()).raise();
  std::string all;
  ssize_t n = 0;
  while ((n = detail::read_onto(all, from.get(), 65536)) > 0) {
  }
  if (n < 0) detail::os_error(error_stage::read, path, static_cast<int>(-n)).raise();
  std::size_t number = 0;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    ++number;
    const auto r = detail::from_line(std::string_view(all).substr(at, end - at));
    if (!r) bad_request(path, "line " + std::to_string(number) + " is no recording").raise();
    const std::lock_guard hold(impl_->log->lock);
    impl_->scripts.push_back(std::make_shared<expectation::script>(script_of(*r)));
    at = end;
  }
  return *this;
}

std::vector<call> fake::calls() const {
  const std::lock_guard hold(impl_->log->lock);
  std::vector<call> all;
  for (const auto& r : impl_->log->calls) {
    detail::call_log::refresh(*r);
    all.push_back(r->call);
  }
  return all;
}

std::vector<std::string> fake::unmet() const {
  const std::lock_guard hold(impl_->log->lock);
  std::vector<std::string> all;
  for (const auto& s : impl_->scripts) {
    if (s->left <= 0) continue;
    all.push_back(s->to_string() + " (" + std::to_string(s->left) + " more)");
  }
  return all;
}

void fake::verify() const {
  {
    const std::lock_guard hold(impl_->log->lock);
    for (const auto& r : impl_->log->calls) {
      if (r->refused) bad_request(command(r->call.args).to_string(), "was not expected").raise();
    }
  }
  const std::vector<std::string> left = unmet();
  if (!left.empty()) bad_request(left.front(), "was expected").raise();
}

}  // namespace brood::testing
