// Finds control groups by /proc/self, and reads their limits; see cgroups(7).
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "sys/cgroup.hpp"
#include "sys/fd.hpp"

namespace brood::detail::sys {

namespace {

/// Empty if it cannot be read: there is no such limit then.
std::string read_text(const std::string& path) {
  std::string text;
  const fd file(open_file(path.c_str(), O_RDONLY, 0));
  if (!file) return text;
  std::array<char, 4096> block;
  for (;;) {
    const ssize_t n = read_some(file.get(), block.data(), block.size());
    if (n <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
}

/// Cuts what is before `end` off `rest`, and `end` itself.
std::string_view take(std::string_view& rest, std::string_view end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + end.size(), rest.size()));
  return part;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (take(list, ",") == word) return true;
  }
  return false;
}

/// A path of mountinfo, where "\040" stands for a blank.
std::string unescape(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      path += static_cast<char>(code);
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

/// "50000" is a number, "max" is none, nor is -1.
std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (wrong != std::errc{} || end == text.data()) return {};
  return n;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  return to_number(read_text(path));
}

/// What follows `name` in a line of a file like memory.stat; 0 if there is none.
std::uint64_t number_of(std::string_view name, std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take(text, "\n");
    if (take(line, " ") != name) continue;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return to_number(line).value_or(0);
  }
  return 0;
}

/// The group `own`, and all above it up to the folder where the group `root` is mounted.
void add_up_to_mount(std::string own, const std::string& root, std::string mount, bool v2,
                     std::vector<cgroup_folder>& to) {
  if (root != "/") {
    // Of a mount that shows another part of the tree nothing is known of us.
    if (!own.starts_with(root) || (own.size() > root.size() && own[root.size()] != '/')) return;
    own.erase(0, root.size());
  }
  if (own == "/") own.clear();
  if ((own + "/").find("/../") != own.npos) return;  // outside of what our namespace shows
  for (;;) {
    to.push_back({mount + own, v2});
    if (own.empty()) return;
    own.erase(own.rfind('/'));
  }
}

/// Looks for `own` in the mounts of its version and, of version 1, of the controller.
void add_group(const std::string& own, std::string_view mounts, std::string_view controller,
               bool v2, std::vector<cgroup_folder>& to) {
  while (!mounts.empty()) {
    std::string_view line = take(mounts, "\n");
    for (int skipped = 0; skipped < 3; ++skipped) take(line, " ");  // of proc_pid_mountinfo(5)
    const std::string root = unescape(take(line, " "));
    const std::string mount = unescape(take(line, " "));
    take(line, " - ");
    const std::string_view type = take(line, " ");
    take(line, " ");
    if (type != (v2 ? "cgroup2" : "cgroup") || (!v2 && !has_word(line, controller))) continue;
    const std::size_t before = to.size();
    add_up_to_mount(own, root, mount, v2, to);
    if (to.size() > before) return;  // what else is mounted shows the same
  }
}

double quota_of(const cgroup_folder& group) {
  std::optional<std::uint64_t> quota;
  std::optional<std::uint64_t> period;
  if (group.v2) {
    const std::string text = read_text(group.path + "/cpu.max");  // "max 100000"
    std::string_view rest = text;
    quota = to_number(take(rest, " "));
    period = to_number(rest);
  } else {
    quota = number_in(group.path + "/cpu.cfs_quota_us");
    period = number_in(group.path + "/cpu.cfs_period_us");
  }
  if (!quota || !period || *period == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

std::vector<cgroup_folder> find_cgroups(std::string_view groups, std::string_view mounts,
                                        std::string_view controller) {
  std::vector<cgroup_folder> found;
  while (!groups.empty()) {
    std::string_view line = take(groups, "\n");  // "4:cpu,cpuacct:/a/b", or "0::/a/b"
    const bool v2 = take(line, ":") == "0";
    const std::string_view controllers = take(line, ":");
    if (!v2 && !has_word(controllers, controller)) continue;
    add_group(std::string(line), mounts, controller, v2, found);
  }
  return found;
}

std::vector<cgroup_folder> find_cgroups(std::string_view controller) {
  const std::string groups = read_text("/proc/self/cgroup");
  if (groups.empty()) return {};
  return find_cgroups(groups, read_text("/proc/self/mountinfo"), controller);
}

double cpu_quota(const std::vector<cgroup_folder>& groups) {
  double least = std::numeric_limits<double>::infinity();
  for (const cgroup_folder& g : groups) least = std::min(least, quota_of(g));
  return least;
}

std::uint64_t memory_left(const std::vector<cgroup_folder>& groups) {
  std::uint64_t least = UINT64_MAX;
  for (const cgroup_folder& g : groups) {
    const auto limit = number_in(g.path + (g.v2 ? "/memory.max" : "/memory.limit_in_bytes"));
    const auto used = number_in(g.path + (g.v2 ? "/memory.current" : "/memory.usage_in_bytes"));
    if (!limit || !used) continue;
    const std::uint64_t dropped = number_of(g.v2 ? "inactive_file" : "total_inactive_file",
                                            read_text(g.path + "/memory.stat"));
    const std::uint64_t kept = *used - std::min(*used, dropped);
    least = std::min(least, *limit - std::min(*limit, kept));
  }
  return least;
}

std::optional<std::uint64_t> available_memory() {
  const std::uint64_t kilobytes = number_of("MemAvailable:", read_text("/proc/meminfo"));
  if (kilobytes == 0) return {};
  return std::min(kilobytes << 10, memory_left(find_cgroups("memory")));
}

}  // namespace brood::detail::sys
