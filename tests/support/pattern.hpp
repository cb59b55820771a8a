// Reproducible bytes and their hash: the one definition that brood-helper and the tests share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace support {

// splitmix64: every 64-bit state is a good seed, and no block of it compresses or repeats, so a
// lost, doubled or reordered block always shows in the hash.
class pattern_source {
 public:
  explicit pattern_source(std::uint64_t seed) : state_(seed) {}

  // Every call but the last must ask for a multiple of 8 bytes: a word is never split over calls.
  void fill(std::span<char> to) {
    while (!to.empty()) {
      const std::uint64_t word = next();
      const std::size_t n = to.size() < sizeof word ? to.size() : sizeof word;
      std::memcpy(to.data(), &word, n);
      to = to.subspan(n);
    }
  }

 private:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  std::uint64_t state_;
};

// What `brood-helper pattern BYTES SEED` writes.
inline std::string pattern_bytes(std::size_t bytes, std::uint64_t seed) {
  std::string result(bytes, '\0');
  pattern_source(seed).fill(result);
  return result;
}

inline constexpr std::uint64_t fnv1a_start = 0xcbf29ce484222325U;

// FNV-1a, 64 bits; pass the result of one block as `hash` of the next.
inline std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = fnv1a_start) {
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

inline std::string hex16(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) {
    text[i] = "0123456789abcdef"[value & 15U];
  }
  return text;
}

// What `brood-helper sum` prints when it reads `bytes`.
inline std::string sum_line(std::string_view bytes) {
  return std::to_string(bytes.size()) + " " + hex16(fnv1a(bytes)) + "\n";
}

}  // namespace support
