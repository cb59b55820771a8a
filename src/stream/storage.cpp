// Growing collected output. Compiled as C++23 where that is known, for resize_and_overwrite.
// SPDX-License-Identifier: Apache-2.0
#include "stream/storage.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>

#include "sys/fd.hpp"

namespace brood::detail {

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t large = std::size_t{8} << 20;
constexpr std::size_t far = std::size_t{2} << 30;

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

// Whether address space that nobody touches costs nothing: no limit on it, and no accounting of it
// in advance (proc(5), overcommit_memory 2).
bool address_space_is_free() noexcept {
  rlimit space{};
  if (::getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur != RLIM_INFINITY) return false;
  char mode = '2';
  const sys::fd file(sys::open_file("/proc/sys/vm/overcommit_memory", O_RDONLY, 0));
  return file && sys::read_some(file.get(), &mode, 1) == 1 && mode != '2';
}

// Doubling copies everything once more on average; a large step in address space alone does not.
std::string larger(std::size_t needed, std::size_t capacity) {
  std::string s;
  try {
    if (address_space_is_free()) {
      s.reserve(std::max({needed, capacity * 8, far}));
      return s;
    }
  } catch (const std::exception&) {  // not that much: then as much as is needed
  }
  s.reserve(std::max(needed, capacity * 2));
  return s;
}

void grow(std::string& s, std::size_t room) {
  if (s.capacity() - s.size() >= room) return;
  const std::size_t needed = s.size() + room;
  if (s.size() < large) {
    s.reserve(std::max(needed, s.capacity() * 2));
    return;
  }
  std::string bigger = larger(needed, s.capacity());
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
