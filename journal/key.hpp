// What makes two jobs the same: a hash over command, directory, chosen environment and input files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace journal {

/// The first half of a SHA-256.
using job_key = std::array<unsigned char, 16>;

/// The digest of bytes that come one after another.
class content_hash {
 public:
  content_hash();
  content_hash(content_hash&&) noexcept;
  content_hash& operator=(content_hash&&) noexcept;
  ~content_hash();

  void add(std::string_view bytes);
  job_key key();  ///< once, at the end

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// A part of a job that may change while its command stays.
struct job_part {
  enum class kind : char { environment = 'e', input = 'i' };

  kind what = kind::input;
  std::string name{};  ///< the variable, or the path as it was given
  job_key digest{};    ///< of the value, or of the file's bytes

  bool operator==(const job_part&) const = default;
};

/// What identifies a job.
struct job_identity {
  job_key key{};                  ///< of command, directory and parts
  std::uint64_t command = 0;      ///< hash of arguments and directory
  std::uint64_t subject = 0;      ///< hash of the job's arguments; 0 if it has none
  std::vector<job_part> parts{};  ///< sorted by kind and name
};

/// What the identity of a job is computed from. Strings are bytes in any encoding.
struct job_content {
  std::vector<std::string> argv{};
  std::string cwd{};  ///< absolute
  std::vector<std::pair<std::string, std::string>>
      environment{};  ///< only the variables that were set for the job
  std::vector<std::pair<std::string, job_key>> digests{};  ///< of values by name, as of variables
  std::vector<std::string> inputs{};                       ///< paths; relative to `cwd`
  /// The same, where it is no error that there is no such file.
  std::vector<std::string> optional_inputs{};
  /// The arguments that fill the command's placeholders. Not part of the key: when only the command
  /// was changed, they let `--explain` say so.
  std::vector<std::string> subject{};
};

/// Computes identities. However many jobs name an input file, it is read again only after its size
/// or time has changed. For one thread.
class job_identifier {
 public:
  /// Errors: journal::error, for an input file that cannot be read.
  job_identity identify(const job_content& job);

 private:
  struct known_file {
    std::array<std::uint64_t, 5> stamp{};  // device, number, size, seconds, nanoseconds
    job_key digest{};
  };

  job_key digest_of_file(const std::string& path);

  std::unordered_map<std::string, known_file> files_;
};

/// 32 hexadecimal digits.
std::string to_text(const job_key& key);

}  // namespace journal
