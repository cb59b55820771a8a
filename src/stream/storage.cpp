// Growing collected output. Compiled as C++23 where that is known, for resize_and_overwrite.
// SPDX-License-Identifier: Apache-2.0
#include "stream/storage.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "sys/fd.hpp"

namespace brood::detail {

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t large = std::size_t{8} << 20;

template <class F>
void overwrite(std::string& s, std::size_t size, F fill) {
#ifdef __cpp_lib_string_resize_and_overwrite
  s.resize_and_overwrite(size, fill);
#else
  s.resize(size);
  s.resize(fill(s.data(), size));
#endif
}

// Copy `from` and give its pages back as we go, so that both copies are never resident at once.
void copy_and_release(char* to, std::string& from) {
  char* const data = from.data();
  const std::size_t size = from.size();
  for (std::size_t at = 0; at < size; at += large) {
    const std::size_t n = std::min(large, size - at);
    std::memcpy(to + at, data + at, n);
    const auto first = (reinterpret_cast<std::uintptr_t>(data + at) + page - 1) / page * page;
    const auto last = reinterpret_cast<std::uintptr_t>(data + at + n) / page * page;
    if (last > first) {
      ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
    }
  }
}

void grow(std::string& s, std::size_t room) {
  if (s.capacity() - s.size() >= room) return;
  const std::size_t wanted = std::max(s.size() + room, s.capacity() * 2);
  if (s.size() < large) {
    s.reserve(wanted);
    return;
  }
  std::string bigger;
  bigger.reserve(wanted);
  overwrite(bigger, s.size(), [&](char* to, std::size_t n) {
    copy_and_release(to, s);
    return n;
  });
  s = std::move(bigger);
}

}  // namespace

ssize_t read_onto(std::string& to, int number, std::size_t most) {
  grow(to, most);
  const std::size_t before = to.size();
  ssize_t n = 0;
  overwrite(to, before + most, [&](char* data, std::size_t) {
    n = sys::read_some(number, data + before, most);
    return before + (n > 0 ? static_cast<std::size_t>(n) : 0);
  });
  return n;
}

}  // namespace brood::detail
