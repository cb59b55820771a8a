#!/usr/bin/python3
# What brood.subprocess costs next to the standard subprocess, the same calls made by one interpreter each.
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import math
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve()
LINE = "  {:<46} {:>8} {:>8} {:<6} {:>6} {:<15} {:>6} {:<8} {}"


# --- a side: an interpreter with one of the two modules, which answers "VERB NUMBER" ------------------

def side(name, where):
    """Serves until end-of-file. Each answer is a line of numbers."""
    import importlib
    module = importlib.import_module(name)
    noop = [f"{where}/bench-noop"]
    kinds = {"plain": {}, "capture": {"capture_output": True}, "timeout": {"timeout": 10},
             "both": {"capture_output": True, "timeout": 10}}

    def user_time():
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime

    def calls(keywords, count):
        run = module.run
        for _ in range(count):
            run(noop, **keywords)

    def timed(keywords, count):
        cpu, start = user_time(), time.perf_counter()
        calls(keywords, count)
        return (time.perf_counter() - start) / count, (user_time() - cpu) / count

    def wait(milliseconds):
        """Seconds from the exit to the return of wait()."""
        with module.Popen([f"{where}/bench-sleeper", str(milliseconds)], stdout=module.PIPE) as process:
            process.wait(timeout=10)
            returned = time.monotonic_ns()
            return [(returned - int(process.stdout.read())) / 1e9]

    def large(size):
        """Seconds of capturing so many bytes, and this process's peak memory."""
        start = time.perf_counter()
        done = module.run([f"{where}/bench-writer", str(size)], capture_output=True)
        seconds = time.perf_counter() - start
        if len(done.stdout) != size:
            sys.exit("python_module: bytes are missing")
        return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def naps(number):
        """The share of calls in which the module waited by time.sleep()."""
        found, real = [0], time.sleep

        def sleep(seconds):
            found[0] += 1
            real(seconds)
        time.sleep = sleep
        try:
            calls(kinds["both"], number)
        finally:
            time.sleep = real
        return [found[0] / number]

    def threads(number):
        """Seconds of so many threads with 50 runs each; descriptors and children left over; failures."""
        before = len(os.listdir("/proc/self/fd"))
        failures = []

        def work():
            try:
                for _ in range(50):
                    if module.run(noop, capture_output=True, timeout=60).returncode != 0:
                        failures.append(1)
            except Exception as error:
                failures.append(error)

        crowd = [threading.Thread(target=work) for _ in range(number)]
        start = time.perf_counter()
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        seconds = time.perf_counter() - start
        try:
            os.waitpid(-1, os.WNOHANG)
            children = 1
        except ChildProcessError:
            children = 0
        return seconds, len(os.listdir("/proc/self/fd")) - before, children, len(failures)

    verbs = {kind: lambda n, k=keywords: timed(k, n) for kind, keywords in kinds.items()}
    verbs.update(wait=wait, large=large, threads=threads, naps=naps)
    for line in sys.stdin:
        verb, number = line.split()
        print(*verbs[verb](int(number)), flush=True)


class Side:
    """One interpreter, asked line by line."""

    def __init__(self, arguments, module):
        environment = dict(os.environ, PYTHONPATH=str(arguments.build / "python"))
        self.process = subprocess.Popen([arguments.python, str(HERE), "--side", module, str(arguments.build / "bin")],
                                        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, verb, number=0):
        self.process.stdin.write(f"{verb} {number}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"python_module: no answer to {verb}")
        return [float(word) for word in answer.split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# --- statistics and the table: as in measure.hpp ----------------------------------------------------

def quantile(values, q):
    values = sorted(values)
    place = q * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def digits(x):
    size = abs(x)
    return f"{x:.0f}" if size >= 100 else f"{x:.1f}" if size >= 10 else f"{x:.2f}" if size >= 1 else f"{x:.3f}"


class Report:
    """The rows, printed as they come and written as JSON at the end."""

    def __init__(self, path):
        self.path, self.rows = path, []
        print("python_module")
        print(LINE.format("what", "ours", "peer", "unit", "ratio", "(quartiles)", "calm", "bar", "met"), flush=True)

    def note(self, text):
        print(f"  note: {text}")

    def add(self, what, ours, peer, unit, ratios=None, calm=None, most=None, least=None, value_bar=False):
        ratio = quantile(ratios, 0.5) if ratios else None
        judged = ours if value_bar else ratio
        ok = judged <= most if most is not None else judged >= least if least is not None else None
        bar = None
        if ok is not None:
            bar = (f"<= {most:.4g}" if most is not None else f">= {least:.4g}") + (f" {unit}" if value_bar and unit else "")
        low, high = (quantile(ratios, 0.25), quantile(ratios, 0.75)) if ratios else (None, None)
        print(LINE.format(what, digits(ours), "" if peer is None else digits(peer), unit,
                          "" if ratio is None else f"{ratio:.3f}", "" if low is None else f"({low:.2f}..{high:.2f})",
                          "" if calm is None else f"{calm:.3f}", bar or "",
                          "" if ok is None else "yes" if ok else "NO"), flush=True)
        self.rows.append({"bench": "python_module", "what": what, "ours": ours, "peer": peer, "unit": unit,
                          "ratio": ratio, "ratio_low": low, "ratio_high": high, "ratio_calm": calm, "bar": bar, "ok": ok})

    def write(self):
        if self.path:
            with open(self.path, "w") as file:
                json.dump(self.rows, file)


def interleaved(rounds, *works):
    """What each work returns, round by round, each round beginning with another; one before them does not count."""
    for work in works:
        work()
    results = [[] for _ in works]
    for number in range(rounds):
        for i in range(len(works)):
            at = (i + number) % len(works)
            results[at].append(works[at]())
    return results


def ratios_of(a, b):
    return [x / y if y else math.nan for x, y in zip(a, b)]


def calls(report, ours, peer, rounds, count):
    for kind, what, most in (("plain", "run", 1.0), ("capture", "run, capture_output", 0.95),
                             ("timeout", "run, timeout", 0.5), ("both", "run, capture_output, timeout", 0.6)):
        a, b = interleaved(rounds, lambda: ours.ask(kind, count), lambda: peer.ask(kind, count))
        times = [[each[0] for each in samples] for samples in (a, b)]
        report.add(what, quantile(times[0], 0.5) * 1e6, quantile(times[1], 0.5) * 1e6, "us", ratios_of(*times),
                   quantile(times[0], 0.1) / quantile(times[1], 0.1), most=most)
        # The kernel counts user time in ticks: only the sum over all rounds is exact enough.
        cpu = [sum(each[1] for each in samples) / rounds for samples in (a, b)]
        report.add(what + ": user CPU of the caller", cpu[0] * 1e6, cpu[1] * 1e6, "us", [cpu[0] / cpu[1]], most=0.7)
    # It looks once at the end of the pipes: if the exit is not through by then, it sleeps 1 ms. Which of the two comes
    # first is up to the scheduler.
    report.note(f"run, capture_output, timeout: the peer slept in {peer.ask('naps', 200)[0]:.0%} of its calls")


def waits(report, ours, peer, rounds):
    a, b = interleaved(rounds, lambda: ours.ask("wait", 300)[0], lambda: peer.ask("wait", 300)[0])
    report.add("wait(timeout=10), 0.3 s child: median delay", quantile(a, 0.5) * 1e3, quantile(b, 0.5) * 1e3, "ms",
               most=5, value_bar=True)
    report.add("wait(timeout=10), 0.3 s child: worst delay", max(a) * 1e3, max(b) * 1e3, "ms")


def large(report, arguments, rounds, size):
    def once(module):
        fresh = Side(arguments, module)  # its peak is of this one call
        answer = fresh.ask("large", size)
        fresh.close()
        return answer

    a, b = interleaved(rounds, lambda: once("brood.subprocess"), lambda: once("subprocess"))
    seconds = [[each[0] for each in samples] for samples in (a, b)]
    peaks = [quantile([each[1] for each in samples], 0.5) for samples in (a, b)]
    what = f"{size >> 20} MiB captured"
    report.add(what, size / 1e9 / quantile(seconds[0], 0.5), size / 1e9 / quantile(seconds[1], 0.5), "GB/s",
               ratios_of(seconds[1], seconds[0]), quantile(seconds[1], 0.1) / quantile(seconds[0], 0.1), least=2)
    report.add(what + ": peak memory over the output", (peaks[0] - size) / 2**20, (peaks[1] - size) / 2**20, "MiB",
               [(peaks[0] - size) / (peaks[1] - size)], most=0.5)


def crowds(report, ours, peer, rounds, number):
    a, b = interleaved(rounds, lambda: ours.ask("threads", number), lambda: peer.ask("threads", number))
    seconds = [[each[0] for each in samples] for samples in (a, b)]
    what = f"{number} threads x 50 runs"
    report.add(what, quantile(seconds[0], 0.5), quantile(seconds[1], 0.5), "s", ratios_of(*seconds), most=1.0)
    for index, left in enumerate(("descriptors left", "children left", "failed runs"), 1):
        report.add(f"{what}: {left}", max(each[index] for each in a), max(each[index] for each in b), "", most=0,
                   value_bar=True)


def main():
    parser = argparse.ArgumentParser(description="Compares brood.subprocess with the standard module.")
    parser.add_argument("--build", type=Path, default=HERE.parent.parent / "build/release")
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--json")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--count", type=int, default=40, help="calls in a round")
    arguments = parser.parse_args()

    def rounds(normal):
        return arguments.rounds or (max(3, normal // 3) if arguments.quick else normal)

    report = Report(arguments.json)
    ours, peer = Side(arguments, "brood.subprocess"), Side(arguments, "subprocess")
    calls(report, ours, peer, rounds(45), arguments.count)
    waits(report, ours, peer, rounds(9))
    crowds(report, ours, peer, rounds(5), 40 if arguments.quick else 200)
    ours.close()
    peer.close()
    large(report, arguments, rounds(5), (256 << 20) if arguments.quick else 1 << 30)
    report.write()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        side(*sys.argv[2:4])
    else:
        main()
