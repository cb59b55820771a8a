// Draws the live view with a handful of terminal sequences; on other files, writes lines.
// SPDX-License-Identifier: Apache-2.0
#include "map/progress.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "columns.hpp"
#include "io.hpp"

namespace cli {

namespace {

constexpr std::int64_t ms = 1'000'000;
// People see ten pictures a second as a smooth view; a log should not fill up with progress.
constexpr std::int64_t redraw = 100 * ms;
constexpr std::int64_t first_line = 10'000 * ms;
constexpr std::int64_t between_lines = 30'000 * ms;
constexpr std::size_t most_jobs = 16;  // fits a terminal of 24 lines

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

struct room {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

room terminal_room() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    return {};
  }
  return {size.ws_row, size.ws_col};
}

/// A background job shares the terminal with the shell and its user, who may be typing; and where
/// tostop is set, to write there would stop us.
bool is_foreground() { return ::tcgetpgrp(STDERR_FILENO) == ::getpgrp(); }

/// A pager or a filter may print to the same terminal whatever it reads from us.
bool stdout_is_pipe() {
  struct stat info {};
  return ::fstat(STDOUT_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

}  // namespace

std::string summary(const batch_state& s, double seconds) {
  std::string text = std::to_string(s.done);
  if (s.total) text += " of " + std::to_string(*s.total - std::min(s.skipped, *s.total));
  text +=
      " done, " + std::to_string(s.failed) + " failed, " + std::to_string(s.running) + " running";
  if (s.skipped > 0) text += ", " + std::to_string(s.skipped) + " skipped";
  progress_stats h{s.done, {}, seconds};
  if (s.total) h.left = *s.total - std::min(s.done + s.skipped, *s.total);
  if (const auto rate = rate_of(h)) text += ", " + spell_rate(*rate);
  if (const auto left = seconds_left(h)) text += ", " + spell_seconds(*left) + " left";
  if (!s.waits_for.empty()) text += ", waiting for " + s.waits_for;
  return text;
}

progress::progress(const map_settings& s, std::int64_t now, brood::callback<bool()> continued)
    : continued_(std::move(continued)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      bar_(s.bar),
      start_(now) {
  if (s.quiet) return;
  const std::string_view terminal = variable("TERM");
  const bool capable = terminal_ && !terminal.empty() && terminal != "dumb";
  if (terminal_ && stdout_is_pipe() && !s.bar && !s.progress) return;
  // Not beside --ungroup: the jobs' own output would get into the view.
  live_ = capable && s.output != output_mode::ungrouped;
  by_lines_ = s.progress && !live_;
  colour_ = live_ && variable("NO_COLOR").empty();
  next_ = now + (live_ ? 5 * redraw : first_line);  // a fast run needs none
}

void progress::update(std::int64_t now, const std::function<batch_state(std::size_t)>& state) {
  if (now < next_) return;
  if (terminal_ && !is_foreground()) {
    next_ = now + 10 * redraw;
    return;
  }
  const double seconds = static_cast<double>(now - start_) / 1e9;
  if (live_) {
    next_ = now + redraw;
    const room r = terminal_room();
    return draw(state(std::min(most_jobs, r.rows > 2 ? r.rows - 2 : 0)), seconds);
  }
  next_ = now + between_lines;
  complain(summary(state(0), seconds));
}

std::string progress::bar(const batch_state& s, std::size_t width) const {
  if (!bar_ || !s.total || *s.total == 0 || width < 30) return {};
  const std::size_t cells = std::min<std::size_t>(40, width / 3);
  const double share =
      std::min(1.0, static_cast<double>(s.done + s.skipped) / static_cast<double>(*s.total));
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  return "[" + std::string(full, '#') + std::string(cells - full, '.') + "] " +
         std::to_string(static_cast<int>(share * 100)) + "% ";
}

void progress::draw(const batch_state& s, double seconds) {
  hide();
  const std::size_t width = terminal_room().columns - 1;
  std::vector<std::string> lines{fit(bar(s, width) + summary(s, seconds), width)};
  for (const batch_state::job& j : s.jobs) {
    const std::string about = std::to_string(j.seq) + "  " + spell_seconds(j.seconds) + "  ";
    lines.push_back(fit("  " + about + as_shown(j.last_line), width));
  }
  std::string page;
  for (const std::string& line : lines) {
    drawn_.push_back(width_of(line));
    if (drawn_.size() > 1) page += '\n';
    const bool red = colour_ && s.failed > 0 && drawn_.size() == 1;
    page += red ? "\x1b[31m" + line + "\x1b[0m" : line;
  }
  write_all(STDERR_FILENO, page);
}

void progress::hide() {
  const std::vector<std::size_t> drawn = std::exchange(drawn_, {});
  if (drawn.empty() || continued_() || !is_foreground()) return;  // the shell has written below it
  // A terminal that has become narrower since has wrapped them.
  const std::size_t columns = terminal_room().columns;
  std::size_t rows = 0;
  for (const std::size_t width : drawn)
    rows += std::max<std::size_t>(1, (width + columns - 1) / columns);
  std::string erase = "\r";
  if (rows > 1) erase += "\x1b[" + std::to_string(rows - 1) + "A";
  write_all(STDERR_FILENO, erase + "\x1b[J");
}

}  // namespace cli
