// Tells the journal about jobs, and keeps the ends of their output beside it.
// SPDX-License-Identifier: Apache-2.0
#include "map/run_journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <utility>

#include "exit.hpp"
#include "io.hpp"
#include "journal/folder.hpp"
#include "journal/history.hpp"
#include "map/blocks_changed.hpp"
#include "map/depfile.hpp"

namespace cli {

namespace {

// How much output is kept: of each stream of an attempt, its last 64 KiB, about a thousand lines;
// of all attempts of a run, as much as a disk has room for many times. Failures, which people look
// at, may take more. These are choices, not measurements.
constexpr std::uint64_t most_of_stream = 64 << 10;
constexpr std::uint64_t most_of_successes = 64 << 20;
constexpr std::uint64_t most_of_failures = 256 << 20;

journal::moment to_moment(std::int64_t ns) { return journal::moment(std::chrono::nanoseconds(ns)); }

/// Turns an error of the journal into a failure, at which a batch ends its jobs in good order.
template <class Use>
auto in_batch(Use use) {
  try {
    return use();
  } catch (const journal::error& e) {
    throw failure{e.what()};
  }
}

journal::attempt describe(const map_job& job) {
  journal::attempt a;
  a.seq = job.seq;
  a.number = static_cast<std::uint32_t>(job.attempt);
  a.slot = static_cast<std::uint32_t>(job.slot);
  a.argv = job.cmd.args();
  a.identity = job.identity;
  a.started = to_moment(job.started);
  return a;
}

/// What is to be said of a job whose file `missing` is not there; "": all are.
std::string with_missing(const std::string& missing, std::string why) {
  const bool decides = why.starts_with("skipped: ") || why.find("' is gone") != why.npos;
  return !missing.empty() && decides ? "runs: '" + missing + "' is not there" : why;
}

/// Empty if it cannot be read.
std::string read_whole(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return text;
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n = read_at(fd, block, text.size());
    if (n <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return text;
}

/// `argv`: of this run.
journal::question question_of(const map_job& job, const std::vector<std::string>& argv) {
  return {job.identity, job.cmd.args(),
          [&argv](const std::vector<std::string>& before) { return blocks_changed(before, argv); }};
}

}  // namespace

// --- who a job is ---

identity_maker::identity_maker(const map_settings& s, const command_template& c,
                               const template_options& o)
    : settings_(s), template_(c), cwd_(journal::working_directory()) {
  const std::string& dir = s.options.cwd;
  if (!dir.empty()) cwd_ = dir.starts_with('/') ? dir : cwd_ + "/" + dir;
  for (const auto& [name, value] : s.given) {
    if (name == "env") {
      const std::size_t equals = value.find('=');
      environment_.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    } else if (name == "in") {
      inputs_.push_back(value.starts_with('/') ? value
                                               : journal::working_directory() + "/" + value);
    } else if (name == "input" || name == "executable" || name.starts_with("env.")) {
      environment_.emplace_back("--" + std::string(name), value);
    }
  }
  for (const std::string& d : s.depends) depends_.push_back(parse_pieces(d, o));
  for (const std::string& d : s.depfiles) depfiles_.push_back(parse_pieces(d, o));
  for (const std::string& f : s.creates) creates_.push_back(parse_pieces(f, o));
}

std::string identity_maker::path_of(const std::vector<piece>& pieces, const map_job& job) const {
  std::string path = template_.fill(pieces, job);
  return path.starts_with('/') ? path : cwd_ + "/" + path;
}

/// What the files of --depends-file name that --depends and --stdin do not.
std::vector<std::string> identity_maker::dependencies(const map_job& job) const {
  std::vector<std::string> all;
  for (const auto& pieces : depfiles_) {
    for (std::string& name : parse_depfile(read_whole(path_of(pieces, job)))) {
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
    }
  }
  return all;
}

std::string identity_maker::find_missing(const map_job& job) const {
  for (const auto* const files : {&creates_, &depfiles_}) {
    for (const auto& pieces : *files) {
      if (::access(path_of(pieces, job).c_str(), F_OK) != 0) return template_.fill(pieces, job);
    }
  }
  return {};
}

journal::job_identity identity_maker::identify_ended(const map_job& job) {
  if (depfiles_.empty()) return job.identity;
  map_job anew;
  anew.seq = job.seq;
  anew.args = job.args;
  if (job.block) anew.block.emplace().digest = job.block->digest;
  anew.slot = 1;  // as before it ran
  anew.cmd = template_.command_for(anew);
  for (const std::string& name : dependencies(anew)) {
    struct stat about {};
    const std::string path = name.starts_with('/') ? name : cwd_ + "/" + name;
    if (::stat(path.c_str(), &about) != 0) continue;
    const std::int64_t changed = about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec;
    if (changed >= job.started) return job.identity;
  }
  return identify(anew);
}

journal::job_identity identity_maker::identify(const map_job& job) {
  journal::job_content what;
  what.argv = job.cmd.args();
  what.cwd = cwd_;
  what.environment = environment_;
  if (job.block) what.digests.emplace_back("stdin", job.block->digest);
  what.inputs = inputs_;
  for (const auto& pieces : depends_) what.inputs.push_back(template_.fill(pieces, job));
  what.optional_inputs = dependencies(job);
  std::erase_if(what.optional_inputs, [&what](const std::string& path) {
    return std::find(what.inputs.begin(), what.inputs.end(), path) != what.inputs.end();
  });
  what.subject = job.args;
  return identifier_.identify(what);
}

// --- the run ---

run_journal::run_journal(const map_settings& s, const command_template& c,
                         const template_options& o, std::vector<std::string> argv)
    : settings_(s), template_(c) {
  if (s.no_journal) return;
  try {
    journal_ = std::make_unique<journal::writer>(journal::folder_to_use());
  } catch (const journal::unavailable& e) {
    go_on_without(e);
    return;
  }
  identities_ = std::make_unique<identity_maker>(s, c, o);
  journal::run_info info;
  argv_ = argv;
  info.argv = std::move(argv);
  info.cwd = journal::working_directory();
  info.version = BROOD_VERSION;
  info.workers = static_cast<std::uint32_t>(resolve(s.jobs));
  info.started =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  journal_->start_run(std::move(info));
}

/// That there can be no journal is no reason not to run.
void run_journal::go_on_without(const journal::unavailable& why) {
  if (settings_.resume || settings_.explain) throw failure{why.what()};
  if (!settings_.quiet) complain(std::string("no journal: ") + why.what());
  journal_.reset();
}

void run_journal::await_run() {
  if (!journal_) return;
  try {
    kept_name_ = "output/" + std::to_string(journal_->await_run());
  } catch (const journal::unavailable& e) {
    go_on_without(e);
  }
}

run_journal::~run_journal() {
  if (kept_ >= 0) ::close(kept_);
}

bool run_journal::is_done(map_job& job) {
  return journal_ && in_batch([&] { return look_up(job); });
}

bool run_journal::look_up(map_job& job) {
  job.identity = identities_->identify(job);
  const std::string missing = identities_->find_missing(job);
  if (settings_.explain) {
    const std::string why = with_missing(missing, journal_->explain(question_of(job, argv_))) +
                            ": " + template_.text_for(job);
    write_all(STDERR_FILENO, "job " + std::to_string(job.seq) + " " + printable(why) + "\n");
  }
  if (!settings_.resume || !missing.empty() || !journal_->succeeded(job.identity.key)) return false;
  journal_->job_skipped(job.seq, job.identity.key);
  return true;
}

void run_journal::started(const map_job& job) {
  if (journal_) in_batch([&] { journal_->job_started(describe(job)); });
}

/// Makes the file output/N, where there is none yet, or one of a journal that was moved away.
void run_journal::open_kept() {
  const journal::folder& where = journal_->where();
  ::mkdirat(where.descriptor(), "output", 0700);
  const int outputs = where.open_file("output", O_RDONLY | O_DIRECTORY);
  if (outputs < 0) throw system_failure("open '" + where.path_of("output") + "'");
  const std::string name = kept_name_.substr(kept_name_.find('/') + 1);
  ::unlinkat(outputs, name.c_str(), 0);
  kept_ = ::openat(outputs, name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600);
  const int error = errno;
  ::close(outputs);
  if (kept_ < 0) throw system_failure("open '" + where.path_of(kept_name_) + "'", error);
}

/// Keeps the end of a stream, unless --results keeps all of it.
journal::kept_output run_journal::keep(const job_end& end, const slot_output& output, bool err) {
  if (!end.folder.empty()) {
    const std::uint64_t size = output.bytes(err);
    if (size == 0) return {};
    // A report may be asked for in another folder.
    std::string path = end.folder.starts_with('/') ? "" : journal::working_directory() + "/";
    path += end.folder + (err ? "/stderr" : "/stdout");
    if (!end.last) path += "." + std::to_string(end.job->attempt);  // as it is called from now on
    return {path, 0, size};
  }
  const std::uint64_t most = end.success ? most_of_successes : most_of_failures;
  if (output.bytes(err) == 0 || kept_size_ >= most) return {};
  std::uint64_t omitted = 0;
  std::string text = output.tail(err, most_of_stream, omitted);
  if (omitted > 0) {
    text = "[" + std::to_string(omitted) + " bytes before this were not kept]\n" + text;
  }
  if (text.empty()) return {};
  if (kept_ < 0) open_kept();
  if (!write_all(kept_, text)) {
    throw system_failure("write '" + journal_->where().path_of(kept_name_) + "'");
  }
  const journal::kept_output where{kept_name_, kept_size_, text.size()};
  kept_size_ += text.size();
  return where;
}

void run_journal::ended(const job_end& end, const slot_output* output) {
  if (!journal_) return;
  journal::attempt a = describe(*end.job);
  a.success = end.success;
  if (end.success) a.identity = in_batch([&] { return identities_->identify_ended(*end.job); });
  a.last = end.last;
  if (const brood::completed_process* r = end.result) {
    a.wall = r->usage.wall;
    a.user = r->usage.user;
    a.system = r->usage.system;
    a.max_rss_bytes = r->usage.max_rss_bytes;
    a.pid = r->pid;
    a.reason = brood::to_string(r->reason);
    a.exit_code = r->status.code();
    a.signal = r->status.signal();
    a.complete = r->complete;
    a.containment = brood::to_string(r->containment);
  } else {
    a.reason = brood::to_string(brood::reason::not_started);
  }
  if (end.wrong != nullptr) a.error = end.wrong->what();
  if (output != nullptr) {
    a.out = keep(end, *output, false);
    a.err = keep(end, *output, true);
  }
  in_batch([&] { journal_->record(std::move(a)); });
}

void run_journal::given_up(const map_job& job) {
  if (!journal_) return;
  // The number is that of the attempt which does not come.
  in_batch([&] { journal_->job_given_up(job.seq, static_cast<std::uint32_t>(job.attempt - 1)); });
}

void run_journal::start_end(int exit_status) {
  if (journal_) journal_->start_end(exit_status);
}

void run_journal::await_end() {
  if (journal_) journal_->await_end();
}

// --- what would be done ---

struct dry_run_journal::past {
  explicit past(const journal::folder& where)
      : done(journal::load_done(where, std::chrono::seconds(5))),
        all(where, INT64_MAX, std::chrono::seconds(5)) {}
  std::vector<journal::job_key> done;
  journal::history all;
};

dry_run_journal::dry_run_journal(const map_settings& s, const command_template& c,
                                 const template_options& o, std::vector<std::string> argv)
    : identities_(s, c, o), argv_(std::move(argv)) {
  const std::string path = journal::find_folder();
  if (path.empty()) return;
  const auto folder = journal::folder::open_ours(path);
  if (::faccessat(folder.descriptor(), journal::database_name, F_OK, 0) == 0) {
    past_ = std::make_unique<past>(folder);
  }
}

dry_run_journal::~dry_run_journal() = default;

bool dry_run_journal::is_done(map_job& job) {
  job.identity = identities_.identify(job);
  return past_ && identities_.find_missing(job).empty() &&
         std::binary_search(past_->done.begin(), past_->done.end(), job.identity.key);
}

std::string dry_run_journal::explain(const map_job& job) {
  if (!past_) return "runs: there is no journal yet";
  return with_missing(identities_.find_missing(job), past_->all.explain(question_of(job, argv_)));
}

}  // namespace cli
