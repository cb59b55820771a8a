// Programs that run among obstacles, watched from outside of them.
// SPDX-License-Identifier: Apache-2.0
#include "obstacle.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "bare.hpp"
#include "clean.hpp"
#include "files.hpp"
#include "helper.hpp"
#include "temp_pipe.hpp"

namespace support {

namespace {

using clock = std::chrono::steady_clock;

std::string launcher() { return OBSTACLE_PATH; }

int inner_pid_of(pid_t pid) {
  for (const std::string& line : lines_of("/proc/" + std::to_string(pid) + "/status")) {
    if (line.rfind("NSpid:", 0) == 0) return std::stoi(line.substr(line.rfind('\t')));
  }
  return pid;
}

pid_t session_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return -1;
  std::istringstream rest(stat.substr(name_end + 1));
  std::string state;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  rest >> state >> parent >> group >> session;
  return session;
}

}  // namespace

std::vector<std::string> among(const obstacle& o, const std::vector<std::string>& argv) {
  std::vector<std::string> words{launcher()};
  words.insert(words.end(), o.flags.begin(), o.flags.end());
  words.emplace_back("--");
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

std::string why_not(const obstacle& o) {
  constexpr int cannot = 77;
  const finished end = run_bare(among(o, {helper(), "exit", "0"}));
  return end.code == cannot ? end.err : "";
}

watched::watched(const std::vector<std::string>& argv,
                 const std::vector<std::pair<std::string, std::string>>& env) {
  // Everything that allocates comes before the fork: other threads may have locks.
  std::vector<std::string> words = argv;
  std::vector<std::string> entries;
  for (const auto& [name, value] : env) entries.push_back(name + "=" + value);
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string_view entry = *e;
    bool replaced = false;
    for (const auto& [name, value] : env) replaced |= entry.substr(0, entry.find('=')) == name;
    if (!replaced) entries.emplace_back(entry);
  }
  std::vector<char*> argv_pointers;
  std::vector<char*> env_pointers;
  for (std::string& w : words) argv_pointers.push_back(w.data());
  for (std::string& e : entries) env_pointers.push_back(e.data());
  argv_pointers.push_back(nullptr);
  env_pointers.push_back(nullptr);
  temp_pipe in;
  temp_pipe out;
  temp_pipe err;  // no file, as their size may be limited
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    dup2(in.read_end(), 0);
    dup2(out.write_end(), 1);
    dup2(err.write_end(), 2);
    execvpe(argv_pointers[0], argv_pointers.data(), env_pointers.data());
    _exit(127);
  }
  in_ = in.release_write();
  out_ = out.release_read();
  err_ = err.release_read();
}

watched::~watched() {
  close_input();
  if (!status_) {
    kill_pid(pid_);
    (void)waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
  close(err_);
}

void watched::write_line(const std::string& text) const {
  const std::string whole = text + "\n";
  (void)!::write(in_, whole.data(), whole.size());
}

void watched::close_input() {
  if (in_ >= 0) close(std::exchange(in_, -1));
}

bool watched::read_some(std::chrono::milliseconds limit) {
  if (out_ < 0) return false;
  pollfd p{out_, POLLIN, 0};
  if (poll(&p, 1, static_cast<int>(std::max<long>(limit.count(), 0))) <= 0) return false;
  char block[4096];
  const ssize_t n = read(out_, block, sizeof block);
  if (n > 0) {
    text_.append(block, static_cast<std::size_t>(n));
  } else {
    close(std::exchange(out_, -1));
  }
  return n > 0;
}

std::optional<std::string> watched::line(std::chrono::milliseconds limit) {
  using std::chrono::duration_cast;
  const auto end = clock::now() + limit;
  for (;;) {
    const std::size_t at = text_.find('\n');
    if (at != std::string::npos) {
      std::string found = text_.substr(0, at);
      text_.erase(0, at + 1);
      return found;
    }
    if (!read_some(duration_cast<std::chrono::milliseconds>(end - clock::now()))) return {};
  }
}

bool watched::ended() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_.has_value();
}

std::optional<int> watched::wait(std::chrono::milliseconds limit) {
  using namespace std::chrono_literals;
  close_input();
  poll_until(limit, [this] {
    if (out_ >= 0) read_some(1ms);
    return ended();
  });
  while (status_ && read_some(0ms)) {
  }
  return status_;
}

std::string watched::err() {
  char block[4096];
  pollfd p{err_, POLLIN, 0};
  while (poll(&p, 1, 0) > 0) {
    const ssize_t n = read(err_, block, sizeof block);
    if (n <= 0) break;
    err_text_.append(block, static_cast<std::size_t>(n));
  }
  return err_text_;
}

std::vector<left_over> left_of(const std::string& mark) {
  std::vector<left_over> all;
  for (const survivor& s : survivors(mark)) {
    if (s.command.rfind(launcher(), 0) == 0) continue;
    const pid_t session = session_of(s.pid);
    const place where = session == getsid(0) ? place::near
                        : session == s.pid   ? place::session
                                             : place::daemon;
    all.push_back({s.pid, inner_pid_of(s.pid), where, s.command});
  }
  return all;
}

}  // namespace support
