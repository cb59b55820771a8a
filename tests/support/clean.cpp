// Does a test leave the process, and the machine, as it found them?
// SPDX-License-Identifier: Apache-2.0
#include "clean.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string_view>
#include <thread>

#include "files.hpp"

namespace support {

namespace {

using namespace std::chrono_literals;

constexpr const char* mark_name = "BROOD_TEST_MARK";

// The numbers that name the entries of a directory of /proc, without the descriptor that lists it.
std::vector<int> numbers_in(const char* directory) {
  std::vector<int> numbers;
  DIR* d = opendir(directory);
  if (d == nullptr) return numbers;
  const bool is_fds = std::strcmp(directory, "/proc/self/fd") == 0;
  while (const dirent* e = readdir(d)) {
    if (e->d_name[0] < '0' || e->d_name[0] > '9') continue;
    const int number = std::atoi(e->d_name);
    if (!is_fds || number != dirfd(d)) numbers.push_back(number);
  }
  closedir(d);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t n = readlink(path.c_str(), target.data(), target.size());
  return n < 0 ? "?" : std::string(target.data(), static_cast<std::size_t>(n));
}

std::string signals_of(const sigset_t& set) {
  std::string text;
  for (int n = 1; n <= 64; ++n) {
    if (sigismember(&set, n) == 1) text += (text.empty() ? "" : " ") + std::to_string(n);
  }
  return "{" + text + "}";
}

std::map<int, std::string> all_descriptors() {
  std::map<int, std::string> result;
  for (const int fd : numbers_in("/proc/self/fd")) {
    std::ostringstream text;
    // The flags too: O_NONBLOCK left on a descriptor we were given is a classic.
    text << link_target("/proc/self/fd/" + std::to_string(fd)) << " (fd flags "
         << fcntl(fd, F_GETFD) << ", status flags 0" << std::oct << fcntl(fd, F_GETFL) << ")";
    result[fd] = text.str();
  }
  return result;
}

std::map<int, std::string> all_dispositions() {
  std::map<int, std::string> result;
  for (int n = 1; n <= 64; ++n) {
    struct sigaction action {};
    // libc keeps 32 and 33 to itself and refuses to tell.
    if (n == 32 || n == 33 || sigaction(n, nullptr, &action) != 0) continue;
    std::ostringstream text;
    if (action.sa_handler == SIG_DFL) {
      text << "default";
    } else if (action.sa_handler == SIG_IGN) {
      text << "ignored";
    } else {
      text << "handler " << reinterpret_cast<void*>(action.sa_handler) << " mask "
           << signals_of(action.sa_mask);
    }
    // SA_RESTORER is libc's own business: it appears as soon as anybody calls sigaction.
    constexpr int restorer = 0x04000000;
    text << " flags 0x" << std::hex << (action.sa_flags & ~restorer);
    result[n] = text.str();
  }
  return result;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  return text;
}

std::string describe(pid_t pid) {
  const std::string base = "/proc/" + std::to_string(pid);
  const std::string command = one_line(read_file(base + "/cmdline"));
  if (!command.empty()) return command;
  return one_line(read_file(base + "/comm")) + (pid_alive(pid) ? "" : " (zombie)");
}

std::string task_of(pid_t thread) { return "/proc/self/task/" + std::to_string(thread); }

std::map<pid_t, std::string> all_children() {
  std::map<pid_t, std::string> result;
  for (const int thread : numbers_in("/proc/self/task")) {
    std::istringstream pids(read_file(task_of(thread) + "/children"));
    for (pid_t pid = 0; pids >> pid;) result[pid] = describe(pid);
  }
  return result;
}

template <class Key>
void compare(const std::string& what, const std::map<Key, std::string>& before,
             const std::map<Key, std::string>& after, std::vector<std::string>& result) {
  for (const auto& [key, value] : before) {
    const std::string name = what + " " + std::to_string(key);
    const auto now = after.find(key);
    if (now == after.end()) {
      result.push_back(name + " is gone: " + value);
    } else if (now->second != value) {
      result.push_back(name + " was " + value + ", is " + now->second);
    }
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) {
      result.push_back(what + " " + std::to_string(key) + " is new: " + value);
    }
  }
}

void compare(const std::string& what, const std::string& before, const std::string& after,
             std::vector<std::string>& result) {
  if (before != after) result.push_back(what + " was " + before + ", is " + after);
}

std::string new_mark() {
  static int counter = 0;
  return std::to_string(getpid()) + "." + std::to_string(++counter) + "." +
         std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
}

bool has_entry(std::string_view environment, const std::string& entry) {
  while (!environment.empty()) {
    const std::size_t end = environment.find('\0');
    if (environment.substr(0, end) == entry) return true;
    if (end == std::string_view::npos) break;
    environment.remove_prefix(end + 1);
  }
  return false;
}

int remove_entry(const char* path, const struct stat*, int, FTW*) {
  std::remove(path);
  return 0;
}

void remove_tree(const std::string& path) {
  nftw(path.c_str(), remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void reap_if_ours(pid_t pid) {
  // Bounded, because a child that is not ours to end (a debugger's, say) must not hang the suite.
  poll_until(2s, [pid] { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

}  // namespace

snapshot snapshot::take() {
  snapshot s;
  s.descriptors = all_descriptors();
  s.dispositions = all_dispositions();
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  s.blocked = signals_of(mask);
  s.cwd = link_target("/proc/self/cwd");
  const mode_t mode = ::umask(0);
  ::umask(mode);
  std::ostringstream octal;
  octal << '0' << std::oct << mode;
  s.umask = octal.str();
  s.children = all_children();
  s.threads = numbers_in("/proc/self/task").size();
  for (char** e = environ; e != nullptr && *e != nullptr; ++e) s.environment.emplace_back(*e);
  std::sort(s.environment.begin(), s.environment.end());
  return s;
}

std::vector<std::string> differences(const snapshot& before, const snapshot& after) {
  std::vector<std::string> result;
  compare("descriptor", before.descriptors, after.descriptors, result);
  compare("disposition of signal", before.dispositions, after.dispositions, result);
  compare("signal mask", before.blocked, after.blocked, result);
  compare("working directory", before.cwd, after.cwd, result);
  compare("umask", before.umask, after.umask, result);
  compare("child", before.children, after.children, result);
  compare("number of threads", std::to_string(before.threads), std::to_string(after.threads),
          result);
  std::vector<std::string> changed;
  std::set_difference(before.environment.begin(), before.environment.end(),
                      after.environment.begin(), after.environment.end(),
                      std::back_inserter(changed));
  for (const std::string& entry : changed) result.push_back("environment lost " + entry);
  changed.clear();
  std::set_difference(after.environment.begin(), after.environment.end(),
                      before.environment.begin(), before.environment.end(),
                      std::back_inserter(changed));
  for (const std::string& entry : changed) result.push_back("environment gained " + entry);
  return result;
}

void expect_clean(const snapshot& before) {
  snapshot after;
  // A joined thread and a killed orphan leave /proc a moment after they are known to be gone.
  poll_until(2s, [&] {
    after = snapshot::take();
    return after.children == before.children && after.threads == before.threads;
  });
  for (const std::string& difference : differences(before, after)) {
    ADD_FAILURE() << "not clean: " << difference;
  }
}

std::vector<survivor> survivors(const std::string& mark) {
  std::vector<survivor> result;
  const std::string entry = std::string(mark_name) + "=" + mark;
  for (const int pid : numbers_in("/proc")) {
    if (pid == getpid()) continue;
    if (has_entry(read_file("/proc/" + std::to_string(pid) + "/environ"), entry)) {
      result.push_back({pid, describe(pid)});
    }
  }
  return result;
}

std::vector<survivor> survivors() {
  const char* mark = std::getenv(mark_name);
  return mark == nullptr ? std::vector<survivor>{} : survivors(mark);
}

bool none_survive() {
  return poll_until(patience, [] { return survivors().empty(); });
}

void os_test::SetUp() {
  ASSERT_NE(getpid(), 1) << "start the tests from an init: pid 1 adopts every orphan as its child";
  const char* base = std::getenv("TMPDIR");
  dir_ = std::string(base != nullptr ? base : "/tmp") + "/brood-test-XXXXXX";
  ASSERT_NE(mkdtemp(dir_.data()), nullptr) << dir_;
  // Through no symbolic link: tests compare it with what a child says its directory is.
  std::array<char, PATH_MAX> real{};
  if (realpath(dir_.c_str(), real.data()) != nullptr) dir_ = real.data();
  old_cwd_ = link_target("/proc/self/cwd");
  ASSERT_EQ(chdir(dir_.c_str()), 0);
  pid_t thread = 0;
  std::thread([&] { thread = gettid(); }).join();  // with the first, TSan starts one of its own
  poll_until(2s, [&] { return access(task_of(thread).c_str(), F_OK) != 0; });
  // The search for a journal ends below it: what others left in TMPDIR is not found.
  const char* home = std::getenv("HOME");
  old_home_ = home != nullptr ? std::optional<std::string>(home) : std::nullopt;
  setenv("HOME", dir_.substr(0, dir_.rfind('/')).c_str(), 1);
  mark_ = new_mark();
  setenv(mark_name, mark_.c_str(), 1);
  before_ = snapshot::take();
}

void os_test::TearDown() {
  std::vector<survivor> left;
  poll_until(2s, [&] { return (left = survivors(mark_)).empty(); });
  // Ended before anything is reported: they must not disturb the tests that follow. In rounds,
  // because one may have forked while it was looked for.
  for (int round = 0; round < 10 && !left.empty(); ++round) {
    for (const survivor& s : left) {
      if (round == 0) ADD_FAILURE() << "survivor: " << s.pid << " " << s.command;
      kill_pid(s.pid);
    }
    for (const survivor& s : left) wait_gone(s.pid, 2s);
    left = survivors(mark_);
  }
  expect_clean(before_);
  // The children a failed test left, zombies too: else each later test would report them again.
  for (const auto& [pid, command] : all_children()) {
    if (before_.children.contains(pid)) continue;
    kill_pid(pid);
    reap_if_ours(pid);
  }
  unsetenv(mark_name);
  old_home_ ? setenv("HOME", old_home_->c_str(), 1) : unsetenv("HOME");
  EXPECT_EQ(chdir(old_cwd_.c_str()), 0) << old_cwd_;
  remove_tree(dir_);
}

}  // namespace support
