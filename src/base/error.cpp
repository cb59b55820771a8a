// Errors: shared immutable state, one line of text, and the classes they are thrown as.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

#include <brood/error.hpp>
#include <brood/pipeline.hpp>
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
  std::string detail;  // the operating system's text where none was given
  std::string what;
  brood::problem problem = brood::problem::none;
  std::string other_option;
  std::shared_ptr<const completed_process> result;
  std::shared_ptr<const completed_pipeline> pipeline;

  state(error_kind k, error_stage s, std::string_view about, std::error_code c,
        std::string_view why);
  // Of what a copy of the error is to have; nobody uses it yet.
  state(const state& o)
      : kind(o.kind),
        stage(o.stage),
        subject(o.subject),
        code(o.code),
        detail(o.detail),
        what(o.what),
        problem(o.problem),
        other_option(o.other_option),
        result(o.result),
        pipeline(o.pipeline) {}
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
                    std::string_view detail) {
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
  if (!text.empty() && !detail.empty()) text += ": ";
  return printable(text.append(detail));
}

}  // namespace

error::state::state(error_kind k, error_stage s, std::string_view about, std::error_code c,
                    std::string_view why)
    : kind(k),
      stage(s),
      subject(about),
      code(c),
      detail(why.empty() && c ? c.message() : std::string(why)),
      what(compose(k, s, about, detail)),
      problem(k == error_kind::bad_request ? brood::problem::invalid : brood::problem::none) {}

error::error(error_kind kind, error_stage stage, std::string_view subject, std::error_code code,
             std::string_view detail)
    : state_(new state(kind, stage, subject, code, detail)) {}

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
const std::string& error::detail() const noexcept { return state_->detail; }
brood::problem error::problem() const noexcept { return state_->problem; }
const std::string& error::other_option() const noexcept { return state_->other_option; }
const completed_process* error::result() const noexcept { return state_->result.get(); }
const completed_pipeline* error::pipeline() const noexcept { return state_->pipeline.get(); }

error::error(state* s) noexcept : state_(s) {}

error error::with(completed_process result) const {
  auto copy = std::make_unique<state>(*state_);
  copy->result = std::make_shared<const completed_process>(std::move(result));
  return error(copy.release());
}

error error::with(completed_pipeline result) const {
  auto copy = std::make_unique<state>(*state_);
  copy->pipeline = std::make_shared<const completed_pipeline>(std::move(result));
  return error(copy.release());
}

error error::with(brood::problem p, std::string_view other_option) const {
  auto copy = std::make_unique<state>(*state_);
  copy->problem = p;
  copy->other_option = other_option;
  return error(copy.release());
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
