// The loop under tasks that share a descriptor, close one, or were copied by fork.
// SPDX-License-Identifier: Apache-2.0
#include "loop/event_loop.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/helper.hpp"
#include "support/temp_pipe.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace {

using brood::detail::deadline;
using brood::detail::event_loop;
using brood::detail::loop_task;
namespace sys = brood::detail::sys;
using sys::wait_item;

struct counting final : loop_task {
  explicit counting(event_loop& l) : loop(l) {}
  ~counting() override { loop.forget(*this); }
  void proceed() override {
    ++calls;
    came.assign(ready().begin(), ready().end());
  }
  event_loop& loop;
  int calls = 0;
  std::vector<wait_item> came;
};

// A forked copy of this process, which has all its descriptors open until the end of the scope.
class forked_copy {
 public:
  forked_copy() : pid_(fork()) {
    if (pid_ != 0) return;
    char c;
    hold_.close_write();
    (void)!read(hold_.read_end(), &c, 1);
    _exit(0);
  }
  ~forked_copy() {
    hold_.close_write();
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }

 private:
  support::temp_pipe hold_;
  pid_t pid_;
};

deadline soon() { return deadline::after(sys::now(), 20'000'000); }

class EventLoop : public support::os_test, public ::testing::WithParamInterface<bool> {
 protected:
  std::unique_ptr<event_loop> make() { return event_loop::make(GetParam()).value(); }
};
INSTANTIATE_TEST_SUITE_P(All, EventLoop, ::testing::Bool(),
                         [](const auto& i) { return i.param ? "poll" : "epoll"; });

TEST_P(EventLoop, SaysWhichDescriptorIsReady) {
  const auto loop = make();
  support::temp_pipe a;
  support::temp_pipe b;
  counting task(*loop);
  const wait_item items[] = {wait_item::to_read(a.read_end()), wait_item::to_read(b.read_end())};
  loop->watch(task, items, deadline::never());
  ASSERT_EQ(write(b.write_end(), "x", 1), 1);
  EXPECT_TRUE(loop->turn(soon()));
  ASSERT_EQ(task.came.size(), 2U);
  EXPECT_FALSE(task.came[0].ready.in);
  EXPECT_TRUE(task.came[1].ready.in);
  // What was ready is not any more when only the moment has come.
  char c;
  ASSERT_EQ(read(b.read_end(), &c, 1), 1);
  loop->watch(task, items, deadline::at(0));
  EXPECT_TRUE(loop->turn(soon()));
  EXPECT_FALSE(task.came[1].ready.in);
  EXPECT_EQ(task.calls, 2);
}

TEST_P(EventLoop, WaitsForBothDirectionsOfOneDescriptor) {
  const auto loop = make();
  sys::fd ours;
  sys::fd theirs;
  ASSERT_EQ(sys::make_stream_pair(ours, theirs), 0);
  counting task(*loop);
  const wait_item items[] = {wait_item::to_write(ours.get()), wait_item::to_read(ours.get())};
  loop->watch(task, items, deadline::never());
  EXPECT_TRUE(loop->turn(soon()));
  EXPECT_TRUE(task.came[0].ready.out);
  EXPECT_FALSE(task.came[1].ready.any());
  ASSERT_EQ(sys::write_some(theirs.get(), "x", 1), 1);
  EXPECT_TRUE(loop->turn(soon()));
  EXPECT_TRUE(task.came[0].ready.out);
  EXPECT_TRUE(task.came[1].ready.in);
}

TEST_P(EventLoop, WatchesOneDescriptorForTwoTasks) {
  const auto loop = make();
  support::temp_pipe p;
  counting first(*loop);
  counting second(*loop);
  const auto item = wait_item::to_read(p.read_end());
  loop->watch(first, {&item, 1}, deadline::never());
  loop->watch(second, {&item, 1}, deadline::never());
  ASSERT_EQ(write(p.write_end(), "x", 1), 1);
  EXPECT_TRUE(loop->turn(soon()));
  EXPECT_TRUE(first.calls == 1 && first.came[0].ready.in);
  EXPECT_TRUE(second.calls == 1 && second.came[0].ready.in);
}

// epoll(7) refuses files: they are always ready, and looked at now and then.
TEST_P(EventLoop, LooksAtWhatCannotBeWatched) {
  const auto loop = make();
  const sys::fd file(sys::make_memory_file("test"));
  ASSERT_TRUE(file);
  counting task(*loop);
  const auto item = wait_item::to_read(file.get());
  loop->watch(task, {&item, 1}, deadline::never());
  EXPECT_TRUE(loop->turn(deadline::after(sys::now(), 1'000'000'000)));
  EXPECT_TRUE(task.came[0].ready.in);
}

TEST_P(EventLoop, DoesNotSpinOverWhatACopyOfTheHostKeepsOpen) {
  const auto loop = make();
  auto p = std::make_unique<support::temp_pipe>();
  counting task(*loop);
  const auto item = wait_item::to_read(p->read_end());
  loop->watch(task, {&item, 1}, deadline::never());
  const forked_copy copy;
  loop->closing(task, p->read_end());
  p->close_write();
  p.reset();
  loop->watch(task, {}, deadline::never());
  EXPECT_FALSE(loop->turn(soon()));
}

TEST_P(EventLoop, ACopyOfTheHostTakesNothingAway) {
  const auto loop = make();
  support::temp_pipe p;
  auto task = std::make_unique<counting>(*loop);
  const auto item = wait_item::to_read(p.read_end());
  loop->watch(*task, {&item, 1}, deadline::never());
  const pid_t pid = fork();
  if (pid == 0) {
    task.reset();  // what destructors do at the end of the copy
    _exit(0);
  }
  ASSERT_GT(pid, 0);
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  ASSERT_EQ(write(p.write_end(), "x", 1), 1);
  EXPECT_TRUE(loop->turn(soon()));
  EXPECT_EQ(task->calls, 1);
}

using LoopOfCommands = support::os_test;

TEST_F(LoopOfCommands, AnEndLeavesNothingToTheLoopThatACopyOfTheHostKeepsOpen) {
  brood::loop loop;
  support::temp_pipe in;
  const brood::command cmd(
      std::vector<std::string>{support::helper(), "out", "x", "+", "read-input-line"});
  const brood::options o{.in = brood::fd(in.read_end()), .out = brood::PIPE};
  bool over = false;
  const auto run = [&]() -> brood::task<void> {
    const auto r = co_await brood::async_run(loop, cmd, o);
    EXPECT_EQ(r.out, "xgot: go\n");
    over = true;
  };
  loop.spawn(run());
  (void)loop.poll();
  const forked_copy copy;
  ASSERT_EQ(write(in.write_end(), "go\n", 3), 3);
  while (!over && loop.run_one()) {
  }
  EXPECT_TRUE(over);
  EXPECT_FALSE(loop.poll());
}

}  // namespace
