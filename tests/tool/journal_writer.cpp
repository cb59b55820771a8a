// journal-writer FOLDER JOBS [COMMAND...]: writes a journal as a run of the tool would.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "journal/error.hpp"
#include "journal/writer.hpp"
#include "support/journals.hpp"

namespace {

// Each third job fails, each fifth of those by a signal; two workers, a job begins each second.
journal::attempt job(std::uint64_t seq, std::vector<std::string> argv, const std::string& folder) {
  const int code = seq % 3 == 0 ? 2 : 0;
  argv.push_back("file-" + std::to_string(seq));
  journal::attempt a = support::some_attempt(seq, std::move(argv), code);
  a.wall = std::chrono::milliseconds(100 * seq % 1900 + 50);
  a.max_rss_bytes = (seq % 7 + 1) << 20;
  if (seq % 15 == 0) {
    a.exit_code.reset();
    a.signal = 11;
    a.reason = "signaled";
  }
  if (code != 0) {
    const std::string text = "reading\n<b>cannot</b> open " + a.argv.back() + "\n";
    a.err = {.path = "output/" + std::to_string(seq), .offset = 0, .bytes = text.size()};
    const std::string path = folder + "/" + a.err.path;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const auto size = static_cast<ssize_t>(text.size());
    if (fd < 0 || ::write(fd, text.data(), text.size()) != size)
      throw journal::error{"cannot write " + path};
    ::close(fd);
  }
  return a;
}

void write(const std::string& folder, std::uint64_t jobs, std::vector<std::string> argv) {
  journal::writer journal(folder);
  journal::run_info info = support::some_run();
  info.argv = {"brood", "map"};
  const journal::moment now =
      std::chrono::time_point_cast<journal::moment::duration>(std::chrono::system_clock::now());
  info.started = now - std::chrono::seconds(jobs);
  info.argv.insert(info.argv.end(), argv.begin(), argv.end());
  const std::int64_t run = journal.begin_run(info);
  ::mkdir((folder + "/output").c_str(), 0700);
  std::printf("run %lld\n", static_cast<long long>(run));
  std::fflush(stdout);
  for (std::uint64_t seq = 1; jobs == 0 || seq <= jobs; ++seq) {
    journal::attempt a = job(seq, argv, folder);
    a.started = info.started + std::chrono::seconds(seq - 1);
    journal.job_started(a);
    journal.record(a);
  }
  journal.end_run(1);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 3)
      throw journal::error{"usage: journal-writer FOLDER JOBS [COMMAND...]; 0: for ever"};
    std::vector<std::string> command(argv + 3, argv + argc);
    if (command.empty()) command = {"wc"};
    write(argv[1], std::strtoull(argv[2], nullptr, 10), std::move(command));
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "brood: %s\n", e.what());
    return 1;
  }
}
