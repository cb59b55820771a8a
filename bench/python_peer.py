#!/usr/bin/python3
# CPython's side of the comparisons: answers each line "WHAT NUMBER" by a line of numbers.
# SPDX-License-Identifier: Apache-2.0
import os
import resource
import subprocess
import sys
import time

BIN = sys.argv[1]
NOOP = [f"{BIN}/bench-noop"]


def per_call(count, call):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def mark():
    """A system call that cannot work and that nobody else makes: it marks a place in a trace."""
    try:
        os.write(-1, b"mark")
    except OSError:
        pass


def run(count):
    return per_call(count, lambda: subprocess.run(NOOP, capture_output=True))


def run_with_timeout(count):
    return per_call(count, lambda: subprocess.run(NOOP, capture_output=True, timeout=10))


def wait(milliseconds):
    """Seconds from the exit to the return of wait(), and voluntary context switches in it."""
    with subprocess.Popen([f"{BIN}/bench-sleeper", str(milliseconds)], stdout=subprocess.PIPE) as p:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
        mark()
        p.wait(timeout=10)
        mark()
        returned = time.monotonic_ns()
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before
        return (returned - int(p.stdout.read())) / 1e9, switches


def feed(size):
    """Seconds of 1 GiB or so through a filter, and this process's peak memory."""
    data = b"0123456789abcdef" * (size // 16)
    start = time.perf_counter()
    done = subprocess.run([f"{BIN}/bench-cat"], input=data, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - start
    if len(done.stdout) != len(data) or done.stdout[-16:] != data[-16:]:
        sys.exit("python_peer: the bytes came back wrong")
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def traced(what, number):
    call = {"run": run, "timeout": run_with_timeout}[what]
    call(3)
    mark()
    call(number)
    mark()


VERBS = {"run": run, "timeout": run_with_timeout, "wait": wait, "feed": feed,
         "version": lambda _: sys.version.split()[0], "trace-run": lambda n: traced("run", n),
         "trace-timeout": lambda n: traced("timeout", n)}

for line in sys.stdin:
    verb, number = line.split()
    answer = VERBS[verb](int(number))
    print(*(answer if isinstance(answer, tuple) else [answer]), flush=True)
