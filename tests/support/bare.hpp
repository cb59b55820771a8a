// Starts a program by plain fork and exec, without brood: how the tool is tested from outside.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

struct finished {
  int code = -1;   // the exit status, -1 if a signal ended it
  int signal = 0;  // the signal that ended it, or 0
  std::string out;
  std::string err;
  double seconds = 0;
};

struct bare_options {
  std::string input;             // written to stdin, which is then closed
  bool keep_input_open = false;  // not closed: the test calls write() and close_input()
  bool new_session = false;
  std::vector<std::pair<std::string, std::string>> env;  // in addition to ours
  std::string cwd;
};

// One child with pipes on 0, 1 and 2. After 60 seconds it is killed and the test fails. The
// destructor kills and reaps what was not waited for.
class bare_process {
 public:
  explicit bare_process(const std::vector<std::string>& argv, const bare_options& options = {});
  bare_process(const bare_process&) = delete;
  bare_process& operator=(const bare_process&) = delete;
  ~bare_process();

  pid_t pid() const { return pid_; }
  void signal(int number) const;  // to the child alone; nothing once it was reaped

  void write(std::string_view text);
  void close_input();

  // Reads stdout on until `text` came; what came since the last call, up to and with `text`. Fails
  // the test, and returns what there was, at end-of-file or after 20 seconds.
  std::string read_until(std::string_view text);

  // To the end of both streams, or of the child: a descendant that keeps a pipe open is given
  // 100 ms of silence and no more.
  finished wait();

 private:
  using clock = std::chrono::steady_clock;

  // Moves bytes once; false if nothing came within `limit`.
  bool pump(std::chrono::milliseconds limit);
  bool reap(bool block);
  bool expired();
  void read_from(int& fd, std::string& to);
  void feed();

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  bool keep_input_open_ = false;
  std::string input_;
  std::size_t fed_ = 0;
  std::size_t seen_ = 0;
  std::optional<int> status_;
  clock::time_point start_;
  finished result_;
};

// Start, feed, wait.
finished run_bare(const std::vector<std::string>& argv, const std::string& input = {},
                  const std::vector<std::pair<std::string, std::string>>& env = {});

}  // namespace support
