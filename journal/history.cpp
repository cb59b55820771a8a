// Reads the journal once into tables by key, command and subject, so that writers keep no index.
// SPDX-License-Identifier: Apache-2.0
#include "journal/history.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>
#include <tuple>
#include <utility>

#include <brood/shlex.hpp>

#include "journal/ending.hpp"
#include "journal/folder.hpp"
#include "journal/schema.hpp"

namespace journal {

std::vector<job_key> load_done(const folder& where, std::chrono::milliseconds busy) {
  sql::database db(where, sql::access::read, busy);
  std::vector<job_key> keys;
  sql::statement rows(db, "SELECT key FROM done ORDER BY key");
  while (rows.step()) {
    const job_key key = key_at(rows, 0);
    if (!keys.empty() && !(keys.back() < key)) rows.refuse(0);
    keys.push_back(key);
  }
  return keys;
}

std::size_t history::key_hash::operator()(const job_key& key) const {
  std::size_t n = 0;
  std::memcpy(&n, key.data(), sizeof n);
  return n;
}

history::history(const folder& where, std::int64_t before, std::chrono::milliseconds busy)
    : db_(where, sql::access::read, busy) {
  sql::statement rows(db_,
                      "SELECT run, seq, number, key, command, subject FROM attempt WHERE run < ?"
                      " ORDER BY run, seq, number");
  rows.integer(before);
  std::tuple<std::int64_t, std::uint64_t, std::uint32_t> before_this{};
  while (rows.step()) {
    const outcome o{.run = rows.integer_at(0),
                    .seq = natural_at(rows, 1),
                    .number = static_cast<std::uint32_t>(rows.integer_at(2)),
                    .key = key_at(rows, 3)};
    const auto place = std::tuple(o.run, o.seq, o.number);
    if (!(before_this < place)) rows.refuse(1);
    before_this = place;
    by_key_[o.key] = o;
    by_command_[static_cast<std::uint64_t>(rows.integer_at(4))] = o;
    const auto subject = static_cast<std::uint64_t>(rows.integer_at(5));
    if (subject != 0) by_subject_[subject] = o;
  }
}

attempt history::load(const outcome& o) {
  sql::statement row(db_, "SELECT " + std::string(attempt_columns) +
                              " FROM attempt WHERE run = ? AND seq = ? AND number = ?");
  row.integer(o.run).integer(static_cast<std::int64_t>(o.seq)).integer(o.number);
  return row.step() ? read_attempt(row) : attempt{};
}

std::optional<std::pair<std::int64_t, attempt>> history::latest(const job_key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  return std::pair(found->second.run, load(found->second));
}

std::vector<job_part> history::parts_of(const job_key& key) {
  std::vector<job_part> parts;
  sql::statement rows(db_, "SELECT kind, name, digest FROM part WHERE key = ? ORDER BY kind, name");
  rows.blob(view_of(key));
  while (rows.step()) {
    const std::string_view kind = rows.view_at(0);
    if (kind != "e" && kind != "i") rows.refuse(0);
    parts.push_back({.what = static_cast<job_part::kind>(kind.front()),
                     .name = rows.bytes_at(1),
                     .digest = key_at(rows, 2)});
  }
  return parts;
}

namespace {

// What the tool calls the digest of a block.
bool is_block(const job_part& p) {
  return p.what == job_part::kind::environment && p.name == "stdin";
}

std::string name_of(const job_part& p) {
  if (is_block(p)) return "the block of stdin";
  return p.what == job_part::kind::input ? "the input '" + p.name + "'" : "the variable " + p.name;
}

const job_part* find_part(const std::vector<job_part>& parts, const job_part& like) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&like](const job_part& p) {
    return p.what == like.what && p.name == like.name;
  });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

run_info history::info_of(std::int64_t run) {
  run_info info;
  sql::statement row(db_, "SELECT argv, cwd FROM run WHERE id = ?");
  row.integer(run);
  if (!row.step()) return info;
  info.argv = unpack_arguments(row.view_at(0));
  info.cwd = row.bytes_at(1);
  return info;
}

std::string history::what_changed(const question& q, const outcome& before) {
  const job_identity& job = q.job;
  const std::vector<job_part> old = parts_of(before.key);
  std::vector<std::string> changes;
  for (const job_part& p : job.parts) {
    const job_part* known = find_part(old, p);
    std::string blocks;
    if (is_block(p) && q.blocks_changed) blocks = q.blocks_changed(info_of(before.run).argv);
    if (!blocks.empty()) {
      changes.push_back(std::move(blocks));
    } else if (known == nullptr) {
      changes.push_back(name_of(p) + " is new");
    } else if (known->digest != p.digest) {
      changes.push_back(name_of(p) + " changed");
    }
  }
  for (const job_part& p : old) {
    if (find_part(job.parts, p) == nullptr) changes.push_back(name_of(p) + " is gone");
  }
  std::string text;
  for (std::size_t i = 0; i < changes.size() && i < 3; ++i) {
    text += (i == 0 ? "" : ", ") + changes[i];
  }
  if (changes.size() > 3) text += " and " + std::to_string(changes.size() - 3) + " more";
  return text;
}

/// If the same command has run in another directory: what there is to say.
std::optional<std::string> history::find_moved(const question& q) {
  const std::hash<std::string_view> hash;
  if (!by_argv_) {
    by_argv_.emplace();
    sql::statement rows(db_, "SELECT argv FROM attempt WHERE run = ? AND seq = ? AND number = ?");
    for (const auto& [command, o] : by_command_) {
      rows.integer(o.run).integer(static_cast<std::int64_t>(o.seq)).integer(o.number);
      while (rows.step()) {
        outcome& latest = (*by_argv_)[hash(rows.view_at(0))];
        if (latest.run <= o.run) latest = o;
      }
    }
  }
  const auto found = by_argv_->find(hash(pack_arguments(q.argv)));
  if (found == by_argv_->end() || load(found->second).argv != q.argv) return {};
  const std::string cwd = info_of(found->second.run).cwd;
  return "the directory changed since run " + std::to_string(found->second.run) +
         (cwd == working_directory() ? "" : ", which was in '" + cwd + "'");
}

std::string history::explain(const question& q) {
  const job_identity& job = q.job;
  const auto run_of = [](const outcome& o) { return "run " + std::to_string(o.run); };
  if (const auto same = by_key_.find(job.key); same != by_key_.end()) {
    const attempt last = load(same->second);
    const std::string run = run_of(same->second);
    if (!last.ended) return "runs: not finished in " + run;
    if (last.success) return "skipped: succeeded in " + run;
    if (state_of(last, run_state::ended) == attempt_state::stopped) {
      return "runs: was stopped in " + run;
    }
    return "runs: failed in " + run + ": " + describe_end(last);
  }
  if (const auto same = by_command_.find(job.command); same != by_command_.end()) {
    return "runs: " + what_changed(q, same->second) + " since " + run_of(same->second);
  }
  if (const auto moved = find_moved(q)) return "runs: " + *moved;
  if (const auto same = by_subject_.find(job.subject);
      job.subject != 0 && same != by_subject_.end()) {
    return "runs: the command changed since " + run_of(same->second) + ", where it was " +
           brood::shlex::join(load(same->second).argv);
  }
  return "runs: no earlier run has it";
}

}  // namespace journal
