// What makes two jobs the same: a hash over command, directory, chosen environment and input files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace journal {

/// The first half of a SHA-256.
using job_key = std::array<unsigned char, 16>;

/// A part of a job that may change while its command stays.
struct job_part {
  enum class kind : char { environment = 'e', input = 'i' };

  kind what = kind::input;
  std::string name{};  ///< of the variable; the path of the file, as it was given
  job_key digest{};    ///< of its value; of its bytes

  bool operator==(const job_part&) const = default;
};

/// Who a job is.
struct job_identity {
  job_key key{};                  ///< of all that follows
  std::uint64_t command = 0;      ///< hash of arguments and directory
  std::uint64_t subject = 0;      ///< hash of what the job is about; 0: about nothing in particular
  std::vector<job_part> parts{};  ///< sorted by kind and name
};

/// What the identity of a job is made of. Text is bytes.
struct job_content {
  std::vector<std::string> argv{};
  std::string cwd{};  ///< absolute
  std::vector<std::pair<std::string, std::string>>
      environment{};                  ///< only what was chosen to count
  std::vector<std::string> inputs{};  ///< paths; relative to `cwd`
  /// What is left of the job when its command is changed: the arguments that fill its
  /// placeholders. Not part of the key; it lets `--explain` say that the command changed.
  std::vector<std::string> subject{};
};

/// Makes identities. Reads an input file again only after its size or time has changed, however
/// many jobs name it. For one thread.
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
