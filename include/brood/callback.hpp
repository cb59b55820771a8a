// A copyable function object of one signature, without the cost of <functional>.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

namespace brood {

template <class Signature>
class callback;

/// Holds any copyable callable. Empty when default-constructed; calling an empty one is an error
/// of the caller's. Threads: as the callable's own.
template <class R, class... Args>
class callback<R(Args...)> {
 public:
  callback() noexcept = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, callback> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>) callback(F&& f)
      : held_(new holder<std::decay_t<F>>(std::forward<F>(f))) {}
  callback(const callback& o) : held_(o.held_ ? o.held_->clone() : nullptr) {}
  callback(callback&& o) noexcept : held_(std::exchange(o.held_, nullptr)) {}
  callback& operator=(callback o) noexcept {
    std::swap(held_, o.held_);
    return *this;
  }
  ~callback() { delete held_; }

  explicit operator bool() const noexcept { return held_ != nullptr; }
  R operator()(Args... args) const { return held_->call(std::forward<Args>(args)...); }

 private:
  struct base {
    virtual ~base() = default;
    virtual R call(Args... args) = 0;
    virtual base* clone() const = 0;
  };
  template <class F>
  struct holder final : base {
    template <class G>
    explicit holder(G&& g) : f(std::forward<G>(g)) {}
    R call(Args... args) override { return static_cast<R>(f(std::forward<Args>(args)...)); }
    base* clone() const override { return new holder(f); }
    F f;
  };
  base* held_ = nullptr;
};

}  // namespace brood
