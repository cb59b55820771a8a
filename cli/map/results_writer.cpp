// Writes the job log, JSON lines and the folders of --results.
// SPDX-License-Identifier: Apache-2.0
#include "map/results_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "exit.hpp"
#include "io.hpp"
#include "json.hpp"

namespace cli {

namespace {

void make_folders(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0777) != 0 && errno != EEXIST) {
      throw system_failure("mkdir '" + part + "'");
    }
    if (at == path.npos) return;
  }
}

/// FNV-1a, to tell apart names that are cut to the same start.
std::string digest(std::string_view text) {
  std::uint64_t h = 14695981039346656037U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211U;
  std::array<char, 17> hex;
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(h));
  return hex.data();
}

}  // namespace

std::string as_component(const std::string& value) {
  if (value.empty()) return "\\e";
  if (value == "." || value == "..") return "\\" + value;
  std::string name;
  for (const char c : value) {
    if (c == '/') {
      name += "\\_";
    } else if (c == '\\') {
      name += "\\\\";
    } else {
      name += c;
    }
  }
  constexpr std::size_t longest = 240;  // NAME_MAX, less what make_own() may add
  if (name.size() <= longest) return name;
  return name.substr(0, 200) + "~" + digest(value);
}

results_writer::results_writer(const map_settings& s, const command_template& c,
                               const template_options& o)
    : settings_(s), template_(c) {
  if (!s.results.empty()) {
    auto pieces = parse_pieces(s.results, o);
    if (has_replacement(pieces)) folder_ = std::move(pieces);
    if (!folder_) make_folders(s.results);
  }
  if (!s.joblog.empty()) open_log();
}

/// A new one, or under --resume one that goes on; in that a killed run may have left half a line.
void results_writer::open_log() {
  const std::string& path = settings_.joblog;
  const int how = settings_.resume ? O_RDWR : O_WRONLY | O_TRUNC;
  log_ = ::open(path.c_str(), how | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (log_ < 0) throw system_failure("open '" + path + "'");
  struct stat about {};
  const bool begun = settings_.resume && ::fstat(log_, &about) == 0 && about.st_size > 0;
  std::string_view first =
      "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
  if (begun) {
    char last = '\n';
    (void)!::pread(log_, &last, 1, about.st_size - 1);
    first = last == '\n' ? "" : "\n";
  }
  if (!write_all(log_, first)) throw system_failure("write '" + path + "'");
}

results_writer::~results_writer() {
  if (log_ >= 0) ::close(log_);
}

std::string results_writer::wanted_folder(const map_job& job) const {
  std::string path = settings_.results;
  if (folder_) {
    path = template_.fill(*folder_, job);
  } else if (job.block) {
    path += "/" + std::to_string(job.seq);
  } else {
    // GNU parallel's layout: 1/VALUE/2/VALUE.
    for (std::size_t i = 0; i < job.args.size(); ++i) {
      path += "/" + std::to_string(i + 1) + "/" + as_component(job.args[i]);
    }
  }
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// Makes a folder. \return how many jobs have wanted it by now.
unsigned& results_writer::count_jobs_of(const std::string& path) {
  make_folders(path);
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) throw system_failure("stat '" + path + "'");
  return ++wanted_[{about.st_dev, about.st_ino}];
}

/// Makes `path`, or "path~2" if another job has that.
std::string results_writer::make_own(const std::string& path) {
  unsigned& jobs = count_jobs_of(path);
  if (jobs == 1) return path;
  for (;; ++jobs) {
    std::string other = path + "~" + std::to_string(jobs);
    if (count_jobs_of(other) == 1) return other;
  }
}

std::string results_writer::folder_for(const map_job& job) {
  if (settings_.results.empty()) return {};
  if (job.folder.empty()) return make_own(wanted_folder(job));
  if (job.attempt > 1) {
    const std::string before = "." + std::to_string(job.attempt - 1);
    for (const char* name : {"/stdout", "/stderr"}) {
      ::rename((job.folder + name).c_str(), (job.folder + name + before).c_str());
    }
  }
  return job.folder;
}

void results_writer::log(const job_end& end) {
  if (log_ < 0 || !end.last) return;
  const brood::completed_process* r = end.result;
  const int signal = r != nullptr ? r->status.signal().value_or(0) : 0;
  // The command's own exit status. GNU parallel writes 0 beside a signal, and -1 for a job that it
  // timed out.
  const int code = r != nullptr ? r->status.code().value_or(0) : end.status;
  const double wall = r != nullptr ? std::chrono::duration<double>(r->usage.wall).count() : 0.0;
  std::string line(160, '\0');
  const int n = std::snprintf(
      line.data(), line.size(), "%llu\t:\t%.3f\t%10.3f\t%llu\t%llu\t%d\t%d\t",
      static_cast<unsigned long long>(end.job->seq), static_cast<double>(end.job->started) / 1e9,
      wall, static_cast<unsigned long long>(end.job->block ? end.job->block->length : 0),
      static_cast<unsigned long long>(end.out_bytes), code, signal);
  line.resize(static_cast<std::size_t>(n));
  line += template_.text_for(*end.job);
  for (char& c : line) {
    if (c == '\n') c = ' ';  // one job, one line
  }
  if (!write_all(log_, line + "\n")) {
    throw system_failure("write '" + settings_.joblog + "'");
  }
}

std::string results_writer::json(const job_end& end, const slot_output& output) const {
  constexpr std::uint64_t most = 256 << 10;  // of each stream: all of the object is in memory
  const batch_facts facts{end.job->seq, end.job->slot, &end.job->args, end.job->attempt};
  if (end.result == nullptr) return to_json(end.job->cmd, *end.wrong, facts);
  brood::completed_process shown = *end.result;
  const std::uint64_t limit =
      settings_.has("max_output") ? settings_.options.max_output.bytes : most;
  shown.out = output.text(false, limit, shown.out_omitted);
  shown.err = output.text(true, limit, shown.err_omitted);
  return to_json(shown, end.wrong, settings_, &facts);
}

}  // namespace cli
