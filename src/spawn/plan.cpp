// Building a plan, and explaining what went wrong in it.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/plan.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "base/make_error.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

// The order of the steps. Descriptors first: a low RLIMIT_NOFILE would stop them. Limits and
// niceness while we still have the privilege to raise them. Groups before gid before uid, each of
// which gives up the right to change the one before. The directory last, so that the user the
// child runs as must be able to enter it.
plan::plan(spawn_spec r) : spec_(std::move(r)) {
  if (spec_.close_fds) add(op::close_others, error_stage::descriptors);
  for (step& s : order_moves(spec_.moves)) steps_.push_back(s);
  for (const int number : spec_.keep) add(op::keep_fd, error_stage::descriptors, number);
  if (spec_.new_session) add(op::new_session, error_stage::session);
  if (spec_.process_group) add(op::process_group, error_stage::group, *spec_.process_group);
  if (spec_.umask) add(op::set_umask, error_stage::umask, static_cast<int>(*spec_.umask));
  if (spec_.nice) add(op::set_nice, error_stage::nice, *spec_.nice);
  for (const limit_request& l : spec_.limits) {
    add(op::set_limit, error_stage::limits, l.resource);
    steps_.back().c = l.soft;
    steps_.back().d = l.hard;
  }
  add_identity();
  if (!spec_.cwd.empty()) {
    add(op::change_dir, error_stage::chdir);
    steps_.back().data = spec_.cwd.c_str();
    steps_.back().n = static_cast<std::uint32_t>(spec_.cwd.size() + 1);
  }
  for (const std::string& p : spec_.programs) programs_.push_back(p.c_str());
  programs_.push_back(nullptr);
  for (const char* a : spec_.args) argv_.push_back(const_cast<char*>(a));
  argv_.push_back(nullptr);
  for (std::string& e : spec_.env) envp_.push_back(e.data());
  envp_.push_back(nullptr);
  view_ = {.programs = programs_.data(),
           .argv = argv_.data(),
           .envp = spec_.inherit_env ? environ : envp_.data(),
           .steps = steps_.data(),
           .step_count = static_cast<std::uint32_t>(steps_.size()),
           .portable = spec_.portable};
}

void plan::add(op what, error_stage stage, int a, int b) {
  steps_.push_back({.what = what, .stage = stage, .a = a, .b = b});
}

void plan::add_identity() {
  if (spec_.groups) {
    add(op::set_groups, error_stage::identity);
    steps_.back().data = spec_.groups->data();
    steps_.back().n = static_cast<std::uint32_t>(spec_.groups->size());
  }
  if (spec_.gid) add(op::set_gid, error_stage::identity, static_cast<int>(*spec_.gid));
  if (spec_.uid) add(op::set_uid, error_stage::identity, static_cast<int>(*spec_.uid));
}

std::string plan::subject(const step& s) const {
  switch (s.what) {
    case op::change_dir:
      return spec_.cwd;
    case op::set_uid:
      return "user " + std::to_string(s.a);
    case op::set_gid:
      return "group " + std::to_string(s.a);
    case op::set_groups:
      return "supplementary groups";
    case op::process_group:
      return std::to_string(s.a);
    case op::set_nice:
      return std::to_string(s.a);
    case op::set_limit:
      return s.a == RLIMIT_CPU      ? "cpu_time"
             : s.a == RLIMIT_AS     ? "address_space"
             : s.a == RLIMIT_NOFILE ? "open_files"
             : s.a == RLIMIT_FSIZE  ? "file_size"
             : s.a == RLIMIT_NPROC  ? "processes"
             : s.a == RLIMIT_CORE   ? "core"
                                    : "stack";
    case op::keep_fd:
    case op::move_fd:
    case op::park_fd:
      return "descriptor " + std::to_string(s.a);
    default:
      return spec_.program;
  }
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
  if (e.stage == error_stage::fork || e.stage == error_stage::pipe || e.step >= steps_.size()) {
    return os_error(e.stage, spec_.program, e.os);
  }
  return os_error(e.stage, subject(steps_[e.step]), e.os);
}

}  // namespace brood::detail
