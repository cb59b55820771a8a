// Finding the jobserver that we run under, taking its slots and giving them back.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>

#include "base/make_error.hpp"
#include "jobserver/jobserver_client.hpp"
#include "jobserver/makeflags.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood {

namespace sys = detail::sys;

namespace {

using impl = jobserver_client::impl;
using found = expected<std::shared_ptr<impl>, error>;

constexpr std::string_view hint = ". Add '+' to the parent make rule";

unexpected<error> unavailable(const std::string& auth, std::string why) {
  return unexpected(error(error_kind::broken, error_stage::open, "jobserver " + auth, {},
                          "unavailable: " + std::move(why)));
}

unexpected<error> refused(const std::string& auth, int os) {
  const error plain = detail::os_error(error_stage::open, "jobserver " + auth, os);
  if (plain.kind() == error_kind::busy) return unexpected(plain);
  return unexpected(error(error_kind::broken, error_stage::open, "jobserver " + auth, plain.code(),
                          "unavailable: " + plain.code().message()));
}

bool parse_number(std::string_view text, int& number) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), number);
  return r.ec == std::errc() && r.ptr == text.data() + text.size();
}

// A fifo, or a device that plays one (Gentoo's steve, by CUSE: it sees who dies with a slot). Never
// a terminal: what is typed there is not for us.
found open_fifo(const std::string& auth, const std::string& path) {
  auto i = std::make_shared<impl>();
  const int r = sys::open_file(path.c_str(), O_RDWR | O_NONBLOCK, 0);
  if (r < 0) return refused(auth, -r);
  i->tokens.reset(r);
  sys::file_facts f;
  if (const int e = sys::look_at(r, f); e < 0) return refused(auth, -e);
  if (!f.is_pipe && (!f.is_device || f.is_terminal)) return unavailable(auth, "it is not a fifo");
  return i;
}

// The descriptors that we inherit are shared with make and with others: their mode is not ours to
// change, and in a blocking read() we would sleep whenever somebody else was faster. /proc has the
// same pipe as a file, to be opened once more.
found open_pipe(const std::string& auth, int r, int w) {
  if (r < 0 || w < 0) return unavailable(auth, "make keeps it to itself" + std::string(hint));
  sys::file_facts reads;
  sys::file_facts writes;
  for (const auto& [number, facts] : {std::pair(r, &reads), std::pair(w, &writes)}) {
    const int e = sys::look_at(number, *facts);
    if (e == -EBADF) {
      const std::string name = "descriptor " + std::to_string(number);
      return unavailable(auth, name + " is closed" + std::string(hint));
    }
    if (e < 0) return refused(auth, -e);
  }
  const bool one_pipe = reads.is_pipe && reads.same_file(writes);
  if (!one_pipe || !reads.may_read || !writes.may_write) {
    return unavailable(auth, "the descriptors are something else's" + std::string(hint));
  }
  auto i = std::make_shared<impl>();
  i->inherited = {r, w};
  i->tokens.reset(sys::reopen(r, O_RDWR | O_NONBLOCK));
  if (!i->tokens) return refused(auth, -i->tokens.release());
  return i;
}

found open_jobserver(const std::string& auth) {
  constexpr std::string_view fifo = "fifo:";
  if (auth.starts_with(fifo) && auth.size() > fifo.size()) {
    return open_fifo(auth, auth.substr(fifo.size()));
  }
  const std::size_t comma = auth.find(',');
  int r = -1;
  int w = -1;
  if (comma == auth.npos || !parse_number(std::string_view(auth).substr(0, comma), r) ||
      !parse_number(std::string_view(auth).substr(comma + 1), w)) {
    return unavailable(auth, "neither fifo:PATH nor R,W");
  }
  return open_pipe(auth, r, w);
}

}  // namespace

expected<jobserver_client, error> jobserver_client::from(std::string_view makeflags) {
  const auto auth = detail::jobserver_in(makeflags);
  if (!auth || auth->find('\0') != auth->npos) {
    return unexpected(
        error(error_kind::not_found, error_stage::open, "jobserver", {}, "MAKEFLAGS names none"));
  }
  auto i = open_jobserver(*auth);
  if (!i) return unexpected(i.error());
  (*i)->owner = ::getpid();
  return jobserver_client(std::move(*i));
}

expected<jobserver_client, error> jobserver_client::find() {
  for (const char* name : {"MAKEFLAGS", "CARGO_MAKEFLAGS"}) {
    const char* flags = std::getenv(name);
    if (flags && detail::jobserver_in(flags)) return from(flags);
  }
  return from({});
}

std::vector<int> jobserver_client::descriptors() const { return impl_->inherited; }

expected<jobserver_client::slot, error> jobserver_client::try_take(duration timeout) const {
  if (timeout.not_a_number()) return unexpected(detail::bad_request("timeout", "not a number"));
  if (timeout.given() && timeout.nanoseconds() < 0) {
    return unexpected(detail::bad_request("timeout", "negative"));
  }
  const std::int64_t now = sys::now();
  const std::int64_t until = !timeout.given() || timeout.nanoseconds() > INT64_MAX - now
                                 ? INT64_MAX
                                 : now + timeout.nanoseconds();
  for (;;) {
    char byte = 0;
    const ssize_t n = sys::read_some(impl_->tokens.get(), &byte, 1);
    if (n == 1) return slot(impl_, byte);
    if (n != -EAGAIN) {
      return unexpected(
          error(error_kind::broken, error_stage::read, "jobserver", {}, "the jobserver has gone"));
    }
    if (timeout.given() && sys::now() >= until) return slot();
    sys::wait_item p = sys::wait_item::to_read(impl_->tokens.get());
    if (const int r = sys::poll_until({&p, 1}, detail::deadline::at(until)); r < 0) {
      return unexpected(detail::os_error(error_stage::wait, "jobserver", -r));
    }
  }
}

jobserver_client::slot jobserver_client::take(duration timeout) const {
  return try_take(timeout).value();
}

void jobserver_client::slot::give_back() noexcept {
  const std::shared_ptr<const impl> from = std::move(from_);
  if (!from || ::getpid() != from->owner) return;
  // The byte that came: a server may tell its tokens apart (GNU make's manual, "POSIX Jobserver").
  (void)sys::write_quietly(from->tokens.get(), &byte_, 1);
}

jobserver_client::slot& jobserver_client::slot::operator=(slot&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  from_ = std::move(other.from_);
  byte_ = other.byte_;
  return *this;
}

}  // namespace brood
