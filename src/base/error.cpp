// Errors: shared immutable state, one line of text, and the classes they are thrown as.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

#include <brood/error.hpp>
#include <brood/result.hpp>

#include "base/make_error.hpp"

namespace brood {

std::string_view to_string(error_kind k) noexcept {
  constexpr std::string_view names[] = {"bad request", "not found", "denied",    "busy",   "broken",
                                        "unsupported", "bad data",  "timed out", "failed", "other"};
  static_assert(std::size(names) == static_cast<std::size_t>(error_kind::other) + 1);
  return names[static_cast<std::size_t>(k)];
}

std::string_view to_string(error_stage s) noexcept {
  constexpr std::string_view names[] = {
      "request", "open",   "pipe",     "fork",   "guard",       "setsid", "setpgid", "umask",
      "nice",    "limit",  "identity", "chdir",  "descriptors", "exec",   "read",    "write",
      "wait",    "signal", "decode",   "encode", "timeout",     "check"};
  static_assert(std::size(names) == static_cast<std::size_t>(error_stage::check) + 1);
  return names[static_cast<std::size_t>(s)];
}

struct error::state {
  std::atomic<int> users{1};
  error_kind kind;
  error_stage stage;
  std::string subject;
  std::error_code code;
  std::string detail;
  std::string what;
  std::unique_ptr<const completed_process> result;
};

namespace {

// what() goes into logs line by line, and to terminals: no subject may break or colour the line.
std::string printable(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    } else {
      line += c;
    }
  }
  return line;
}

std::string compose(error_kind kind, error_stage stage, std::string_view subject,
                    std::error_code code, std::string_view detail) {
  std::string text;
  if (kind == error_kind::bad_request ||
      (kind == error_kind::unsupported && stage == error_stage::request)) {
    text = subject;
  } else {
    text = to_string(stage);
    // A command line has quotes of its own.
    const bool quoted = stage != error_stage::check && stage != error_stage::timeout;
    const char* const quote = quoted ? "'" : "";
    if (!subject.empty()) text.append(" ").append(quote).append(subject).append(quote);
  }
  const std::string reason = detail.empty() && code ? code.message() : std::string(detail);
  if (!text.empty() && !reason.empty()) text += ": ";
  return printable(text + reason);
}

}  // namespace

error::error(error_kind kind, error_stage stage, std::string_view subject, std::error_code code,
             std::string_view detail)
    : state_(new state{.kind = kind,
                       .stage = stage,
                       .subject = std::string(subject),
                       .code = code,
                       .detail = std::string(detail),
                       .what = compose(kind, stage, subject, code, detail),
                       .result = nullptr}) {}

error::error(const error& other) noexcept : std::exception(other), state_(other.state_) {
  state_->users.fetch_add(1, std::memory_order_relaxed);
}

// A moved-from error stays usable: there is no empty state to check for.
error::error(error&& other) noexcept : error(std::as_const(other)) {}

error& error::operator=(error other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

error::~error() {
  if (state_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state_;
}

error_kind error::kind() const noexcept { return state_->kind; }
error_stage error::stage() const noexcept { return state_->stage; }
const std::string& error::subject() const noexcept { return state_->subject; }
std::error_code error::code() const noexcept { return state_->code; }
const char* error::what() const noexcept { return state_->what.c_str(); }
const completed_process* error::result() const noexcept { return state_->result.get(); }

error error::with(completed_process result) const {
  error copy(kind(), stage(), subject(), code(), state_->detail);
  copy.state_->result = std::make_unique<const completed_process>(std::move(result));
  return copy;
}

void error::raise() const {
  switch (kind()) {
    case error_kind::timed_out:
      throw timeout_expired(*this);
    case error_kind::failed:
      throw called_process_error(*this);
    case error_kind::bad_request:
      throw usage_error(*this);
    default:
      throw spawn_error(*this);
  }
}

namespace detail {

namespace {

error_kind kind_of(int os) noexcept {
  switch (os) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return error_kind::not_found;
    case EACCES:
    case EPERM:
    case ENOEXEC:
      return error_kind::denied;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ETXTBSY:
      return error_kind::busy;
    case EPIPE:
    case ECONNRESET:
      return error_kind::broken;
    case ENOSYS:
    case EOPNOTSUPP:
      return error_kind::unsupported;
    default:
      return error_kind::other;
  }
}

}  // namespace

error os_error(error_stage stage, std::string_view subject, int os, std::string_view detail) {
  return error(kind_of(os), stage, subject, std::error_code(os, std::generic_category()), detail);
}

error bad_request(std::string_view subject, std::string_view detail) {
  return error(error_kind::bad_request, error_stage::request, subject, {}, detail);
}

error unsupported(std::string_view subject, std::string_view detail) {
  return error(error_kind::unsupported, error_stage::request, subject, {}, detail);
}

}  // namespace detail

}  // namespace brood
