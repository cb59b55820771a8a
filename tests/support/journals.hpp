// Journals of tests: a folder of their own, and attempts to put in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "journal/writer.hpp"

namespace support {

// A folder that goes with its contents.
class temp_folder {
 public:
  temp_folder();
  ~temp_folder();
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline const journal::moment long_ago{std::chrono::seconds(1'700'000'000)};

inline journal::run_info some_run(std::uint32_t workers = 2) {
  return {.argv = {"brood", "map", "wc", "{}"},
          .cwd = "/work",
          .version = "0.1.0",
          .workers = workers,
          .started = long_ago};
}

// An attempt of `argv` that exits with `code` after 250 ms, a second times `seq` after the run
// began.
inline journal::attempt some_attempt(std::uint64_t seq, std::vector<std::string> argv,
                                     int code = 0) {
  journal::attempt a;
  a.seq = seq;
  a.slot = 1 + static_cast<std::uint32_t>(seq - 1) % 2;
  a.identity =
      journal::job_identifier().identify({.argv = argv, .cwd = "/work", .subject = {argv.back()}});
  a.argv = std::move(argv);
  a.started = long_ago + std::chrono::seconds(seq);
  a.success = code == 0;
  a.wall = std::chrono::milliseconds(250);
  a.user = std::chrono::milliseconds(20);
  a.system = std::chrono::milliseconds(10);
  a.max_rss_bytes = 3 << 20;
  a.pid = 1000 + static_cast<int>(seq);
  a.reason = "exited";
  a.exit_code = code;
  a.containment = "sealed";
  return a;
}

}  // namespace support
