// obstacle-host: a program that uses the library, one case for each line on its stdin.
// SPDX-License-Identifier: Apache-2.0

// FACE is a level, a level with "-lenient" (best effort) behind it, or a level behind "pool-". A
// line is ENDING MARK PIDS: how the command is to end, the mark of its environment, and the file to
// which its processes write their numbers. The answer is a line of KEY=VALUE, between tabs.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include <brood/brood.hpp>

#include "sys/proc.hpp"

namespace {

using namespace std::chrono_literals;

struct face {
  brood::containment level = brood::containment::process;
  bool lenient = false;
  bool pooled = false;
};

face face_of(std::string_view name) {
  face f;
  if (name.substr(0, 5) == "pool-") {
    f.pooled = true;
    name.remove_prefix(5);
  }
  const std::size_t at = name.find("-lenient");
  f.lenient = at != std::string_view::npos;
  name = name.substr(0, at);
  for (const auto level :
       {brood::containment::group, brood::containment::tree, brood::containment::sealed}) {
    if (name == brood::to_string(level)) f.level = level;
  }
  return f;
}

class host {
 public:
  explicit host(face f) : face_(f) {}

  std::string answer(const std::string& ending, const std::string& mark, const std::string& pids) {
    try {
      return play(ending, mark, pids);
    } catch (const brood::error& e) {
      if (e.result() != nullptr && e.kind() == brood::error_kind::timed_out) {
        return text_of(*e.result());
      }
      return "error=" + std::string(brood::to_string(e.kind())) + "\ttext=" + e.what();
    } catch (const std::exception& e) {
      return std::string("error=exception\ttext=") + e.what();
    }
  }

 private:
  static std::string text_of(const brood::exit_status& s) {
    if (s.code()) return "code=" + std::to_string(*s.code());
    return s.signal() ? "signal=" + std::to_string(*s.signal()) : "status=unknown";
  }

  static std::string text_of(const brood::completed_process& r) {
    std::string text = text_of(r.status);
    text += "\treason=" + std::string(brood::to_string(r.reason));
    text += "\tlevel=" + std::string(brood::to_string(r.containment));
    text += "\tpid=" + std::to_string(r.pid) + "\tout=" + r.out.substr(0, r.out.find('\n'));
    for (const std::string& line : r.degraded) text += "\tdegraded=" + line;
    return text;
  }

  brood::pool& pool() {
    if (!pool_) pool_ = std::make_unique<brood::pool>(brood::pool_options{.max_workers = 2});
    return *pool_;
  }

  static void await_pids(const std::string& path, int most, const brood::job& job) {
    for (int i = 0; i < 10'000 && !job.done(); ++i) {
      std::ifstream file(path);
      std::string line;
      int count = 0;
      while (std::getline(file, line)) ++count;
      if (count >= most) return;
      ::usleep(1000);
    }
  }

  std::string play(const std::string& ending, const std::string& mark, const std::string& pids) {
    const std::string helper = ::getenv("BROOD_HELPER");
    brood::options o{.out = brood::PIPE,
                     .env = brood::environment::inherit().set("BROOD_TEST_MARK", mark),
                     .stop = {{SIGTERM, 50ms}, {SIGKILL, {}}},
                     .contain = face_.level,
                     .best_effort = face_.lenient};
    if (ending == "exit") return run({helper, "out", "hi", "+", "exit", "7"}, o);
    if (ending == "leave") {
      return run(
          {helper, "setsid-bg", "close", "1", ",", "pause", "+", "out", "hi", "+", "exit", "7"}, o);
    }
    if (ending == "ignored") return run_ignored({helper, "out", "hi", "+", "exit", "7"}, o);
    const bool crowd = ending == "crowd";
    const brood::command tree =
        crowd ? brood::command{helper, "fork-tree", "1", "100", pids, "+", "pause"}
              : brood::command{helper, "leak-tree", pids};
    if (ending == "timeout") o.timeout = 150ms;
    if (ending == "timeout" || ending == "death") return run(tree, o);
    if (face_.pooled) {
      const brood::job job = pool().submit(tree, o);
      await_pids(pids, crowd ? 101 : 5, job);
      job.cancel();
      return text_of(job.result());
    }
    brood::process p = brood::spawn(tree, o);
    const int pid = p.pid();
    (void)p.out().read_line();
    if (ending == "request") p.request_stop();
    return text_of(ending == "request" ? p.wait() : p.stop()) + "\tpid=" + std::to_string(pid);
  }

  // The kernel reaps the children of whoever ignores this signal.
  std::string run_ignored(const brood::command& c, const brood::options& o) {
    ::signal(SIGCHLD, SIG_IGN);
    std::string text = run(c, o);
    ::signal(SIGCHLD, SIG_DFL);
    return text;
  }

  std::string run(const brood::command& c, const brood::options& o) {
    return text_of(face_.pooled ? pool().submit(c, o).result() : brood::run(c, o));
  }

  face face_;
  std::unique_ptr<brood::pool> pool_;
};

// What the layers below make of /proc.
int say_proc() {
  brood::detail::pod_array<int> found;
  const int children = brood::detail::sys::read_children(::getppid(), found);
  const bool alive = brood::detail::sys::group_is_alive(1 << 29);
  std::cout << brood::detail::sys::proc_is_ours() << " " << children << " " << alive << std::endl;
  return 0;
}

}  // namespace

int main(int, char** argv) {
  if (argv[1] == std::string("proc")) return say_proc();
  host h(face_of(argv[1] ? argv[1] : ""));
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string ending;
    std::string mark;
    std::string pids;
    words >> ending >> mark >> pids;
    std::cout << h.answer(ending, mark, pids) << std::endl;
  }
}
