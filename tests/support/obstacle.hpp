// Programs that run among obstacles, watched from outside of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

// What brood-obstacle puts up.
struct obstacle {
  std::string name;
  std::vector<std::string> flags;

  friend void PrintTo(const obstacle& o, std::ostream* to) { *to << o.name; }
};

// The words that execute `argv` among it.
std::vector<std::string> among(const obstacle& o, const std::vector<std::string>& argv);
// Why this machine does not allow it; empty: it does.
std::string why_not(const obstacle& o);

// A program with pipes on 0, 1 and 2 that never makes the test wait for ever. It and what it
// started among its obstacle are killed at the end.
class watched {
 public:
  watched(const std::vector<std::string>& argv,
          const std::vector<std::pair<std::string, std::string>>& env);
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  ~watched();

  void write_line(const std::string& text) const;
  void close_input();
  // The next line of stdout; none at end-of-file or once `limit` has passed.
  std::optional<std::string> line(std::chrono::milliseconds limit);
  // The status as waitpid() tells it, once stdout, which text() has then, is at its end.
  std::optional<int> wait(std::chrono::milliseconds limit);
  const std::string& text() const { return text_; }
  bool ended();
  // What stderr has, up to the size of a pipe.
  std::string err();

 private:
  bool read_some(std::chrono::milliseconds limit);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string text_;
  std::string err_text_;
  std::optional<int> status_;
};

// Where in a tree of brood-helper's leak-tree a process is, as its session tells.
enum class place {
  near,     // in the session of this test: the command, and the children that did not leave
  session,  // leads a session of its own
  daemon,   // of a session whose leader is gone
};

struct left_over {
  pid_t pid;
  int inner_pid;  // in the innermost PID namespace
  place where;
  std::string command;
};

// The processes with the mark `mark`, but for the launcher's own.
std::vector<left_over> left_of(const std::string& mark);

}  // namespace support
