// One line about why a command was stopped, or under --verbose about how it ended.
// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include <brood/status.hpp>

namespace cli {

std::string to_text(const char* format, double value) {
  std::array<char, 64> text;
  const int n = std::snprintf(text.data(), text.size(), format, value);
  return n > 0 ? std::string(text.data()) : std::string();
}

namespace {

std::string in_seconds(std::chrono::nanoseconds t) {
  return to_text("%.3f s", std::chrono::duration<double>(t).count());
}

/// Why the command was stopped; empty if it ended by itself.
std::string cause(const brood::completed_process& result, const brood::options& o) {
  switch (result.reason) {
    case brood::reason::timed_out:
      if (!o.timeout.given()) return "took too long compared with the others";  // --timeout 200%
      return "timed out after " + to_text(o.timeout);
    case brood::reason::idle_timed_out:
      return "no output for " + to_text(o.idle_timeout);
    case brood::reason::cpu_limit:
      return "used up its CPU time of " + to_text(o.limits.cpu_time);
    case brood::reason::memory_limit:
      return "ran into its memory limit";
    case brood::reason::output_limit:
      return "wrote more than " + std::to_string(o.max_output.bytes) + " bytes of output";
    case brood::reason::file_size_limit:
      return "wrote a file of more than " + std::to_string(o.limits.file_size.value_or(0)) +
             " bytes";
    default:
      return {};
  }
}

}  // namespace

std::string to_text(brood::duration d) {
  const double s = static_cast<double>(d.nanoseconds()) / 1e9;
  return s < 1 ? to_text("%.6g ms", s * 1e3) : to_text("%.6g s", s);
}

std::string rounded(std::chrono::nanoseconds t) {
  using namespace std::chrono;
  const milliseconds step = t < seconds(1) ? milliseconds(1) : milliseconds(10);
  return to_text(nanoseconds(step * ((t + step / 2) / step)));
}

std::string ending_of(const brood::completed_process& result, const brood::options& o) {
  const std::string why = cause(result, o);
  return why.empty() ? result.status.to_string() : why;
}

std::string diagnosis(const brood::completed_process& result, const brood::command& cmd,
                      const settings& s) {
  std::string text = cause(result, s.options);
  if (!result.stuck_in.empty()) text += " in " + result.stuck_in;
  if (!result.not_stopped.empty()) text += (text.empty() ? "" : "; ") + result.not_stopped;
  if (s.quiet) text = result.not_stopped;  // which nobody would learn otherwise
  if (text.empty() && (s.quiet || !s.verbose)) return {};
  if (s.verbose) {
    if (!text.empty()) text += "; ";
    if (result.reason == brood::reason::cancelled) text += "cancelled; ";
    const brood::usage& u = result.usage;
    text += result.status.to_string() + " after " + in_seconds(u.wall) + " (user " +
            in_seconds(u.user) + ", system " + in_seconds(u.system) + ", max RSS " +
            to_text("%.1f MiB", static_cast<double>(u.max_rss_bytes) / (1 << 20)) + ")";
  }
  return text + ": " + cmd.to_string();
}

}  // namespace cli
