// The cases of the matrix: obstacles, ways to use brood, endings; and what is right in each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "support/obstacle.hpp"

namespace matrix {

using support::left_over;
using support::obstacle;
using support::place;
using words = std::vector<std::string>;

// --- obstacles -----------------------------------------------------------------------------------

// Each newer system call that brood makes, alone; then what those that lack several have in common.
inline std::vector<obstacle> all_obstacles() {
  std::vector<obstacle> all{{"nothing", {}}};
  const std::pair<const char*, const char*> calls[] = {
      {"clone3", "clone3"},
      {"clone_pidfd", "clone:0&CLONE_PIDFD"},
      {"close_range", "close_range"},
      {"execveat", "execveat"},
      {"memfd_create", "memfd_create"},
      {"pidfd_open", "pidfd_open"},
      {"pidfd_send_signal", "pidfd_send_signal"},
      {"pidfd_group_signal", "pidfd_send_signal:3&PIDFD_SIGNAL_PROCESS_GROUP"},
      {"pidfd_get_info", "ioctl:1=PIDFD_GET_INFO"},
      {"waitid_pidfd", "waitid:0=P_PIDFD"},
  };
  for (const auto& [name, rule] : calls) {
    for (const char* error : {"EPERM", "ENOSYS"}) {
      words flags{"--refuse", std::string(rule) + "=" + error};
      // CLONE_PIDFD is used by the older clone() only.
      if (std::string(name) == "clone_pidfd")
        flags.insert(flags.end(), {"--refuse", "clone3=ENOSYS"});
      all.push_back({std::string(name) + "_" + error, flags});
    }
  }
  all.push_back({"waitid_pidfd_EINVAL", {"--refuse", "waitid:0=P_PIDFD=EINVAL"}});
  all.push_back({"linux_4_18", {"--like", "linux-4.18"}});
  all.push_back({"linux_5_3", {"--like", "linux-5.3"}});
  all.push_back({"linux_5_4", {"--like", "linux-5.4"}});
  all.push_back({"old_container", {"--like", "old-container"}});
  all.push_back({"gvisor", {"--like", "gvisor"}});
  all.push_back({"no_memfd", {"--like", "no-memfd"}});
  all.push_back({"no_proc", {"--no-proc"}});
  all.push_back({"foreign_proc", {"--foreign-proc"}});
  all.push_back({"64_descriptors", {"--nofile", "64"}});
  all.push_back({"files_of_8192_bytes", {"--fsize", "8192"}});
  all.push_back({"files_of_0_bytes", {"--fsize", "0"}});
  return all;
}

// --- faces ---------------------------------------------------------------------------------------

enum class kind { library, python, run, map };

struct face {
  std::string name;
  kind how;
  std::string level;  // that is asked for
  bool lenient = false;
};

inline std::vector<face> all_faces() {
  std::vector<face> all{
      {"process", kind::library, "process"},
      {"group", kind::library, "group"},
      {"tree", kind::library, "tree"},
      {"sealed", kind::library, "sealed"},
      {"tree-lenient", kind::library, "tree", true},
      {"sealed-lenient", kind::library, "sealed", true},
      {"pool-tree", kind::library, "tree"},
      {"pool-sealed", kind::library, "sealed"},
      {"run", kind::run, "sealed"},
      {"map", kind::map, "sealed"},
  };
  if (access(PYTHON_PACKAGE "/brood/__init__.py", F_OK) == 0) {
    all.push_back({"python-process", kind::python, "process"});
    all.push_back({"python-sealed", kind::python, "sealed"});
  }
  return all;
}

inline bool has_thread(const face& f) {
  return f.how == kind::run || f.how == kind::map || f.how == kind::python ||
         f.name.rfind("pool-", 0) == 0;
}

// exit, leave: by itself, leave with a child left behind; ignored: SIGCHLD is; timeout; cancel:
// stopped; request: stopped by request_stop() and wait(); crowd: cancel, with more processes than
// descriptors where those are few. The death of the host comes last: it ends the host.
inline const words endings{"exit",   "leave",   "ignored", "timeout",
                           "cancel", "request", "crowd",   "death"};

// --- what is right -------------------------------------------------------------------------------

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Whether a start may be refused here, and then what its message has to name.
inline words may_be_refused(const obstacle& o, const face& f) {
  const bool walks = f.level == "tree" || f.level == "sealed";
  words names;
  if ((o.name == "no_proc" || o.name == "foreign_proc") && walks) names = {"/proc"};
  const bool no_image =
      o.name == "no_memfd" || o.name.rfind("memfd", 0) == 0 || o.name.rfind("execveat", 0) == 0;
  if (no_image && f.level == "sealed") names = {"memfd_create", "execveat"};
  if (o.name.rfind("files_of", 0) == 0 && f.level == "sealed") names = {"File too large"};
  if (f.lenient) names.clear();  // what is left out is said in the result instead
  // Without this call glibc starts no thread, unless it is told that the kernel lacks it.
  if (o.name == "clone3_EPERM" && has_thread(f)) names.emplace_back("thread");
  return names;
}

inline std::string wrong_refusal(const obstacle& o, const face& f, const std::string& text) {
  const words names = may_be_refused(o, f);
  if (names.empty()) return "refused: " + text;
  const bool named = std::any_of(names.begin(), names.end(),
                                 [&](const std::string& n) { return contains(text, n); });
  return named ? "" : "refused without saying what is missing: " + text;
}

// Without it, how a child ended that the kernel reaped cannot be known.
inline bool has_get_info(const obstacle& o) {
  const char* const backend = std::getenv("BROOD_BACKEND");
  if (backend != nullptr && backend == std::string("posix")) return false;  // it has no pidfds
  return o.name.rfind("pidfd_get_info", 0) != 0 && o.name.rfind("linux", 0) != 0 &&
         o.name != "gvisor" && o.name.rfind("clone_pidfd", 0) != 0;
}

inline bool applies(const obstacle& o, const face& f, const std::string& ending) {
  // The processes of the others write to files.
  if (o.name == "files_of_0_bytes" && ending != "exit" && ending != "ignored") return false;
  if (ending == "crowd") return o.name == "64_descriptors" && f.level != "process";
  if (ending == "ignored") return f.how == kind::library && f.level != "sealed";
  if (ending == "request") return f.how == kind::library || f.how == kind::python;
  if (ending == "death") return f.level == "sealed";
  return true;
}

// What the level promises to reach, of a tree of leak-tree's.
inline bool reaches(const std::string& level, const left_over& l, const std::string& root) {
  if (level == "process") return std::to_string(l.inner_pid) == root;
  if (level == "group") return l.where == place::near;
  if (level == "tree") return l.where != place::daemon;
  return true;
}

}  // namespace matrix
