// Redirects the command's output according to the flags, and shows afterwards what was held back.
// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <brood/stdio.hpp>

#include "exit.hpp"
#include "io.hpp"
#include "spool.hpp"

namespace cli {

namespace {

using kind = brood::stdio::kind;

brood::stdio appended(const brood::stdio& stream) {
  if (stream.what() != kind::file || (!stream.mode().empty() && stream.mode() != "w")) {
    return stream;
  }
  return brood::file(stream.path(), "a");
}

/// `stream` with a copy to the descriptor.
brood::stdio with_copy(const brood::stdio& stream, int descriptor) {
  switch (stream.what()) {
    case kind::merge_stdout:
      return stream;  // it is copied along with stdout
    case kind::devnull:
      return brood::tee({brood::fd(descriptor)});
    case kind::tee: {
      std::vector<brood::stdio> targets = stream.targets();
      targets.push_back(brood::fd(descriptor));
      return brood::tee(std::move(targets));
    }
    default:
      return brood::tee({stream, brood::fd(descriptor)});
  }
}

/// The same stream, but its bytes pass through the tool.
brood::stdio through(const brood::stdio& stream) {
  const bool not_seen = stream.what() == kind::inherit || stream.what() == kind::file;
  return not_seen ? brood::tee({stream}) : stream;
}

/// Opened twice, they would overwrite each other.
bool is_same_file(const brood::stdio& out, const brood::stdio& err) {
  if (out.what() != kind::file || err.what() != kind::file) return false;
  const auto place = [](const std::string& path) {
    std::error_code unknown;
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, unknown), unknown);
  };
  return out.path() == err.path() || place(out.path()) == place(err.path());
}

bool is_regular(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown);
}

bool is_pipe(int descriptor) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
}

/// In append mode, so that nobody who shares it overwrites the others.
int open_shared(const std::string& path, bool append) {
  const int how = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC);
  const int file = ::open(path.c_str(), how, 0666);
  if (file < 0) throw system_failure("open '" + path + "'");
  return file;
}

void append_line(const std::string& path, const std::string& line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const bool written = file >= 0 && write_all(file, line);
  if (file >= 0) ::close(file);
  if (!written) throw system_failure("write '" + path + "'");
}

/// The same stream, whose files keep what they have and get `line`.
brood::stdio continued(const brood::stdio& stream, const std::string& line) {
  if (stream.what() == kind::tee) {
    std::vector<brood::stdio> targets;
    for (const brood::stdio& t : stream.targets()) targets.push_back(continued(t, line));
    return brood::tee(std::move(targets));
  }
  if (stream.what() != kind::file || !is_regular(stream.path())) return stream;
  append_line(stream.path(), line);
  return appended(stream);
}

bool copy_all(int from, int to) {
  struct stat about {};
  return ::fstat(from, &about) == 0 &&
         copy_range(from, 0, static_cast<std::uint64_t>(about.st_size), to);
}

}  // namespace

void check_streams(const settings& s) {
  const auto refuse = [](bool both, const char* what) {
    if (both) throw failure{std::string("run: contradictory options: ") + what};
  };
  refuse(s.merge && s.has("err"), "--merge and --stderr");
  refuse(s.quiet_ok && s.json, "--quiet-ok and --json");
  refuse(s.quiet_ok && (s.has("out") || s.has("err")), "--quiet-ok and a redirection");
  for (const char* name : {"max_output", "max_output.policy", "text", "encoding", "errors"}) {
    if (s.json || !s.has(name) || (s.quiet_ok && s.has("max_output"))) continue;
    if (s.has("input") && !std::string_view(name).starts_with("max"))
      continue;  // they are about the input as well
    throw failure{std::string("run: ") + name +
                  " is about output that is collected: it needs --json, or --quiet-ok with "
                  "--max-output"};
  }
  if (s.append && s.tee.empty() && s.options.out.what() != kind::file &&
      s.options.err.what() != kind::file) {
    throw failure{"run: --append needs a file: --stdout, --stderr or --tee"};
  }
}

streams::streams(settings& s)
    : input_at_(::lseek(STDIN_FILENO, 0, SEEK_CUR)), quiet_ok_(s.quiet_ok), json_(s.json) {
  brood::options& o = s.options;
  if (s.append) {
    o.out = appended(o.out);
    o.err = appended(o.err);
  }
  const bool one_file = is_same_file(o.out, o.err);
  if (s.pipe) {
    if (s.merge) o.err = brood::STDOUT;
    open_once(s, one_file);
  } else if (s.merge || one_file) {
    o.err = brood::STDOUT;
  }
  if (s.json) {
    collect(s);
    bound(s);
  }
  // An idle timeout needs the output to pass through the tool.
  const bool through_us = o.idle_timeout.given();
  if (s.quiet_ok && s.has("max_output")) {
    collect(s);
  } else if (s.quiet_ok) {
    hold_back(o.out, held_out_, through_us);
    hold_back(o.err, held_err_, through_us);
  } else if (through_us && !o.capture_output) {
    o.out = through(o.out);
    o.err = through(o.err);
  }
  if (!s.tee.empty()) copy_to(s.tee, s);
}

streams::~streams() {
  for (const int fd : {tee_, errors_, held_out_, held_err_}) {
    if (fd >= 0) ::close(fd);
  }
}

void streams::collect(settings& s) {
  brood::options& o = s.options;
  if (o.capture_output) return;
  if (!s.has("out")) o.out = brood::PIPE;
  if (!s.has("err") && !s.merge) o.err = brood::PIPE;
}

/// The file of --stderr, which else each stage would open for itself, and empty.
void streams::open_once(settings& s, bool one_file) {
  brood::options& o = s.options;
  if (o.err.what() != kind::file) return;
  const bool exists = ::access(o.err.path().c_str(), F_OK) == 0;
  if (exists && !is_regular(o.err.path())) return;  // a FIFO's open may block: a stage's, not ours
  errors_ = open_shared(o.err.path(), s.append);
  o.err = brood::fd(errors_);
  if (one_file) o.out = o.err;
}

/// One object in memory, which a reader has to hold as well.
void streams::bound(settings& s) {
  constexpr std::uint64_t most = std::uint64_t{16} << 20;
  brood::output_limit& limit = s.options.max_output;
  if (s.has("max_output")) return;
  limit.bytes = most;
  if (!s.has("max_output.policy")) limit.policy = brood::overflow::keep_head_tail;
}

/// Into an unnamed file rather than memory, which the output may exceed.
void streams::hold_back(brood::stdio& stream, int& spool, bool through_us) {
  if (stream.what() == kind::merge_stdout) return;
  spool = make_spool();
  stream = through_us ? brood::tee({brood::fd(spool)}) : brood::fd(spool);
}

void streams::copy_to(const std::string& path, settings& s) {
  tee_ = open_shared(path, s.append);
  brood::options& o = s.options;
  if (o.capture_output) {
    o.out = brood::PIPE;
    o.err = brood::PIPE;
    o.capture_output = false;
  }
  o.out = with_copy(o.out, tee_);
  o.err = with_copy(o.err, tee_);
}

void streams::prepare_again(settings& s, const std::string& name) const {
  brood::options& o = s.options;
  const std::string line = "brood: " + name + "\n";
  o.out = continued(o.out, line);
  o.err = continued(o.err, line);
  if (tee_ >= 0) write_all(tee_, line);
  if (s.has("in") || s.has("input")) return;
  if (input_at_ >= 0) {
    (void)::lseek(STDIN_FILENO, input_at_, SEEK_SET);
  } else if (is_pipe(STDIN_FILENO) && !s.quiet) {
    complain(name + " reads on where the one before has stopped: stdin is a pipe");
  }
}

bool streams::show(const brood::completed_process& result) const {
  if (json_ || (quiet_ok_ && result.success())) return true;
  if (held_out_ >= 0 && !copy_all(held_out_, STDOUT_FILENO)) return false;
  if (held_err_ >= 0 && !copy_all(held_err_, STDERR_FILENO)) return false;
  return write_all(STDOUT_FILENO, result.out) && write_all(STDERR_FILENO, result.err);
}

}  // namespace cli
