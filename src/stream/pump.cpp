// Moving bytes between us and a child, never blocking on one stream while another could go on.
// SPDX-License-Identifier: Apache-2.0
#include "stream/pump.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/make_error.hpp"
#include "stream/storage.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::size_t first_read = 4 * 1024;   // most commands say less: no heap to grow and trim
constexpr std::size_t small_read = 64 * 1024;  // the size that a pipe is born with
constexpr std::size_t large_read = 1024 * 1024;
constexpr std::size_t longest_line = 1024 * 1024;

// The largest size this user may have; half of it when that is refused, and so on.
void grow_pipe(int number) {
  for (int size = static_cast<int>(large_read); size > static_cast<int>(small_read); size /= 2) {
    if (sys::set_pipe_size(number, size) >= 0) return;
  }
}

}  // namespace

void pump::feed(sys::fd end, std::string bytes) {
  owned_input_ = std::move(bytes);
  feed_borrowed(std::move(end), owned_input_);
}

void pump::feed_borrowed(sys::fd end, std::string_view bytes) {
  if (bytes.empty()) return;  // `end` closes: the child sees end-of-file at once
  (void)sys::set_nonblocking(end.get());
  if (bytes.size() > small_read) grow_pipe(end.get());
  to_feed_ = bytes;
  input_ = std::move(end);
}

void pump::add(source s) {
  if (s.text) s.kept.cut_at_characters();
  sources_.push_back(std::move(s));
  live_.emplace_back().done.resize(sources_.back().relays.size());
}

bool pump::reading() const noexcept {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].end || relaying(i)) return true;
  }
  return false;
}

void pump::close_all() noexcept {
  close(input_);
  for (source& s : sources_) close(s.end);
}

void pump::close(sys::fd& end) noexcept {
  if (end && before_close_) before_close_(end.get());
  end.reset();
}

void pump::discard() noexcept {
  close_input();
  on_line_ = {};
  on_chunk_ = {};
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].collect = false;
    sources_[i].text.reset();
    sources_[i].relays.clear();
    live_[i].chunk.clear();
    live_[i].done.clear();
    live_[i].line.clear();
  }
}

bool pump::exceeded() const noexcept {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const source& s) { return s.kept.exceeded(); });
}

void pump::fail(error e) {
  if (!failure_) failure_ = std::move(e);
}

bool pump::relaying(std::size_t i) const noexcept {
  const live& l = live_[i];
  return std::any_of(l.done.begin(), l.done.end(),
                     [&](std::size_t d) { return d < l.chunk.size(); });
}

// Per source either its pipe or the relays that must take its last chunk first. That is the
// back-pressure: a slow relay stops us reading.
void pump::wants(std::vector<sys::wait_item>& items) const {
  if (input_) items.push_back(sys::wait_item::to_write(input_.get()));
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const live& l = live_[i];
    if (sources_[i].end && !relaying(i)) {
      items.push_back(sys::wait_item::to_read(sources_[i].end.get()));
    }
    for (std::size_t r = 0; r < l.done.size(); ++r) {
      if (l.done[r] >= l.chunk.size()) continue;
      items.push_back(sys::wait_item::to_write(sources_[i].relays[r]));
    }
  }
}

void pump::serve(std::span<const sys::wait_item> ready) {
  const auto find = [&](int number, bool sys::readiness::*way) -> const sys::wait_item* {
    for (const sys::wait_item& w : ready) {
      if (w.number == number && w.ready.*way) return &w;
    }
    return nullptr;
  };
  if (input_) {
    if (const auto* w = find(input_.get(), &sys::readiness::out)) serve_input(w->broken);
  }
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (relaying(i)) {
      const bool writable =
          std::any_of(sources_[i].relays.begin(), sources_[i].relays.end(),
                      [&](int r) { return find(r, &sys::readiness::out) != nullptr; });
      if (writable) serve_relays(i);
    } else if (sources_[i].end && find(sources_[i].end.get(), &sys::readiness::in)) {
      serve_source(i);
    }
  }
}

void pump::drain_ready() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    // Not until it is empty: somebody may write as fast as a callback takes it.
    std::int64_t there = sources_[i].end ? sys::readable_bytes(sources_[i].end.get()) : 0;
    while (there > 0 && sources_[i].end && !relaying(i)) {
      const std::size_t n = serve_source(i);
      if (n == 0) break;
      there -= static_cast<std::int64_t>(n);
      if (relaying(i)) serve_relays(i);
    }
  }
}

void pump::serve_input(bool broken) {
  const ssize_t n =
      sys::write_quietly(input_.get(), to_feed_.data(), std::min(to_feed_.size(), large_read));
  if (n == -EAGAIN && !broken) return;
  if (n < 0) {
    // A command may stop reading when it has enough; that is not an error (as in Python).
    if (n != -EPIPE) fail(os_error(error_stage::write, "stdin", static_cast<int>(-n)));
    close(input_);
    return;
  }
  to_feed_.remove_prefix(static_cast<std::size_t>(n));
  if (to_feed_.empty()) close(input_);
}

std::size_t pump::serve_source(std::size_t i) {
  source& s = sources_[i];
  live& l = live_[i];
  const std::size_t most = l.grown ? large_read : l.much ? small_read : first_read;
  const bool straight =
      s.collect && s.kept.unbounded() && !s.text && s.relays.empty() && !on_line_ && !on_chunk_;
  ssize_t n;
  if (straight) {
    n = read_onto(s.kept.storage(), s.end.get(), most);
  } else {
    scratch_.clear();
    n = read_onto(scratch_, s.end.get(), most);
  }
  if (n == -EAGAIN) return 0;
  if (n < 0) fail(os_error(error_stage::read, s.name, static_cast<int>(-n)));
  if (n <= 0) {
    end_source(i);
    return 0;
  }
  last_output_ = sys::now();
  if (static_cast<std::size_t>(n) == most) l.much = true;
  if (!l.grown && static_cast<std::size_t>(n) == small_read) {
    grow_pipe(s.end.get());  // it writes faster than we read: it pays
    l.grown = true;
  }
  if (!straight) take(i, scratch_, false);
  return static_cast<std::size_t>(n);
}

void pump::end_source(std::size_t i) {
  close(sources_[i].end);
  take(i, {}, true);
}

void pump::take(std::size_t i, std::string_view bytes, bool last) {
  source& s = sources_[i];
  live& l = live_[i];
  if (!s.relays.empty() && !bytes.empty()) {
    l.chunk = bytes;
    std::fill(l.done.begin(), l.done.end(), 0);
    serve_relays(i);
  }
  if (s.text) {
    std::string text;
    if (auto r = s.text->decode(bytes, last, text); !r) {
      fail(r.error());
      s.text.reset();  // what follows is kept as it is
    }
    deliver(i, text);
  } else if (!bytes.empty()) {
    deliver(i, bytes);
  }
  if (last && !l.line.empty() && on_line_) {
    const std::string line = std::exchange(l.line, {});
    on_line_(s.which, line);
  }
}

void pump::deliver(std::size_t i, std::string_view text) {
  if (text.empty()) return;
  source& s = sources_[i];
  if (s.collect) {
    if (const int r = s.kept.append(text); r < 0) {
      fail(os_error(error_stage::write, s.kept.spill_path(), -r));
    }
  }
  if (on_chunk_) on_chunk_(s.which, text);
  if (on_line_) split_lines(i, text);
}

// A line may come in any pieces; what is longer than longest_line is cut at the same places then.
void pump::split_lines(std::size_t i, std::string_view text) {
  live& l = live_[i];
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (end != text.npos && l.line.empty() && part.size() <= longest_line) {
      on_line_(sources_[i].which, part);
      continue;
    }
    l.line.append(part);
    while (l.line.size() > longest_line) {
      const std::size_t cut =
          sources_[i].text ? start_of_character(l.line, longest_line) : longest_line;
      const std::string piece = l.line.substr(0, cut);
      l.line.erase(0, cut);
      on_line_(sources_[i].which, piece);
    }
    if (end == text.npos) return;
    const std::string line = std::exchange(l.line, {});
    on_line_(sources_[i].which, line);
  }
}

void pump::serve_relays(std::size_t i) {
  for (std::size_t r = 0; r < sources_[i].relays.size();) {
    const int why = feed_relay(i, r);
    if (why == 0) {
      ++r;
    } else {
      lose_relay(i, r, why);
    }
  }
}

// PIPE_BUF bytes at a time: that much a writable pipe or terminal takes without blocking. Files
// never block. 0, or the errno that ends it.
int pump::feed_relay(std::size_t i, std::size_t r) {
  const int to = sources_[i].relays[r];
  live& l = live_[i];
  const bool regular = sys::is_regular_file(to);
  while (l.done[r] < l.chunk.size()) {
    if (!regular && !sys::poll_until(sys::wait_item::to_write(to), deadline::at(0))) return 0;
    const std::size_t left = l.chunk.size() - l.done[r];
    const ssize_t n = sys::write_quietly(to, l.chunk.data() + l.done[r],
                                         regular ? left : std::min<std::size_t>(left, PIPE_BUF));
    if (n == -EAGAIN) return 0;
    if (n < 0) return static_cast<int>(-n);
    l.done[r] += static_cast<std::size_t>(n);
  }
  return 0;
}

// Nothing more goes to what cannot be written to. A reader who has gone has enough, as with tee(1):
// unless our caller listens as well, the command is told so by the means that it knows, a pipe
// without a reader. Otherwise one that writes for ever would fill the other targets for ever.
void pump::lose_relay(std::size_t i, std::size_t r, int why) {
  source& s = sources_[i];
  live& l = live_[i];
  if (why != EPIPE) fail(os_error(error_stage::write, s.name, why));
  s.relays.erase(s.relays.begin() + static_cast<std::ptrdiff_t>(r));
  l.done.erase(l.done.begin() + static_cast<std::ptrdiff_t>(r));
  const bool for_caller = s.collect || on_line_ || on_chunk_;
  if (!for_caller && (why == EPIPE || s.relays.empty())) close(s.end);
}

}  // namespace brood::detail
