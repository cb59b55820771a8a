// What a batch writes to the journal, and what the journal knows about earlier ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/error.hpp"
#include "journal/key.hpp"
#include "journal/writer.hpp"
#include "map/command_template.hpp"
#include "map/job.hpp"
#include "map/settings.hpp"
#include "map/slot_output.hpp"

namespace cli {

/// What identifies a job for --resume: its command, directory, the environment that was set for it,
/// its stdin, and the files of --depends and --depends-file.
class identity_maker {
 public:
  identity_maker(const map_settings& s, const command_template& c, const template_options& o);
  /// Errors: failure, for a file that cannot be read.
  journal::job_identity identify(const map_job& job);
  /// Of a job that has succeeded, and has perhaps written its --depends-file anew: as the next run
  /// will find it. If a file changed while the job ran, as it was before.
  journal::job_identity identify_ended(const map_job& job);
  /// The first file of --creates and --depends-file that is not there; without it the job is not
  /// done. "": all are.
  std::string find_missing(const map_job& job) const;

 private:
  std::string path_of(const std::vector<piece>& pieces, const map_job& job) const;
  std::vector<std::string> dependencies(const map_job& job) const;
  const map_settings& settings_;
  const command_template& template_;
  std::string cwd_;
  std::vector<std::pair<std::string, std::string>> environment_;
  std::vector<std::string> inputs_;  // that all jobs have
  std::vector<std::vector<piece>> depends_;
  std::vector<std::vector<piece>> depfiles_;
  std::vector<std::vector<piece>> creates_;
  journal::job_identifier identifier_;
};

/// The journal of a run; does nothing under --no-journal.
class run_journal {
 public:
  /// Starts the journal's thread, which begins the run. Errors: failure.
  run_journal(const map_settings& s, const command_template& c, const template_options& o,
              std::vector<std::string> argv);
  run_journal(const run_journal&) = delete;
  run_journal& operator=(const run_journal&) = delete;
  ~run_journal();

  /// Waits until the run has begun; to be called before anything below. Where no journal can be
  /// kept, it says so and there is none, unless --resume or --explain needs it. Errors: failure.
  void await_run();
  /// To be asked before a job's first attempt: has an earlier run done it? Under --explain it says
  /// so. Errors: failure.
  bool is_done(map_job& job);
  /// Errors of all these: failure.
  void started(const map_job& job);
  /// `output`: the attempt's, or null.
  void ended(const job_end& end, const slot_output* output);
  /// There will be no other attempt of a job, though its last one ended as if there were.
  void given_up(const map_job& job);
  void start_end(int exit_status);
  void await_end();  ///< until all is written
  bool at_work() const { return journal_ != nullptr; }

 private:
  bool look_up(map_job& job);
  void go_on_without(const journal::unavailable& why);
  void open_kept();
  journal::kept_output keep(const job_end& end, const slot_output& output, bool err);

  const map_settings& settings_;
  const command_template& template_;
  std::unique_ptr<identity_maker> identities_;
  std::unique_ptr<journal::writer> journal_;
  std::vector<std::string> argv_;
  int kept_ = -1;  // the file that outputs are kept in
  std::string kept_name_;
  std::uint64_t kept_size_ = 0;
};

/// For --dry-run: would a job run or be skipped, and why, according to the journal.
class dry_run_journal {
 public:
  /// `argv`: of this run.
  dry_run_journal(const map_settings& s, const command_template& c, const template_options& o,
                  std::vector<std::string> argv);
  ~dry_run_journal();
  bool is_done(map_job& job);
  std::string explain(const map_job& job);

 private:
  struct past;
  identity_maker identities_;
  std::vector<std::string> argv_;
  std::unique_ptr<past> past_;
};

}  // namespace cli
