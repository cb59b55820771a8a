// Hashes jobs with Nettle's SHA-256; a length before each field keeps one from posing as two.
// SPDX-License-Identifier: Apache-2.0
#include "journal/key.hpp"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <tuple>

#include "journal/error.hpp"

namespace journal {

namespace {

class hasher {
 public:
  hasher() { nettle_sha256_init(&state_); }

  void bytes(std::string_view s) {
    nettle_sha256_update(&state_, s.size(), reinterpret_cast<const std::uint8_t*>(s.data()));
  }

  void number(std::uint64_t n) {
    std::array<std::uint8_t, 8> little{};
    for (std::uint8_t& byte : little) {
      byte = static_cast<std::uint8_t>(n);
      n >>= 8;
    }
    nettle_sha256_update(&state_, little.size(), little.data());
  }

  void field(std::string_view s) {
    number(s.size());
    bytes(s);
  }

  void list(const std::vector<std::string>& items) {
    number(items.size());
    for (const std::string& item : items) field(item);
  }

  job_key key() {
    job_key result;
    nettle_sha256_digest(&state_, result.size(), result.data());
    return result;
  }

 private:
  sha256_ctx state_;
};

/// A short hash, used for explanations only; never 0, which stands for none.
std::uint64_t short_hash(const job_key& key) {
  std::uint64_t n = 0;
  std::memcpy(&n, key.data(), sizeof n);
  return n == 0 ? 1 : n;
}

[[noreturn]] void cannot_read(const std::string& path, int number) {
  throw error{"cannot read the input '" + path + "': " + std::strerror(number)};
}

class input_file {
 public:
  explicit input_file(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) cannot_read(path, errno);
  }
  ~input_file() { ::close(fd_); }
  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;

  std::array<std::uint64_t, 5> stamp() const {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) cannot_read(path_, errno);
    if (!S_ISREG(info.st_mode)) {
      throw error{"the input '" + path_ + "' is not a regular file"};  // a pipe is read only once
    }
    const auto number = [](auto n) { return static_cast<std::uint64_t>(n); };
    return {number(info.st_dev), number(info.st_ino), number(info.st_size),
            number(info.st_mtim.tv_sec), number(info.st_mtim.tv_nsec)};
  }

  job_key digest() const {
    constexpr std::size_t size = 256 * 1024;
    const auto buffer = std::make_unique<char[]>(size);
    hasher h;
    for (;;) {
      const ssize_t n = ::read(fd_, buffer.get(), size);
      if (n == 0) return h.key();
      if (n > 0) {
        h.bytes({buffer.get(), static_cast<std::size_t>(n)});
      } else if (errno != EINTR) {
        cannot_read(path_, errno);
      }
    }
  }

 private:
  const std::string& path_;
  int fd_;
};

}  // namespace

struct content_hash::state {
  hasher hash;
};

content_hash::content_hash() : state_(std::make_unique<state>()) {}
content_hash::content_hash(content_hash&&) noexcept = default;
content_hash& content_hash::operator=(content_hash&&) noexcept = default;
content_hash::~content_hash() = default;
void content_hash::add(std::string_view bytes) { state_->hash.bytes(bytes); }
job_key content_hash::key() { return state_->hash.key(); }

job_key job_identifier::digest_of_file(const std::string& path) {
  const input_file file(path);
  const auto stamp = file.stamp();
  const auto known = files_.find(path);
  if (known != files_.end() && known->second.stamp == stamp) return known->second.digest;
  const job_key digest = file.digest();
  files_[path] = {.stamp = stamp, .digest = digest};
  return digest;
}

job_identity job_identifier::identify(const job_content& job) {
  job_identity id;
  hasher command;
  command.list(job.argv);
  command.field(job.cwd);
  const job_key command_key = command.key();
  id.command = short_hash(command_key);
  if (!job.subject.empty()) {
    hasher subject;
    subject.list(job.subject);
    id.subject = short_hash(subject.key());
  }
  for (const auto& [name, value] : job.environment) {
    hasher h;
    h.bytes(value);
    id.parts.push_back({job_part::kind::environment, name, h.key()});
  }
  for (const auto& [name, digest] : job.digests) {
    id.parts.push_back({job_part::kind::environment, name, digest});
  }
  const auto full = [&job](const std::string& path) {
    return path.starts_with('/') ? path : job.cwd + "/" + path;
  };
  for (const std::string& path : job.inputs) {
    id.parts.push_back({job_part::kind::input, path, digest_of_file(full(path))});
  }
  for (const std::string& path : job.optional_inputs) {
    const bool gone = ::access(full(path).c_str(), F_OK) != 0;
    id.parts.push_back(
        {job_part::kind::input, path, gone ? job_key{} : digest_of_file(full(path))});
  }
  const auto order = [](const job_part& p) { return std::tie(p.what, p.name); };
  std::sort(id.parts.begin(), id.parts.end(),
            [order](const job_part& a, const job_part& b) { return order(a) < order(b); });
  if (id.parts.empty()) {
    id.key = command_key;
    return id;
  }
  hasher all;
  all.bytes({reinterpret_cast<const char*>(command_key.data()), command_key.size()});
  for (const job_part& p : id.parts) {
    const char what = static_cast<char>(p.what);
    all.bytes({&what, 1});
    all.field(p.name);
    all.bytes({reinterpret_cast<const char*>(p.digest.data()), p.digest.size()});
  }
  id.key = all.key();
  return id;
}

std::string to_text(const job_key& key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : key) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace journal
