// The tables of a journal, and how rows become values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/sql.hpp"
#include "journal/types.hpp"

namespace journal {

/// The `PRAGMA user_version`. A change that an older tool would misread has to increment it.
inline constexpr int schema_version = 3;

/// Makes the tables in an empty database, and adds what is new to an older one. Errors:
/// journal::error, also for a newer version.
void make_schema(sql::database& db);
/// \return the version, at most ours. Errors: journal::error.
int check_schema(sql::database& db);

/// Arguments as one blob: each followed by a NUL byte, as in /proc/PID/cmdline.
std::string pack_arguments(const std::vector<std::string>& argv);
std::vector<std::string> unpack_arguments(std::string_view blob);

inline std::string_view view_of(const job_key& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}
std::int64_t to_number(moment t);

// What a column has. Errors: journal::error, for what no run writes.
job_key key_at(const sql::statement& row, int column);
moment moment_at(const sql::statement& row, int column);
std::uint64_t natural_at(const sql::statement& row, int column);
std::uint32_t small_at(const sql::statement& row, int column);  ///< at most a million
std::optional<int> maybe_at(const sql::statement& row, int column, sql::range within);

/// The columns of the table `attempt` for a SELECT, and the attempt that such a row describes.
extern const std::string_view attempt_columns;
attempt read_attempt(const sql::statement& row);

/// The jobs that a run has skipped, as one blob: of each its number, little-endian, and its key.
void pack_skipped(std::string& blob, std::uint64_t seq, const job_key& key);
inline constexpr std::size_t skipped_size = 24;
skipped_job unpack_skipped(std::string_view blob);

/// The statement that writes an attempt, and the binding of its parameters.
extern const std::string_view insert_attempt;
void bind_attempt(sql::statement& insert, std::int64_t run, const attempt& a,
                  std::string_view arguments);

}  // namespace journal
