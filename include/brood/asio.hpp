// Commands awaited by Asio: any completion token, the caller's own io_context.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <brood/async.hpp>

namespace brood::asio {

/// What a completion handler is called with: an exception (what run() would have thrown, or what a
/// callback of the command threw) or the result.
using signature = void(std::exception_ptr, completed_process);

namespace detail {

/// The brood::loop of an execution context, watched by that. Everything happens within its strand.
class service final : public ::asio::execution_context::service {
 public:
  using key_type = service;
  inline static ::asio::execution_context::id id;

  explicit service(::asio::execution_context& context)
      : ::asio::execution_context::service(context) {}

  /// Start `t` in the strand.
  void spawn(const ::asio::any_io_executor& ex, task<void> t) {
    auto held = std::make_unique<task<void>>(std::move(t));
    watched& w = watching(ex);
    ::asio::dispatch(w.strand, [&w, held = std::move(held)] {
      w.l.spawn(std::move(*held));
      w.turn();
    });
  }
  loop& of(const ::asio::any_io_executor& ex) { return watching(ex).l; }

 private:
  struct watched {
    explicit watched(const ::asio::any_io_executor& ex)
        : strand(::asio::prefer(ex, ::asio::execution::outstanding_work.untracked)),
          readable(strand, l.native_handle()),
          timer(strand) {}
    ~watched() { readable.release(); }  // the descriptor is the loop's

    void turn() {
      l.poll();
      if (l.empty()) {  // nothing of ours keeps the context running
        readable.cancel();
        timer.cancel();
        return;
      }
      if (!waiting) {
        waiting = true;
        readable.async_wait(readable.wait_read, [this](const std::error_code&) {
          waiting = false;
          turn();
        });
      }
      const duration left = l.until_next();
      if (!left.given()) {
        timer.cancel();
        return;
      }
      timer.expires_after(static_cast<std::chrono::nanoseconds>(left));
      timer.async_wait([this](const std::error_code& ended) {
        if (!ended) turn();
      });
    }

    loop l;
    ::asio::strand<::asio::any_io_executor> strand;
    ::asio::posix::basic_stream_descriptor<::asio::strand<::asio::any_io_executor>> readable;
    ::asio::basic_waitable_timer<std::chrono::steady_clock,
                                 ::asio::wait_traits<std::chrono::steady_clock>,
                                 ::asio::strand<::asio::any_io_executor>>
        timer;
    bool waiting = false;
  };

  watched& watching(const ::asio::any_io_executor& ex) {
    const std::lock_guard hold(lock_);
    if (!watched_) watched_ = std::make_unique<watched>(ex);
    return *watched_;
  }
  // The context goes away: what runs is stopped, its handlers are destroyed without being called.
  void shutdown() override { watched_.reset(); }

  std::mutex lock_;
  std::unique_ptr<watched> watched_;
};

/// A handler that waits to be called, apart from the coroutine: GCC warns of coroutines in headers
/// that hold a caller's lambda.
struct completion {
  virtual ~completion() = default;
  /// On the context and by the handler's own executor; not from here, where the strand is held.
  virtual void post(std::exception_ptr thrown, completed_process result) = 0;
};

template <class Handler>
struct completion_of final : completion {
  using executor = ::asio::associated_executor_t<Handler, ::asio::any_io_executor>;

  completion_of(Handler h, const ::asio::any_io_executor& e)
      : handler(std::move(h)), ex(e), work(::asio::get_associated_executor(handler, e)) {}

  void post(std::exception_ptr thrown, completed_process result) override {
    auto call = [h = std::move(handler), thrown = std::move(thrown),
                 result = std::move(result)]() mutable {
      if (auto slot = ::asio::get_associated_cancellation_slot(h); slot.is_connected()) {
        slot.clear();
      }
      std::move(h)(std::move(thrown), std::move(result));
    };
    ::asio::post(ex, ::asio::bind_executor(work.get_executor(), std::move(call)));
  }

  Handler handler;
  ::asio::any_io_executor ex;
  ::asio::executor_work_guard<executor> work;
};

inline task<void> carry(loop& l, command cmd, options opts, std::stop_token stop,
                        std::unique_ptr<completion> done) {
  std::exception_ptr thrown;
  completed_process result;
  try {
    result = co_await async_run(l, cmd, opts, stop);
  } catch (...) {
    thrown = std::current_exception();
  }
  done->post(std::move(thrown), std::move(result));
}

struct start {
  template <class Handler>
  void operator()(Handler&& handler, const ::asio::any_io_executor& ex, command cmd,
                  options opts) const {
    std::stop_token stop;
    if (auto slot = ::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
      std::stop_source source;
      stop = source.get_token();
      slot.assign([source = std::move(source)](::asio::cancellation_type how) mutable {
        if (how != ::asio::cancellation_type::none) source.request_stop();
      });
    }
    using held = completion_of<std::decay_t<Handler>>;
    auto done = std::make_unique<held>(std::forward<Handler>(handler), ex);
    service& s = ::asio::use_service<service>(::asio::query(ex, ::asio::execution::context));
    s.spawn(ex, carry(s.of(ex), std::move(cmd), std::move(opts), std::move(stop), std::move(done)));
  }
};

}  // namespace detail

/// Run a command on an executor's context, as brood::async_run does: `co_await
/// brood::asio::async_run(executor, cmd, opts, asio::use_awaitable)`, or with use_future, a
/// callback `void(std::exception_ptr, brood::completed_process)` or any other token of that
/// signature.
///
/// The threads that run the context do all the work; no thread is added. There is one brood::loop
/// per context, made at the first call. A signal to the cancellation slot stops the command by its
/// ladder: its result has reason::cancelled, without an error. A context that is destroyed before
/// the end stops the command and does not call the handler.
///
/// \param ex  an executor whose context has Asio's reactor: io_context, thread_pool or a strand.
/// Threads: any. Errors: as run(), as the exception of the completion; spawn_error at once if there
/// is no descriptor for the loop.
template <class Executor, class Token>
requires(::asio::is_executor<Executor>::value ||
         ::asio::execution::is_executor<Executor>::value) auto async_run(const Executor& ex,
                                                                         command cmd, options opts,
                                                                         Token&& token) {
  return ::asio::async_initiate<Token, signature>(
      detail::start{}, token, ::asio::any_io_executor(ex), std::move(cmd), std::move(opts));
}

/// The same, on a context or an I/O object.
template <class Context, class Token>
requires(std::is_convertible_v<Context&, ::asio::execution_context&>) auto async_run(
    Context& context, command cmd, options opts, Token&& token) {
  return asio::async_run(context.get_executor(), std::move(cmd), std::move(opts),
                         std::forward<Token>(token));
}

}  // namespace brood::asio
