// Formats numbers without locales, and escapes by the rules of each kind of file.
// SPDX-License-Identifier: Apache-2.0
#include "report/words.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include <brood/shlex.hpp>

#include "bytes.hpp"
#include "exit.hpp"
#include "io.hpp"
#include "journal/error.hpp"

namespace cli {

namespace {

std::string formatted(const char* format, const std::tm& time) {
  std::array<char, 64> text;
  return std::string(text.data(), std::strftime(text.data(), text.size(), format, &time));
}

}  // namespace

double to_seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

std::string fixed(double value, int digits) {
  std::array<char, 400> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, digits);
  return {text.data(), end.ptr};
}

std::string span_text(std::chrono::nanoseconds t) {
  const double s = to_seconds(t);
  if (s < 1) return fixed(s * 1e3, s < 0.01 ? 1 : 0) + " ms";
  if (s < 120) return fixed(s, 3) + " s";
  const auto whole = static_cast<std::int64_t>(s);
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  if (whole < 7200) return std::to_string(whole / 60) + " min " + two(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + two(whole / 60 % 60) + " min";
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fixed(value, unit == 0 ? 0 : 1) + " " + std::string(units[unit]);
}

std::string local_time(journal::moment t) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(t));
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return formatted("%Y-%m-%d %H:%M:%S", parts);
}

std::string utc_time(journal::moment t) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(t);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(t - whole).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string fraction = std::to_string(milliseconds);
  fraction.insert(0, 3 - fraction.size(), '0');
  return formatted("%Y-%m-%dT%H:%M:%S.", parts) + fraction + "Z";
}

std::string command_line(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& word : argv) {
    if (!line.empty()) line += ' ';
    line += is_printable(word) ? brood::shlex::quote(word) : "$'" + printable_in_quotes(word) + "'";
  }
  return line;
}

std::string xml_escaped(std::string_view text) {
  constexpr std::string_view unknown = "\xEF\xBF\xBD";
  std::string out;
  const std::string all = to_utf8(text);
  for (std::size_t at = 0; at < all.size(); ++at) {
    const char c = all[at];
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
      case '\t':
      case '\r':  // as it is, it would be read as a space or a newline
        ((out += "&#") += std::to_string(c)) += ';';
        break;
      default:
        // XML 1.0 cannot have U+FFFE, U+FFFF, and other control characters than those above.
        if (const std::string_view code = std::string_view(all).substr(at, 3);
            code == "\xEF\xBF\xBE" || code == "\xEF\xBF\xBF") {
          out += unknown;
          at += 2;
        } else if (static_cast<unsigned char>(c) < 0x20) {
          out += unknown;
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string label_escaped(std::string_view text) {
  std::string out;
  for (const char c : to_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string tail_of(const journal::reader& journal, const journal::kept_output& kept,
                    std::size_t limit) {
  if (kept.path.empty() || kept.bytes == 0) return {};
  int fd = -1;
  try {
    fd = journal.open_output(kept);
  } catch (const journal::error&) {
    return {};  // a report is worth reading without
  }
  const std::uint64_t size = std::min<std::uint64_t>(kept.bytes, limit);
  std::string text(size, '\0');
  const ssize_t n = read_at(fd, text, kept.offset + kept.bytes - size);
  ::close(fd);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  if (size < kept.bytes) {
    const std::size_t line = text.find('\n');
    if (line != std::string::npos && line + 1 < text.size()) text.erase(0, line + 1);
  }
  return text;
}

std::chrono::nanoseconds wall_of(const journal::run_record& run) {
  const journal::moment now =
      std::chrono::time_point_cast<journal::moment::duration>(std::chrono::system_clock::now());
  // Not negative, even if the clock was set back.
  return std::max(run.ended.value_or(now) - run.info.started, std::chrono::nanoseconds(0));
}

std::string_view to_text(journal::run_state state) {
  switch (state) {
    case journal::run_state::running:
      return "running";
    case journal::run_state::ended:
      return "ended";
    case journal::run_state::interrupted:
      return "interrupted";
  }
  return "";
}

int stopped_by(const journal::run_record& run) {
  return std::max(0, run.exit_status.value_or(0) - exit_signal_base);
}

}  // namespace cli
