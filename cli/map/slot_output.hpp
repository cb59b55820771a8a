// Where the output of the job in one slot goes while it runs, and how it is shown.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <brood/options.hpp>

#include "map/capped.hpp"
#include "map/interrupts.hpp"
#include "map/job.hpp"
#include "map/live.hpp"
#include "map/settings.hpp"

namespace cli {

/// Files that are used again for the next job in the slot.
class slot_output {
 public:
  slot_output(const map_settings& s, const interrupts& wake) : settings_(s), wake_(wake) {}
  slot_output(const slot_output&) = delete;
  slot_output& operator=(const slot_output&) = delete;
  ~slot_output() { drop_files(); }

  /// For a new attempt: sets out, err and on_chunk. \param folder  where it is to be kept, or "".
  /// Errors: failure.
  void prepare(brood::options& o, const std::string& folder);

  /// Descriptors to wait for, under --line-buffer.
  void add_to(std::vector<pollfd>& wanted) const;
  /// Whether `descriptor` is one of these.
  bool reads(int descriptor) const;
  /// Show the lines that are there.
  void read(printer& p, std::uint64_t seq, std::string_view tag);
  /// It wrote more than --max-output.
  bool exceeded() const;

  /// The attempt has ended: what comes below is of what it has written until now. Errors: failure,
  /// if output was lost for want of space.
  void close_off(const map_job& job);
  void show(printer& p, std::uint64_t seq, std::string_view tag);
  /// What it wrote to stdout or stderr; at most `most` bytes, how many more into `omitted`.
  std::string text(bool err, std::uint64_t most, std::uint64_t& omitted) const;
  /// The end of it.
  std::string tail(bool err, std::uint64_t most, std::uint64_t& omitted) const;
  std::uint64_t bytes(bool err) const;
  /// The last line, for people. While it runs, too.
  std::string last_line() const;

 private:
  struct stream {
    int file = -1;
    std::uint64_t size = 0;  // of what is in it, once that was closed off
    std::unique_ptr<capped_file> capped;
    std::unique_ptr<live_stream> live;
  };
  void drop_files();
  void open_files(const std::string& folder);
  brood::stdio target(const stream& s, int inherited) const;
  std::vector<extent> parts(const stream& s) const;
  bool capped() const;
  const stream& of(bool err) const { return err ? err_ : out_; }

  const map_settings& settings_;
  const interrupts& wake_;
  stream out_;
  stream err_;
  bool named_ = false;  // the files are not ours to use again
};

}  // namespace cli
