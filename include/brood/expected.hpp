// A value or an error: std::expected for C++20, with the part of its interface that brood needs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <new>
#include <type_traits>
#include <utility>

namespace brood {

template <class E>
class unexpected {
 public:
  explicit unexpected(E e) : error_(std::move(e)) {}
  const E& error() const& noexcept { return error_; }
  E&& error() && noexcept { return std::move(error_); }

 private:
  E error_;
};

/// Holds a T, or an E that says why there is none. Much like std::expected (C++23), but reading
/// value() without a value throws what E::raise() throws; operator* does not check.
template <class T, class E>
class [[nodiscard]] expected {
 public:
  using value_type = T;
  using error_type = E;

  expected(T v) : has_(true) { ::new (static_cast<void*>(&value_)) T(std::move(v)); }
  expected(unexpected<E> e) : has_(false) {
    ::new (static_cast<void*>(&error_)) E(std::move(e).error());
  }
  expected(const expected& o) : has_(o.has_) {
    if (has_) {
      ::new (static_cast<void*>(&value_)) T(o.value_);
    } else {
      ::new (static_cast<void*>(&error_)) E(o.error_);
    }
  }
  expected(expected&& o) noexcept(std::is_nothrow_move_constructible_v<T>) : has_(o.has_) {
    if (has_) {
      ::new (static_cast<void*>(&value_)) T(std::move(o.value_));
    } else {
      ::new (static_cast<void*>(&error_)) E(std::move(o.error_));
    }
  }
  expected& operator=(expected o) noexcept(std::is_nothrow_move_constructible_v<T>) {
    this->~expected();
    ::new (static_cast<void*>(this)) expected(std::move(o));
    return *this;
  }
  ~expected() {
    if (has_) {
      value_.~T();
    } else {
      error_.~E();
    }
  }

  bool has_value() const noexcept { return has_; }
  explicit operator bool() const noexcept { return has_; }
  T& operator*() & noexcept { return value_; }
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return &value_; }
  const T* operator->() const noexcept { return &value_; }
  T& value() & { return has_ ? value_ : (error_.raise(), value_); }
  T&& value() && { return std::move(has_ ? value_ : (error_.raise(), value_)); }
  const E& error() const& noexcept { return error_; }
  E&& error() && noexcept { return std::move(error_); }

 private:
  union {
    T value_;
    E error_;
  };
  bool has_;
};

/// Success without a value, or an E.
template <class E>
class [[nodiscard]] expected<void, E> {
 public:
  expected() noexcept : none_(0), has_(true) {}
  expected(unexpected<E> e) : has_(false) {
    ::new (static_cast<void*>(&error_)) E(std::move(e).error());
  }
  expected(const expected& o) : none_(0), has_(o.has_) {
    if (!has_) ::new (static_cast<void*>(&error_)) E(o.error_);
  }
  expected& operator=(expected o) noexcept {
    this->~expected();
    ::new (static_cast<void*>(this)) expected(o);
    return *this;
  }
  ~expected() {
    if (!has_) error_.~E();
  }

  bool has_value() const noexcept { return has_; }
  explicit operator bool() const noexcept { return has_; }
  void value() const {
    if (!has_) error_.raise();
  }
  const E& error() const& noexcept { return error_; }

 private:
  union {
    char none_;
    E error_;
  };
  bool has_;
};

}  // namespace brood
