// Which system calls a run takes, ours next to the peers': counted by strace, not timed.
// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <brood/brood.hpp>

#include "measure.hpp"
#include "raw.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;

constexpr std::size_t repeats = 10;
constexpr const char* strace = "/usr/bin/strace";

void must(bool good) {
  if (!good) bench::die("no success");
}

void wait_for(const char* milliseconds) {
  brood::process p = brood::spawn({BIN "/bench-sleeper", milliseconds}, {.out = brood::DEVNULL});
  raw::mark();
  must(p.wait_for(10s).has_value());
  raw::mark();
}

template <class F>
void repeat(F f) {
  f();  // what is done only once per process
  raw::mark();
  for (std::size_t i = 0; i < repeats; ++i) f();
  raw::mark();
}

/// What is traced, by name: by the library, and by hand.
void perform(const std::string& what) {
  const brood::command noop{BIN "/bench-noop"};
  const brood::command hello{BIN "/bench-hello"};
  const raw::words words({BIN "/bench-noop"});
  const auto start = [&](containment c) {
    repeat([&] { must(brood::spawn(noop, {.contain = c}).wait().success()); });
  };
  const auto capture = [&](const brood::command& command, const brood::options& how) {
    repeat([&] { must(brood::run(command, how).success()); });
  };
  if (what == "process") return start(containment::process);
  if (what == "tree") return start(containment::tree);
  if (what == "sealed") return start(containment::sealed);
  if (what == "capture") return capture(noop, {.capture_output = true});
  if (what == "lines") return capture(hello, {.capture_output = true});
  if (what == "timeout") return capture(noop, {.capture_output = true, .timeout = 10s});
  if (what == "wait") return wait_for("300");
  if (what == "raw") return repeat([&] { raw::run(words); });
  if (what == "raw lines") {
    const raw::words lines({BIN "/bench-hello"});
    return repeat([&] {
      raw::bytes out;
      raw::bytes err;
      raw::capture(lines, out, err);
    });
  }
  bench::die("nothing is called so", what);
}

/// Calls by name, of the caller and of all that it started, between the marks.
struct trace {
  std::map<std::string, std::size_t> caller;
  std::map<std::string, std::size_t> others;
};

std::size_t total(const std::map<std::string, std::size_t>& calls) {
  std::size_t sum = 0;
  for (const auto& [name, count] : calls) sum += count;
  return sum;
}

/// Lines such as "1234 close(3) = 0"; of an interrupted one only the beginning counts.
trace parse(const std::string& file) {
  std::ifstream in(file);
  trace t;
  std::string caller;
  bool marked = false;
  for (std::string pid, rest; in >> pid && std::getline(in, rest);) {
    const std::size_t from = rest.find_first_not_of(' ');
    const std::size_t open = rest.find('(');
    if (from == rest.npos || open == rest.npos || rest[from] < 'a' || rest[from] > 'z') continue;
    const std::string name = rest.substr(from, open - from);
    if (rest.find("write(-1") == from) {
      marked = !marked;
      caller = pid;
    } else if (marked) {
      ++(pid == caller ? t.caller : t.others)[name];
    }
  }
  return t;
}

trace run_traced(std::vector<std::string> command, const std::string& input) {
  const std::string file = "/tmp/brood-calls." + std::to_string(getpid());
  std::vector<std::string> words{strace, "-f", "-qq", "-o", file};
  words.insert(words.end(), command.begin(), command.end());
  (void)brood::run(words, {.input = input, .out = brood::DEVNULL, .check = true});
  trace t = parse(file);
  unlink(file.c_str());
  return t;
}

trace ours(const std::string& what) { return run_traced({raw::self(), "--role", what}, {}); }

std::string list(const std::map<std::string, std::size_t>& calls, std::size_t runs) {
  std::vector<std::pair<std::size_t, std::string>> sorted;
  for (const auto& [name, count] : calls) sorted.emplace_back(count, name);
  std::sort(sorted.rbegin(), sorted.rend());
  std::string text;
  for (const auto& [count, name] : sorted) {
    const double each = static_cast<double>(count) / static_cast<double>(runs);
    if (each != 1) text += bench::format("%.3g ", each);
    text += name + ", ";
  }
  return text.substr(0, text.size() - std::min<std::size_t>(text.size(), 2));
}

void compare(bench::report& out, const std::string& what, const trace& a, const trace& b,
             std::size_t runs) {
  const auto each = [&](const auto& calls) {
    return static_cast<double>(total(calls)) / static_cast<double>(runs);
  };
  out.add({what + ", by the caller", each(a.caller), each(b.caller), "calls"});
  out.note("ours: " + list(a.caller, runs));
  out.note("peer: " + list(b.caller, runs));
  if (a.others.empty() && b.others.empty()) return;
  out.add({what + ", by what it starts", each(a.others), each(b.others), "calls"});
  out.note("ours: " + list(a.others, runs));
  out.note("peer: " + list(b.others, runs));
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments args(argc, argv);
  if (const std::string role = args.text("role"); !role.empty()) return perform(role), 0;
  bench::report out("calls", args);
  if (access(strace, X_OK) != 0) {
    out.note("not counted: there is no strace");
    return 0;
  }
  const std::vector<std::string> peer{args.text("python", "/usr/bin/python3"),
                                      HERE "/python_peer.py", BIN};
  const auto python = [&](const std::string& line) { return run_traced(peer, line + '\n'); };
  const std::string ten = ' ' + std::to_string(repeats);
  out.note(
      "a peer that is not named is the loop by hand: clone, execve, waitid; or with pipes and "
      "poll");
  const trace by_hand = ours("raw");
  compare(out, "contain=process", ours("process"), by_hand, repeats);
  compare(out, "contain=tree", ours("tree"), by_hand, repeats);
  compare(out, "contain=sealed", ours("sealed"), by_hand, repeats);
  compare(out, "two lines captured", ours("lines"), ours("raw lines"), repeats);
  compare(out, "capture, CPython", ours("capture"), python("trace-run" + ten), repeats);
  compare(out, "capture with timeout, CPython", ours("timeout"), python("trace-timeout" + ten),
          repeats);
  trace own_wait = ours("wait");
  trace python_wait = python("wait 300");
  own_wait.others.clear();
  python_wait.others.clear();
  compare(out, "wait_for(10s) of 0.3 s, CPython", own_wait, python_wait, 1);
}
