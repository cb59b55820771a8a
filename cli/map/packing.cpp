// Packs arguments into jobs.
// SPDX-License-Identifier: Apache-2.0
#include "map/packing.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

namespace cli {

namespace {

std::size_t bytes_of(const fields& f, bool quoted) {
  std::size_t n = 0;
  for (const std::string& s : f) {
    n += s.size() + 1;
    if (quoted) n += 2 + 4 * static_cast<std::size_t>(std::count(s.begin(), s.end(), '\''));
  }
  return n;
}

bool is_empty(const fields& f) {
  return std::all_of(f.begin(), f.end(),
                     [](const std::string& s) { return s.find_first_not_of(" \t") == s.npos; });
}

class packed final : public job_source {
 public:
  packed(input from, packing how) : from_(std::move(from)), how_(how), records_(from_.total()) {}

  got next(map_job& to) override {
    while (count_ < how_.max_args) {
      fields f;
      if (left_over_) {
        f = std::move(*std::exchange(left_over_, std::nullopt));
      } else if (const got r = from_.next(f); r == got::wait) {
        return r;
      } else if (r == got::end) {
        break;
      }
      if (how_.skip_empty && is_empty(f)) continue;
      const std::size_t size = how_.max_bytes > 0 ? bytes_of(f, how_.quoted) : 0;
      if (count_ > 0 && !has_room_for(size, args_.size() + f.size())) {
        left_over_ = std::move(f);
        break;
      }
      bytes_ += size;
      ++count_;
      if (args_.empty()) {
        args_ = std::move(f);
      } else {
        std::move(f.begin(), f.end(), std::back_inserter(args_));
      }
    }
    if (count_ == 0) return got::end;
    to.seq = ++seq_;
    to.args = std::exchange(args_, {});
    count_ = 0;
    bytes_ = 0;
    return got::one;
  }

  int waits_for() const override { return from_.waits_for(); }

  std::optional<std::uint64_t> total() const override {
    if (how_.skip_empty || (how_.max_args > 1 && how_.max_bytes > 0)) return {};
    return records_;
  }

 private:
  bool has_room_for(std::size_t size, std::size_t words) const {
    return (how_.max_bytes == 0 || bytes_ + size + words * sizeof(char*) <= how_.max_bytes) &&
           (how_.max_word == 0 || bytes_ + size <= how_.max_word);
  }

  input from_;
  packing how_;
  std::optional<std::uint64_t> records_;
  std::uint64_t seq_ = 0;
  fields args_;  // of the job that is being filled
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::optional<fields> left_over_;
};

class counted final : public job_source {
 public:
  explicit counted(std::unique_ptr<job_source> from) : from_(std::move(from)) {}

  got next(map_job& to) override {
    while (!all_here_) {
      map_job job;
      const got r = from_->next(job);
      if (r == got::wait) return r;
      all_here_ = r == got::end;
      if (r == got::one) args_.push_back(std::move(job.args));
      count_ = args_.size();
    }
    if (args_.empty()) return got::end;
    to.seq = count_ - args_.size() + 1;
    to.args = std::move(args_.front());
    args_.pop_front();
    return got::one;
  }
  int waits_for() const override { return from_->waits_for(); }
  std::optional<std::uint64_t> total() const override {
    return all_here_ ? std::optional<std::uint64_t>(count_) : std::nullopt;
  }

 private:
  std::unique_ptr<job_source> from_;
  std::deque<fields> args_;
  std::uint64_t count_ = 0;
  bool all_here_ = false;
};

/// What execve(2) has room for: as Linux counts it, a quarter of the stack that the job may have.
/// Of a small stack it would take 128 KiB, but then the program has too little or none.
std::size_t room_of(const brood::options& job) {
  constexpr std::uint64_t most = 6 << 20;
  constexpr std::uint64_t least = 131072;
  rlimit own{RLIM_INFINITY, RLIM_INFINITY};
  (void)::getrlimit(RLIMIT_STACK, &own);
  const std::uint64_t stack = job.limits.stack.value_or(own.rlim_cur);
  return static_cast<std::size_t>(std::clamp(stack / 4, std::min(least, stack / 2), most));
}

}  // namespace

packing pack_for(const arg_size& command, std::size_t max_args, const brood::options& job) {
  // POSIX asks for 2048 to spare; then the path of the program and, for a script, its first line.
  constexpr std::size_t margin = 8192;
  constexpr std::size_t longest = 131072;  // MAX_ARG_STRLEN of Linux: of one word
  std::size_t taken = command.bytes + margin;
  for (const std::string& e : job.env.block(environ)) taken += e.size() + 1 + sizeof(char*);
  const auto share = [](std::size_t all, std::size_t used, std::size_t parts) {
    return std::max<std::size_t>(1, (all - std::min(all, used)) / parts);
  };
  packing p{max_args, share(room_of(job), taken, std::max<std::size_t>(1, command.copies))};
  if (command.in_word > 0) p.max_word = share(longest, command.bytes + 1, command.in_word);
  p.quoted = command.quoted;
  return p;
}

std::unique_ptr<job_source> counted_jobs(std::unique_ptr<job_source> from) {
  return std::make_unique<counted>(std::move(from));
}

std::unique_ptr<job_source> argument_jobs(input from, packing how) {
  return std::make_unique<packed>(std::move(from), how);
}

}  // namespace cli
