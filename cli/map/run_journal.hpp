// What the journal is told about a batch, and what it says about earlier ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/key.hpp"
#include "journal/writer.hpp"
#include "map/command_template.hpp"
#include "map/job.hpp"
#include "map/settings.hpp"
#include "map/slot_output.hpp"

namespace cli {

/// Who a job is for --resume: its command, directory, the environment that was set for it, what it
/// reads from stdin, and the files of --depends.
class identity_maker {
 public:
  identity_maker(const map_settings& s, const command_template& c, const template_options& o);
  /// Errors: failure, for a file that cannot be read.
  journal::job_identity identify(const map_job& job);

 private:
  const map_settings& settings_;
  const command_template& template_;
  std::string cwd_;
  std::vector<std::pair<std::string, std::string>> environment_;
  std::vector<std::string> inputs_;  // of all jobs
  std::vector<std::vector<piece>> depends_;
  journal::job_identifier identifier_;
};

/// Without a journal it does nothing.
class run_journal {
 public:
  /// Starts to begin a run. Errors: failure.
  run_journal(const map_settings& s, const command_template& c, const template_options& o,
              std::vector<std::string> argv);
  run_journal(const run_journal&) = delete;
  run_journal& operator=(const run_journal&) = delete;
  ~run_journal();

  /// To be called before anything below. Errors: failure, if there is a journal that cannot be
  /// used.
  void await_run();
  /// Before a job's first attempt: true if an earlier run has done it. Says so under --explain.
  /// Errors: failure.
  bool is_done(map_job& job);
  /// Errors of all these: failure.
  void started(const map_job& job);
  /// `output`: of the attempt, null if there is none.
  void ended(const job_end& end, const slot_output* output);
  void start_end(int exit_status);
  void await_end();  ///< of what that started: all is written
  bool at_work() const { return journal_ != nullptr; }

 private:
  bool look_up(map_job& job);
  journal::kept_output keep(const job_end& end, const slot_output& output, bool err);

  const map_settings& settings_;
  const command_template& template_;
  std::unique_ptr<identity_maker> identities_;
  std::unique_ptr<journal::writer> journal_;
  int kept_ = -1;  // the file of outputs
  std::string kept_name_;
  std::uint64_t kept_size_ = 0;
};

/// For --dry-run: why a job would run or be skipped, by the journal as it is.
class dry_run_journal {
 public:
  dry_run_journal(const map_settings& s, const command_template& c, const template_options& o);
  ~dry_run_journal();
  bool is_done(map_job& job);
  std::string explain(const map_job& job);

 private:
  struct past;
  identity_maker identities_;
  std::unique_ptr<past> past_;
};

}  // namespace cli
