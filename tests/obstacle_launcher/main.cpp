// brood-obstacle: puts obstacles up, and executes a program among them.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "launcher.hpp"

namespace launcher {

namespace {

constexpr char usage[] =
    "brood-obstacle [OPTIONS] -- PROGRAM [ARGUMENTS]\n"
    "  --refuse CALL[:ARG=VALUE|:ARG&BITS]=ERROR  it fails with ERROR, perhaps for one argument "
    "only\n"
    "  --like NAME  the calls of: linux-4.18 linux-5.3 linux-5.4 old-container gvisor no-memfd\n"
    "  --no-proc  nothing is mounted there\n"
    "  --foreign-proc  it is that of another PID namespace\n"
    "  --nofile N, --fsize N, --nproc N  limits, soft and hard\n"
    "  --nice N  added to the niceness\n"
    "Exits with 77 where this machine does not allow it.";

struct obstacles {
  std::vector<rule> rules;
  bool no_proc = false;
  bool foreign_proc = false;
  int nice = 0;
  char** program = nullptr;
};

long number_of(const char* text) {
  char* end = nullptr;
  const long n = std::strtol(text, &end, 10);
  if (end == text || *end != '\0') fail(2, std::string("not a number: ") + text);
  return n;
}

template <class Resource>
void limit(Resource which, const char* text) {
  const auto n = static_cast<rlim_t>(number_of(text));
  const rlimit both{n, n};
  if (setrlimit(which, &both) != 0) fail_errno("limit");
}

void set(obstacles& o, std::string_view name, const char* value) {
  if (name == "--refuse") {
    o.rules.push_back(parse_rule(value));
  } else if (name == "--like") {
    const std::vector<rule> more = rules_of(value);
    o.rules.insert(o.rules.end(), more.begin(), more.end());
  } else if (name == "--nofile") {
    limit(RLIMIT_NOFILE, value);
  } else if (name == "--fsize") {
    limit(RLIMIT_FSIZE, value);
  } else if (name == "--nproc") {
    limit(RLIMIT_NPROC, value);
  } else if (name == "--nice") {
    o.nice = static_cast<int>(number_of(value));
  } else {
    fail(2, usage);
  }
}

obstacles parse(char** words) {
  obstacles o;
  for (++words; *words != nullptr; ++words) {
    const std::string_view name = *words;
    if (name == "--") {
      o.program = words + 1;
      break;
    }
    if (name == "--no-proc") {
      o.no_proc = true;
    } else if (name == "--foreign-proc") {
      o.foreign_proc = true;
    } else if (words[1] != nullptr) {
      set(o, name, *++words);
    } else {
      break;
    }
  }
  if (o.program == nullptr || *o.program == nullptr) fail(2, usage);
  return o;
}

}  // namespace

void fail(int status, const std::string& what) {
  const std::string line = "brood-obstacle: " + what + "\n";
  (void)!write(2, line.data(), line.size());
  _exit(status);
}

void fail_errno(const std::string& what) {
  const int error = errno;
  fail(cannot, what + ": " + std::strerror(error));
}

}  // namespace launcher

int main(int, char** argv) {
  using namespace launcher;
  const obstacles o = parse(argv);
  if (o.no_proc) hide_proc();
  if (o.foreign_proc) keep_foreign_proc();
  errno = 0;
  if (o.nice != 0 && nice(o.nice) == -1 && errno != 0) fail_errno("nice");
  refuse(o.rules);
  execvp(o.program[0], o.program);
  const int status = errno == ENOENT ? 127 : 126;
  fail(status, std::string("cannot execute ") + o.program[0] + ": " + std::strerror(errno));
}
