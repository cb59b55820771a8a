// What is to be known of each kind of step: packing, renumbering and errors go by this one table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "spawn/plan_view.hpp"

namespace brood::detail {

/// What `a` or `b` of a step is.
enum class role : std::uint8_t {
  other,   ///< no descriptor
  source,  ///< a descriptor of the parent's, which the step reads
  target,  ///< a number under which the child has a descriptor from then on, and over exec
  kept,    ///< both
  closed,  ///< a descriptor that only the parent has a use for
};

/// What an error calls the thing that a step failed with: a noun, and perhaps a word after it.
enum class subject : std::uint8_t {
  program,  ///< the command
  noun,     ///< the noun alone
  number,   ///< `a`
  text,     ///< the text at `data`
  limit,    ///< the name of the limit on the resource `a`
};

struct step_kind {
  op what;
  error_stage stage;  ///< under which its failure is reported
  role a = role::other;
  role b = role::other;
  std::uint8_t unit = 0;  ///< bytes of each of the `n` items at `data`; 1: text, with its NUL
  detail::subject subject = subject::program;
  const char* noun = "";
};

/// A new kind of step is one row here, and one case of do_step() in the child.
inline constexpr step_kind step_kinds[] = {
    {op::rendezvous, error_stage::fork, role::source, role::closed},
    {op::keep_fd, error_stage::descriptors, role::kept, role::other, 0, subject::number,
     "descriptor "},
    {op::move_fd, error_stage::descriptors, role::source, role::target, 0, subject::number,
     "descriptor "},
    {op::park_fd, error_stage::descriptors, role::source, role::other, 0, subject::number,
     "descriptor "},
    {op::unpark_fd, error_stage::descriptors, role::other, role::target},
    {op::open_file, error_stage::open, role::other, role::target, 1, subject::text},
    {op::copy_fd, error_stage::descriptors, role::other, role::target, 0, subject::number,
     "descriptor "},
    {op::new_session, error_stage::session},
    {op::process_group, error_stage::group, role::other, role::other, 0, subject::number},
    {op::set_umask, error_stage::umask},
    {op::set_nice, error_stage::nice, role::other, role::other, 0, subject::number},
    {op::set_limit, error_stage::limits, role::other, role::other, 0, subject::limit},
    {op::set_groups, error_stage::identity, role::other, role::other, sizeof(unsigned),
     subject::noun, "supplementary groups"},
    {op::set_gid, error_stage::identity, role::other, role::other, 0, subject::number, "group "},
    {op::set_uid, error_stage::identity, role::other, role::other, 0, subject::number, "user "},
    {op::change_dir, error_stage::chdir, role::other, role::other, 1, subject::text},
};
inline constexpr std::size_t step_kind_count = sizeof step_kinds / sizeof *step_kinds;

constexpr const step_kind& kind_of(op what) noexcept {
  return step_kinds[static_cast<std::size_t>(what)];
}

consteval bool rows_are_in_order() {
  for (std::size_t i = 0; i < step_kind_count; ++i) {
    if (static_cast<std::size_t>(step_kinds[i].what) != i) return false;
  }
  return static_cast<std::size_t>(op::change_dir) + 1 == step_kind_count;
}
static_assert(rows_are_in_order());

constexpr bool reads(role r) noexcept { return r == role::source || r == role::kept; }
constexpr bool makes(role r) noexcept { return r == role::target || r == role::kept; }

/// The descriptor of the parent's that `s` reads; null: none.
constexpr int* source_of(step& s) noexcept {
  const step_kind& k = kind_of(s.what);
  return reads(k.a) ? &s.a : reads(k.b) ? &s.b : nullptr;
}
constexpr const int* source_of(const step& s) noexcept { return source_of(const_cast<step&>(s)); }

/// The number that `s` fills in the child; null: none.
constexpr const int* target_of(const step& s) noexcept {
  const step_kind& k = kind_of(s.what);
  return makes(k.a) ? &s.a : makes(k.b) ? &s.b : nullptr;
}

/// How many bytes there are at `data`.
constexpr std::uint64_t data_size(const step& s) noexcept {
  return std::uint64_t{kind_of(s.what).unit} * s.n;
}

/// Call f(descriptor) for each descriptor of the parent's that the child needs.
template <class F>
void for_each_source(const plan_view& plan, F f) {
  if (plan.cgroup_fd >= 0) f(plan.cgroup_fd);
  for (std::uint32_t i = 0; i < plan.step_count; ++i) {
    if (const int* number = source_of(plan.steps[i])) f(*number);
  }
}

/// Call f(number) for each number that the child has filled by the steps.
template <class F>
void for_each_target(const plan_view& plan, F f) {
  for (std::uint32_t i = 0; i < plan.step_count; ++i) {
    if (const int* number = target_of(plan.steps[i])) f(*number);
  }
}

}  // namespace brood::detail
