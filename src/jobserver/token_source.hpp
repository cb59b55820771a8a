// Where a pool's jobs get their slots from, if not from max_workers alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/jobserver.hpp>
#include <brood/options.hpp>

#include "loop/event_loop.hpp"

namespace brood::detail {

/// One attempt of a job, as seen by the jobserver. Destroyed when that has ended: then all that it
/// had is free again.
class job_token {
 public:
  job_token() = default;
  job_token(const job_token&) = delete;
  job_token& operator=(const job_token&) = delete;
  virtual ~job_token() = default;
  /// The child has its descriptors.
  virtual void started() {}
};

/// For the pool's thread alone.
class token_source {
 public:
  struct load {
    std::size_t running;
    std::size_t workers;
    bool wanting = false;  ///< a job would start, had it a slot
  };
  token_source() = default;
  token_source(const token_source&) = delete;
  token_source& operator=(const token_source&) = delete;
  virtual ~token_source() = default;

  /// Is there a slot for one more job? If so, prepare() for that job is next.
  virtual bool may_start(const load& l) = 0;
  /// Tell a job, by its options, of the jobserver. Errors: as of starting a command.
  virtual expected<std::unique_ptr<job_token>, error> prepare(options& o) = 0;
  /// What could start has started; the loop is going to wait, and is woken when it is worth to ask
  /// again.
  virtual void rebalance(const load& l) = 0;
};

/// A jobserver. Each job has a pipe of its own, so that it is known how many tokens each job has,
/// and they are back when the job has ended, however it ended.
///
/// Nobody can see who waits at a pipe, so tokens that are free are put into the pipes and taken
/// back where they lie for a while. A token is counted as the job's from when it is put there.
class jobserver_server final : public token_source, private loop_task {
 public:
  jobserver_server(event_loop& loop, bool by_path) : loop_(loop), by_path_(by_path) {}
  ~jobserver_server() override { loop_.forget(*this); }

  bool may_start(const load& l) override;
  expected<std::unique_ptr<job_token>, error> prepare(options& o) override;
  void rebalance(const load& l) override;

 private:
  class channel;
  void proceed() override;
  void token_came_back();
  std::size_t spare(const load& l) const;
  std::size_t excess(const load& l) const;
  void take_back(std::size_t most);
  void deal(std::size_t spare);
  void listen(bool on);
  void look_at(std::int64_t when);

  event_loop& loop_;
  bool by_path_;
  std::vector<channel*> channels_;
  std::size_t given_ = 0;  // all tokens that jobs have or could have
  std::size_t workers_ = 1;
  std::size_t first_ = 0;  // who gets the first token of the next deal
  std::int64_t at_ = INT64_MAX;
  std::int64_t pause_ = 0;
  bool listening_ = false;
  bool must_collect_ = false;  // for others than the jobs that run
};

/// A client of the jobserver that this process was started under.
class jobserver_token_client final : public token_source, private loop_task {
 public:
  jobserver_token_client(event_loop& loop, jobserver_client client)
      : loop_(loop), client_(std::move(client)) {}
  ~jobserver_token_client() override { loop_.forget(*this); }

  bool may_start(const load& l) override;
  expected<std::unique_ptr<job_token>, error> prepare(options& o) override;
  void rebalance(const load& l) override;

 private:
  class share;
  void proceed() override {}  // the pool asks again after each turn

  event_loop& loop_;
  jobserver_client client_;
  jobserver_client::slot next_;
  bool first_is_taken_ = false;  // the slot that this process has anyway
  bool lost_ = false;            // the jobserver went: that slot is all there is
};

}  // namespace brood::detail
