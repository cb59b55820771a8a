// A growing array of plain values that needs neither exceptions nor libstdc++, for the guardian.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace brood::detail {

/// Of values whose bytes may be moved in memory: plain ones, and those that say so.
template <class T>
concept relocatable = std::is_trivially_copyable_v<T> || requires {
  typename T::relocatable_tag;
};

template <relocatable T>
class pod_array {
 public:
  pod_array() noexcept = default;
  pod_array(const pod_array&) = delete;
  pod_array& operator=(const pod_array&) = delete;
  ~pod_array() {
    while (size_ > 0) items_[--size_].~T();
    std::free(items_);
  }

  /// False if there is no memory; the array is unchanged then.
  bool add(T item) noexcept {
    if (size_ == room_) {
      const std::size_t room = room_ ? room_ * 2 : 16;
      void* more = std::realloc(static_cast<void*>(items_), room * sizeof(T));
      if (!more) return false;
      items_ = static_cast<T*>(more);
      room_ = room;
    }
    ::new (static_cast<void*>(items_ + size_)) T(std::move(item));
    ++size_;
    return true;
  }
  void remove(std::size_t i) noexcept {
    --size_;
    if (i != size_) items_[i] = std::move(items_[size_]);
    items_[size_].~T();
  }
  void remove_last() noexcept { items_[--size_].~T(); }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return items_[i]; }
  const T& operator[](std::size_t i) const noexcept { return items_[i]; }
  T* begin() noexcept { return items_; }
  T* end() noexcept { return items_ + size_; }

 private:
  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace brood::detail
