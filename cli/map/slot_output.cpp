// Opens, reads and shows the files and pipes of one slot.
// SPDX-License-Identifier: Apache-2.0
#include "map/slot_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <brood/stdio.hpp>

#include "exit.hpp"
#include "io.hpp"
#include "spool.hpp"

namespace cli {

namespace {

std::uint64_t size_of(int file) {
  struct stat about {};
  return file >= 0 && ::fstat(file, &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

int open_named(const std::string& path, bool append) {
  const int how = O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | (append ? O_APPEND : 0);
  const int file = ::open(path.c_str(), how, 0666);
  if (file < 0) throw system_failure("open '" + path + "'");
  return file;
}

/// True if a block written after `size` bytes finds no space: then the job's writes may have failed
/// too.
bool is_full(int file, std::uint64_t size) {
  static constexpr std::array<char, 4096> block{};
  const bool full = ::pwrite(file, block.data(), block.size(), static_cast<off_t>(size)) < 0 &&
                    (errno == ENOSPC || errno == EDQUOT);
  (void)!::ftruncate(file, static_cast<off_t>(size));
  return full;
}

/// True if the file system has hardly any space left: 16 blocks.
bool is_nearly_full(int file) {
  struct statvfs about {};
  return ::fstatvfs(file, &about) != 0 || about.f_bavail <= 16;
}

void append(std::string& to, const extent& e) {
  const std::size_t had = to.size();
  to.resize(had + static_cast<std::size_t>(e.length));
  const ssize_t n = read_at(e.file, std::span(to).subspan(had), e.from);
  to.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
}

std::string last_line_of(int file, std::uint64_t size) {
  std::array<char, 4096> block;
  const std::uint64_t from = size > block.size() ? size - block.size() : 0;
  const ssize_t n = read_at(file, block, from);
  std::string_view text(block.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::size_t end = text.rfind('\n');
  return std::string(end == text.npos ? text : text.substr(end + 1));
}

}  // namespace

bool slot_output::capped() const { return settings_.has("max_output"); }

void slot_output::drop_files() {
  for (stream* s : {&out_, &err_}) {
    s->capped.reset();
    if (s->file >= 0) ::close(std::exchange(s->file, -1));
  }
}

void slot_output::open_files(const std::string& folder) {
  // A process that outlives its job may still write to the old files; under `sealed` there is none.
  const bool reuse = !named_ && folder.empty() && out_.file >= 0 &&
                     settings_.options.contain == brood::containment::sealed;
  if (reuse) {
    for (stream* s : {&out_, &err_}) {
      if (s->size > 0 && ::ftruncate(s->file, 0) == 0) ::lseek(s->file, 0, SEEK_SET);
    }
  } else {
    drop_files();
    named_ = !folder.empty();
    const auto open = [&](const char* name) {
      return named_ ? open_named(folder + "/" + name, !capped()) : make_spool(!capped());
    };
    out_.file = open("stdout");
    if (!settings_.merge) err_.file = open("stderr");
  }
  for (stream* s : {&out_, &err_}) {
    s->capped = capped() && s->file >= 0
                    ? std::make_unique<capped_file>(s->file, settings_.options.max_output)
                    : nullptr;
  }
}

brood::stdio slot_output::target(const stream& s, int inherited) const {
  const int number = s.live ? s.live->writer() : s.file >= 0 ? s.file : inherited;
  // An idle timeout needs the output to pass through the library.
  if (settings_.options.idle_timeout.given()) return brood::tee({brood::fd(number)});
  return number == inherited ? brood::stdio(brood::INHERIT) : brood::fd(number);
}

void slot_output::prepare(brood::options& o, const std::string& folder) {
  if (settings_.output == output_mode::grouped || settings_.json) {
    open_files(folder);
  } else if (settings_.output == output_mode::lines && !out_.live) {
    out_.live = std::make_unique<live_stream>(STDOUT_FILENO);
    if (!settings_.merge) err_.live = std::make_unique<live_stream>(STDERR_FILENO);
  }
  for (const stream* s : {&out_, &err_}) {
    if (s->live) s->live->begin();
  }
  if (!capped()) {
    o.out = target(out_, STDOUT_FILENO);
    o.err = settings_.merge ? brood::stdio(brood::STDOUT) : target(err_, STDERR_FILENO);
    return;
  }
  o.max_output = {};
  if (settings_.merge) o.err = brood::STDOUT;
  o.on_chunk = [this](brood::output_stream which, std::string_view bytes) {
    capped_file& file = which == brood::output_stream::out ? *out_.capped : *err_.capped;
    const bool before = file.exceeded();
    file.add(bytes);
    if (file.exceeded() && !before) wake_.wake();
  };
}

void slot_output::add_to(std::vector<pollfd>& wanted) const {
  for (const stream* s : {&out_, &err_}) {
    if (s->live) wanted.push_back({s->live->reader(), POLLIN, 0});
  }
}

bool slot_output::reads(int descriptor) const {
  return (out_.live && out_.live->reader() == descriptor) ||
         (err_.live && err_.live->reader() == descriptor);
}

void slot_output::read(printer& p, std::uint64_t seq, std::string_view tag) {
  for (const stream* s : {&out_, &err_}) {
    if (s->live) s->live->read(p, seq, tag, false);
  }
}

bool slot_output::exceeded() const {
  return (out_.capped && out_.capped->exceeded()) || (err_.capped && err_.capped->exceeded());
}

void slot_output::close_off(const map_job& job) {
  for (stream* s : {&out_, &err_}) s->size = size_of(s->file);
  // Both files are on one file system: a job that wrote nothing may have found no space for it.
  const bool suspicious = out_.size + err_.size == 0 && out_.file >= 0 && is_nearly_full(out_.file);
  for (const stream* s : {&out_, &err_}) {
    if (s->file < 0) continue;
    const int failed = s->capped ? s->capped->failed() : 0;
    const bool doubtful = s->size > 0 || suspicious;
    if (failed != 0 || (doubtful && is_full(s->file, s->size))) {
      throw failure{"the output of job " + std::to_string(job.seq) +
                    " is incomplete: " + std::strerror(failed != 0 ? failed : ENOSPC) +
                    (named_ ? " below the folder of --results"
                            : " below '" + spool_folder() + "' (see TMPDIR)")};
    }
  }
}

std::vector<extent> slot_output::parts(const stream& s) const {
  if (s.capped) return s.capped->parts();
  if (s.file < 0) return {};
  return {{s.file, 0, s.size}};
}

void slot_output::show(printer& p, std::uint64_t seq, std::string_view tag) {
  for (const stream* s : {&out_, &err_}) {
    const int to = s == &out_ ? STDOUT_FILENO : STDERR_FILENO;
    if (s->live) s->live->read(p, seq, tag, true);
    for (const extent& e : parts(*s)) p.show(seq, e, to, tag);
  }
}

std::string slot_output::text(bool err, std::uint64_t most, std::uint64_t& omitted) const {
  return part_of(of(err), false, most, omitted);
}

std::string slot_output::tail(bool err, std::uint64_t most, std::uint64_t& omitted) const {
  return part_of(of(err), true, most, omitted);
}

/// The start or the end of what was kept.
std::string slot_output::part_of(const stream& s, bool from_end, std::uint64_t most,
                                 std::uint64_t& omitted) const {
  const std::vector<extent> all = parts(s);
  std::uint64_t kept = 0;
  for (const extent& e : all) kept += e.length;
  std::uint64_t skip = from_end ? kept - std::min(kept, most) : 0;
  omitted = (s.capped ? s.capped->omitted() : 0) + kept - std::min(kept, most);
  std::string text;
  for (const extent& e : all) {
    const std::uint64_t before = std::min(skip, e.length);
    const std::uint64_t length = std::min(e.length - before, most - text.size());
    skip -= before;
    append(text, {e.file, e.from + before, length});
  }
  return text;
}

std::uint64_t slot_output::bytes(bool err) const {
  const stream& s = of(err);
  return s.live ? s.live->bytes() : s.capped ? s.capped->total() : s.size;
}

std::string slot_output::last_line() const {
  if (out_.live) return out_.live->last_line();
  if (out_.capped) return {};  // its writer is another thread
  if (const std::uint64_t n = size_of(out_.file)) return last_line_of(out_.file, n);
  if (const std::uint64_t n = size_of(err_.file)) return last_line_of(err_.file, n);
  return {};
}

}  // namespace cli
