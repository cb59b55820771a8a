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
#include "map/job.hpp"
#include "map/live.hpp"
#include "map/settings.hpp"
#include "signals.hpp"

namespace cli {

/// Its files are used again for the next job in the slot.
class slot_output {
 public:
  slot_output(const map_settings& s, const stop_signals& wake) : settings_(s), wake_(wake) {}
  slot_output(const slot_output&) = delete;
  slot_output& operator=(const slot_output&) = delete;
  ~slot_output() { drop_files(); }

  /// Prepares for an attempt: sets out, err and on_chunk. `folder`: where to keep the output, or
  /// "". Errors: failure.
  void prepare(brood::options& o, const std::string& folder);

  /// Descriptors to wait for, under --line-buffer.
  void add_to(std::vector<pollfd>& wanted) const;
  /// True if `descriptor` is one of these.
  bool reads(int descriptor) const;
  /// Shows the whole lines that have come.
  void read(printer& p, std::uint64_t seq, std::string_view tag);
  /// True if the job wrote more than --max-output.
  bool exceeded() const;

  /// To be called when the attempt has ended: the functions below are about what it has written by
  /// then. Errors: failure, if output was lost because the disk is full.
  void close_off(const map_job& job);
  void show(printer& p, std::uint64_t seq, std::string_view tag);
  /// The first `most` bytes of stdout or stderr. `omitted` becomes the number of bytes left out.
  std::string text(bool err, std::uint64_t most, std::uint64_t& omitted) const;
  /// The last `most` bytes.
  std::string tail(bool err, std::uint64_t most, std::uint64_t& omitted) const;
  std::uint64_t bytes(bool err) const;
  /// The last line so far, for people.
  std::string last_line() const;

 private:
  struct stream {
    int file = -1;
    std::uint64_t size = 0;  // set by close_off()
    std::unique_ptr<capped_file> capped;
    std::unique_ptr<live_stream> live;
  };
  void drop_files();
  void open_files(const std::string& folder);
  brood::stdio target(const stream& s, int inherited) const;
  std::vector<extent> parts(const stream& s) const;
  std::string part_of(const stream& s, bool from_end, std::uint64_t most,
                      std::uint64_t& omitted) const;
  bool capped() const;
  const stream& of(bool err) const { return err ? err_ : out_; }

  const map_settings& settings_;
  const stop_signals& wake_;
  stream out_;
  stream err_;
  bool named_ = false;  // the files belong to --results and are not used again
};

}  // namespace cli
