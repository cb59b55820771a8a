#!/usr/bin/python3
# Checks that code asks for the platform only where the platform is somebody's job.
# SPDX-License-Identifier: Apache-2.0
import re

from common import CODE, Report, files, text

# --- conditionals: the suffix of a file chooses, and only below these folders #if may -----------------

CONDITIONALS = ("src/sys/", "src/spawn/", "src/loop/", "src/process/", "src/sandbox/", "tests/", "bench/")
CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(?:el)?if\w*\b((?:[^\n]*\\\n)*[^\n]*)", re.M)
PLATFORM = re.compile(r"\b(__linux__|_WIN32|__APPLE__|__unix__|__x86_64__|__aarch64__)\b")

# --- headers, numbers of system calls, /proc: only in files whose suffix says so ----------------------

LINUX = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<(linux/[\w/]+\.h|asm/[\w/]+\.h|(?:sys/)?syscall\.h|"
                   r"sys/(?:auxv|epoll|eventfd|inotify|prctl|sendfile|signalfd|sysinfo|timerfd|vfs)\.h)>"
                   r"|\b((?:SYS|__NR)_[a-z]\w*)"
                   r'|("/proc(?:/[^"]*)?"|"/sys/[^"]*")', re.M)
POSIX = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<((?:dirent|dlfcn|fcntl|grp|iconv|netdb|poll|pthread|pwd|sched|signal|"
                   r"spawn|termios|unistd|arpa/\w+|netinet/\w+|sys/(?:file|ioctl|mman|resource|select|socket|stat|"
                   r"statvfs|time|uio|un|wait))\.h)>", re.M)

# Whole folders: tests and benchmarks are about one platform, and so is the guardian; the Python module is built where
# CPython's _posixsubprocess is.
FREE = ("tests/", "bench/", "examples/", "python/src/", "src/process/guardian/")
# The tool and its journal are for POSIX as a whole: a suffix for nearly all of their files would tell nothing.
POSIX_FREE = ("cli/", "journal/")

# Files below src that need a few names of a POSIX header, or /proc, in code that is otherwise for any platform.
EXCEPTIONS = {
    "src/executor/resolve.cpp": "RLIMIT_ and SIG numbers of the options, and `environ`",
    "src/executor/streams.cpp": "O_ flags, which sys::open_file takes",
    "src/pipeline/pipeline.cpp": "SIGPIPE, with which an earlier stage may end",
    "src/pool/pool.cpp": "getpid(): a pool is not for a forked copy",
    "src/process/execution.cpp": "CLD_ and SIG numbers of an exit record",
    "src/process/process_impl.hpp": "SIG numbers of the ladder",
    "src/process/result.cpp": "SIG numbers that tell of a limit",
    "src/scope/guardian_pool.cpp": "getpid(): a pool is not for a forked copy",
    "src/scope/local_scope.cpp": "SIG numbers; the name of /proc in an error",
    "src/scope/sealed_scope.cpp": "CLD_ and SIG numbers in the guardian's messages",
    "src/scope/unreaped.cpp": "getpid(): what is left to reap is not a forked copy's",
    "src/spawn/plan.cpp": "RLIMIT_ numbers and `environ`",
    "src/stream/collector.cpp": "O_ flags, which sys::open_file takes",
    "src/stream/storage.cpp": "madvise(2), and what the kernel does with large mappings: advice, done without elsewhere",
    "src/testing/fake.cpp": "O_ flags and `environ`",
    "src/testing/scripted_scope.cpp": "/proc/self/fd opens a descriptor anew; CLD_ and SIG numbers",
    "src/workers/worker_pool.cpp": "getpid(): a pool is not for a forked copy",
}

report = Report()


def line_of(content, match):
    return content.count("\n", 0, match.start()) + 1


def check_conditionals(path, content):
    for match in CONDITIONAL.finditer(content):
        name = PLATFORM.search(match[1])
        if name and not path.startswith(CONDITIONALS):
            report.bad(f"{path}:{line_of(content, match)}",
                       f"asks for {name[1]}: let a file suffix choose (x_linux.cpp, x_posix.cpp)")


def check_names(path, content):
    """True if the file has what only a file with a suffix may have."""
    found = []
    stem = path.rpartition(".")[0]
    if not stem.endswith("_linux"):
        found += [(match, next(filter(None, match.groups())), "_linux") for match in LINUX.finditer(content)]
    if not stem.endswith(("_linux", "_posix")) and not path.startswith(POSIX_FREE):
        found += [(match, match[1], "_posix") for match in POSIX.finditer(content)]
    if path not in EXCEPTIONS:
        for match, name, suffix in found:
            report.bad(f"{path}:{line_of(content, match)}", f"has {name}: that is for files whose name ends in {suffix}")
    return bool(found)


needed = set()
for file in files(*CODE):
    name, content = file.as_posix(), text(file)
    check_conditionals(name, content)
    if not name.startswith(FREE) and check_names(name, content):
        needed.add(name)
for name in sorted(EXCEPTIONS.keys() - needed):
    report.bad(name, "needs no exception any more: take it off the list in scripts/check_platform.py")
report.finish()
