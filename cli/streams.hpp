// Where the command's output goes under --tee, --quiet-ok, --json, --append and --merge.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <brood/result.hpp>

#include "flags.hpp"

namespace cli {

/// Errors: failure, if the flags for the output contradict each other.
void check_streams(const settings& s);

/// Owns the descriptors that the command is given for its output.
class streams {
 public:
  /// Changes s.options, which check_streams() has passed. Errors: failure.
  explicit streams(settings& s);
  streams(const streams&) = delete;
  streams& operator=(const streams&) = delete;
  ~streams();

  /// Before another attempt: files go on after a line with `name`, and a stdin that can be read
  /// again is. Says so where it cannot. Errors: failure.
  void prepare_again(settings& s, const std::string& name) const;
  /// Shows, after the end, the output that was held back or collected, if it is wanted.
  /// \return false, with errno set, if it could not be written.
  bool show(const brood::completed_process& result) const;

 private:
  void collect(settings& s);
  void bound(settings& s);
  void hold_back(brood::stdio& stream, int& spool, bool through_us);
  void copy_to(const std::string& path, settings& s);
  void open_once(settings& s, bool one_file);

  std::int64_t input_at_ = -1;  // where our stdin is, if it is a file
  bool quiet_ok_ = false;
  bool json_ = false;
  int tee_ = -1;
  int errors_ = -1;  // of all stages of a pipeline
  int held_out_ = -1;
  int held_err_ = -1;
};

}  // namespace cli
