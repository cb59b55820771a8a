// Building a plan, and explaining what went wrong in it.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/plan.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/make_error.hpp"
#include "spawn/step_table.hpp"
#include "sys/accounts.hpp"
#include "sys/fd.hpp"

extern "C" char** environ;  // POSIX has it in no header

namespace brood::detail {

namespace {

constexpr std::size_t usual_entries = 64;  // of an environment, so that its list is allocated once

}  // namespace

// The order of the steps. The rendezvous first: until then the child may have no ids at all.
// Descriptors next, as a low RLIMIT_NOFILE would stop them, then the files, which are opened by the
// caller's user, from the caller's directory. Limits and niceness while we still have the privilege
// to raise them. Groups before gid before uid, each of which gives up the right to change the one
// before. The directory last, so that the user the child runs as must be able to enter it.
plan::plan(spawn_spec&& spec) : spec_(std::move(spec)) {
  if (spec_.rendezvous) add(op::rendezvous, spec_.rendezvous->theirs, spec_.rendezvous->ours);
  add_moves();
  add_opens();
  if (spec_.new_session) add(op::new_session);
  if (spec_.process_group) add(op::process_group, *spec_.process_group);
  if (spec_.umask) add(op::set_umask, static_cast<int>(*spec_.umask));
  if (spec_.nice) add(op::set_nice, *spec_.nice);
  for (const limit_request& l : spec_.limits) {
    add(op::set_limit, l.resource);
    steps_.back().c = l.soft;
    steps_.back().d = l.hard;
  }
  add_identity();
  if (!spec_.cwd.empty()) {
    add(op::change_dir);
    add_text(spec_.cwd);
  }
  for (const std::string& p : spec_.programs) programs_.push_back(p.c_str());
  programs_.push_back(nullptr);
  for (std::string& a : spec_.args) argv_.push_back(a.data());
  argv_.push_back(nullptr);
  if (spec_.inherit_env) {
    copy_environment();
  } else {
    for (std::string& e : spec_.env) envp_.push_back(e.data());
  }
  envp_.push_back(nullptr);
  view_ = {.programs = programs_.data(),
           .argv = argv_.data(),
           .envp = envp_.data(),
           .steps = steps_.data(),
           .step_count = static_cast<std::uint32_t>(steps_.size()),
           .portable = spec_.portable,
           .close_fds = spec_.close_fds,
           .cgroup_fd = spec_.cgroup_fd,
           .clone_flags = spec_.clone_flags};
}

void plan::add(op what, int a, int b) { steps_.push_back({.what = what, .a = a, .b = b}); }

void plan::add_text(const std::string& text) {
  steps_.back().data = text.c_str();
  steps_.back().n = static_cast<std::uint32_t>(text.size() + 1);
}

// A copy of what the child inherits, and not of what a step before makes, is one more move: only
// then does it work from elsewhere, where the steps cannot count on our descriptors.
void plan::add_moves() {
  std::vector<fd_move> moves = spec_.moves;
  std::vector<fd_move> copies;
  const auto fills = [](const auto& list, int number) {
    return std::any_of(list.begin(), list.end(), [=](const auto& m) { return m.to == number; });
  };
  const auto made_late = [&](int n) { return fills(spec_.opens, n) || fills(copies, n); };
  for (const fd_move& m : spec_.copies) {
    const bool late = made_late(m.from) || made_late(m.to) || fills(moves, m.from);
    (late ? copies : moves).push_back(m);
  }
  spec_.copies = std::move(copies);
  for (step& s : order_moves(std::move(moves))) steps_.push_back(s);
  for (const int number : spec_.keep) add(op::keep_fd, number);
}

void plan::add_opens() {
  for (const open_request& o : spec_.opens) {
    add(op::open_file, o.flags, o.to);
    steps_.back().c = o.mode;
    add_text(o.path);
  }
  for (const fd_move& m : spec_.copies) {
    if (m.from != m.to) add(op::copy_fd, m.from, m.to);
  }
}

// Once its size is known, one block is enough. The lengths are kept, as another thread may change a
// value meanwhile.
void plan::copy_environment() {
  if (!environ) return;
  std::vector<std::string_view> entries;
  entries.reserve(usual_entries);
  std::size_t size = 0;
  for (char** entry = environ; *entry; ++entry) size += entries.emplace_back(*entry).size() + 1;
  environment_ = std::make_unique_for_overwrite<char[]>(size);
  envp_.reserve(entries.size() + 1);
  char* to = environment_.get();
  for (const std::string_view entry : entries) {
    std::memcpy(to, entry.data(), entry.size());
    to[entry.size()] = '\0';
    envp_.push_back(to);
    to += entry.size() + 1;
  }
}

void plan::add_identity() {
  if (spec_.groups) {
    add(op::set_groups);
    steps_.back().data = spec_.groups->data();
    steps_.back().n = static_cast<std::uint32_t>(spec_.groups->size());
  }
  if (spec_.gid) add(op::set_gid, static_cast<int>(*spec_.gid));
  if (spec_.uid) add(op::set_uid, static_cast<int>(*spec_.uid));
}

std::string plan::subject_of(const step& s) const {
  const step_kind& kind = kind_of(s.what);
  switch (kind.subject) {
    case subject::program:
      return spec_.program;
    case subject::noun:
      return kind.noun;
    case subject::number:
      return kind.noun + std::to_string(s.a);
    case subject::text:
      return static_cast<const char*>(s.data);
    case subject::limit:
      return sys::limit_name(s.a);
  }
  return {};
}

// execve says ENOENT for a missing interpreter and EACCES for a directory: look again, for the
// message only.
error plan::explain_exec(const child_error& e) const {
  const std::string& program = spec_.program;
  for (const std::string& file : spec_.programs) {
    if (!sys::exists(file.c_str())) continue;
    if (e.os == EACCES && sys::is_directory(file.c_str())) {
      return os_error(error_stage::exec, program, EACCES, "Is a directory");
    }
    if (e.os == ENOENT) {
      return os_error(error_stage::exec, program, ENOENT,
                      "its interpreter or loader is missing: No such file or directory");
    }
  }
  return os_error(error_stage::exec, program, e.os);
}

error plan::explain(const child_error& e) const {
  if (e.stage == error_stage::exec) return explain_exec(e);
  const bool by_a_step = e.step < steps_.size() && kind_of(steps_[e.step].what).stage == e.stage;
  return os_error(e.stage, by_a_step ? subject_of(steps_[e.step]) : spec_.program, e.os);
}

}  // namespace brood::detail
