// Copies the output of jobs to where it is shown, or to the file in which it waits for its turn.
// SPDX-License-Identifier: Apache-2.0
#include "map/printer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "exit.hpp"
#include "io.hpp"
#include "spool.hpp"

namespace cli {

namespace {

/// Copies with `tag` before each line. False, with errno set: it could not be written.
bool copy_tagged(const extent& what, int to, std::string_view tag,
                 const brood::callback<bool()>& go_on) {
  std::array<char, 65536> block;
  std::string text;
  bool line_begins = true;
  for (std::uint64_t done = 0; done < what.length;) {
    const std::uint64_t most = std::min<std::uint64_t>(block.size(), what.length - done);
    const ssize_t n = read_at(what.file, std::span(block).first(most), what.from + done);
    if (n < 0) return false;
    if (n == 0) break;
    done += static_cast<std::uint64_t>(n);
    text.clear();
    for (std::string_view rest(block.data(), static_cast<std::size_t>(n)); !rest.empty();) {
      if (line_begins) text += tag;
      const std::size_t end = rest.find('\n');
      line_begins = end != rest.npos;
      const std::size_t length = line_begins ? end + 1 : rest.size();
      text += rest.substr(0, length);
      rest.remove_prefix(length);
    }
    if (!write_all(to, text, go_on)) return false;
  }
  return true;
}

}  // namespace

printer::~printer() {
  if (file_ >= 0) ::close(file_);
}

void printer::fail(int to) const {
  const int why = errno;
  const std::string where = to == STDOUT_FILENO ? "stdout"
                            : to == STDERR_FILENO
                                ? "stderr"
                                : "the file below '" + spool_folder() + "' that keeps output";
  throw system_failure("cannot write to " + where, why);
}

int printer::target_of(std::uint64_t seq, int to) {
  if (!in_order_ || seq == turn_) return to;
  if (file_ < 0) file_ = make_spool();
  return file_;
}

/// Notes that what was just added to the file belongs to job `seq` and has to go to `to`.
void printer::note(std::uint64_t seq, int to) {
  const auto end = static_cast<std::uint64_t>(::lseek(file_, 0, SEEK_END));
  if (end > file_size_) held_[seq].parts.push_back({to, file_size_, end - file_size_});
  file_size_ = end;
}

void printer::show(std::uint64_t seq, const extent& what, int to, std::string_view tag) {
  if (what.length == 0) return;
  const int target = target_of(seq, to);
  const bool done = tag.empty() ? copy_range(what.file, what.from, what.length, target, go_on_)
                                : copy_tagged(what, target, tag, go_on_);
  if (!done) fail(target);
  target != to ? note(seq, to) : note_end(to, what);
}

void printer::show(std::uint64_t seq, std::string_view text, int to) {
  if (text.empty()) return;
  const int target = target_of(seq, to);
  if (!write_all(target, text, go_on_)) fail(target);
  target != to ? note(seq, to) : note_end(to, text.back());
}

/// Where our own text goes to a terminal, and so does this.
bool printer::is_beside_ours(int to) { return ::isatty(STDERR_FILENO) == 1 && ::isatty(to) == 1; }

void printer::note_end(int to, char last) {
  if (is_beside_ours(to)) line_is_open_ = last != '\n';
}

void printer::note_end(int to, const extent& what) {
  if (!is_beside_ours(to)) return;
  char last = '\n';
  (void)read_at(what.file, std::span(&last, 1), what.from + what.length - 1);
  line_is_open_ = last != '\n';
}

void printer::end_line() {
  if (std::exchange(line_is_open_, false)) (void)write_all(STDERR_FILENO, "\n", go_on_);
}

void printer::release(held_job& job) {
  for (const part& p : job.parts) {
    if (!copy_range(file_, p.from, p.length, p.to, go_on_)) fail(p.to);
    note_end(p.to, extent{file_, p.from, p.length});
  }
  job.parts.clear();
}

void printer::finish(std::uint64_t seq) {
  if (!in_order_) return;
  if (seq != turn_) {
    held_[seq].finished = true;
    return;
  }
  ++turn_;
  while (!held_.empty() && held_.begin()->first == turn_) {
    release(held_.begin()->second);
    const bool finished = held_.begin()->second.finished;
    held_.erase(held_.begin());
    if (!finished) return;  // it is that job's turn now, and it still writes
    ++turn_;
  }
  if (held_.empty() && file_size_ > 0 && ::ftruncate(file_, 0) == 0) file_size_ = 0;
}

void printer::flush() {
  for (auto& [seq, job] : held_) release(job);
  held_.clear();
}

}  // namespace cli
