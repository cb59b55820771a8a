#!/usr/bin/python3
# Runs the benchmarks whose names match, shows their tables, and says which bars were missed.
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# From the quiet ones to those that fill the memory.
ORDER = ["calls", "spawn", "capture", "python", "python_module", "tool", "map", "wait", "worker", "pool", "bounded",
         "pipeline", "transfer"]
SCRIPTS = ["python_module"]  # the others are programs of the build
LONGEST = 1200  # seconds: a benchmark that hangs is one that failed


def first_line(path, pattern="(.*)"):
    try:
        match = re.search(pattern, Path(path).read_text(), re.M)
        return match[1].strip() if match else None
    except OSError:
        return None


def compiler(build):
    path = first_line(build / "CMakeCache.txt", r"^CMAKE_CXX_COMPILER:\w+=(.*)") or "c++"
    try:
        done = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True)
        return done.stdout.splitlines()[0]
    except (OSError, IndexError):
        return path


def machine(build):
    governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    huge = first_line("/sys/kernel/mm/transparent_hugepage/enabled", r"\[(\w+)\]")
    kilobytes = int(first_line("/proc/meminfo", r"^MemTotal:\s+(\d+)") or 0)
    return {"cpu": first_line("/proc/cpuinfo", r"^model name\s*:(.*)") or platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
            "memory": f"{kilobytes / 2**20:.1f} GiB",
            "kernel": platform.release(),
            "governor": governor or "unknown",
            "huge pages": huge or "unknown",
            "compiler": compiler(build),
            "build": first_line(build / "CMakeCache.txt", r"^CMAKE_BUILD_TYPE:\w+=(.*)"),
            "load": f"{os.getloadavg()[0]:.2f} at the start"}


def place(name):
    return ORDER.index(name) if name in ORDER else len(ORDER)


def run_program(name, arguments):
    """The rows of one benchmark, or None if it failed. Its table goes straight to our stdout."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        script = ROOT / f"bench/{name}.py"
        program = [sys.executable, script, "--build", arguments.build] if name in SCRIPTS else [
            arguments.build / f"bin/{name}_bench"]
        command = [*program, "--json", file.name, "--python", arguments.python]
        command += ["--quick"] if arguments.quick else []
        command += ["--rounds", str(arguments.rounds)] if arguments.rounds else []
        try:
            status = subprocess.run(command, timeout=LONGEST).returncode
            return json.load(open(file.name)) if status == 0 else None
        except (OSError, ValueError, subprocess.TimeoutExpired) as problem:
            print(f"  {problem}")
            return None


def header_cost():
    """What including brood/run.hpp costs, as the check of the same name measures and judges it."""
    done = subprocess.run([sys.executable, ROOT / "scripts/check_header_cost.py"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print("header cost\n  " + done.stdout.strip().replace("\n", "\n  "))
    figures = re.search(r"run\.hpp (\d+) ms; budget (\d+) ms", done.stdout)
    if not figures:
        return None
    cost, budget = int(figures[1]), int(figures[2])
    nothing = dict.fromkeys(["peer", "ratio", "ratio_low", "ratio_high", "ratio_calm"])
    return [{"bench": "header", "what": "#include <brood/run.hpp>", "ours": cost, "unit": "ms",
             "bar": f"<= {budget} ms", "ok": cost <= budget, **nothing}]


def summarise(rows, failed):
    promised = [row for row in rows if row["ok"] is not None]
    missed = [row for row in promised if not row["ok"]]
    met = len(promised) - len(missed)
    print(f"summary\n  {len(promised)} bars, {met} met, {len(missed)} missed")
    for row in missed:
        value = row["ratio"] if row["ratio"] is not None else row["ours"]
        spread = ""
        if row["ratio"] is not None:
            spread = f" ({row['ratio_low']:.2f}..{row['ratio_high']:.2f})"
        spread += "" if row["ratio_calm"] is None else f", calm {row['ratio_calm']:.3f}"
        print(f"  missed: {row['bench']}: {row['what']}: {value:.3f}{spread}, bar {row['bar']}")
    for name in failed:
        print(f"  FAILED: {name}")


def main():
    parser = argparse.ArgumentParser(description="Runs the benchmarks.")
    parser.add_argument("filter", nargs="?", default="", help="a regular expression; default: all")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release",
                        help="the build folder")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller data")
    parser.add_argument("--rounds", type=int, help="how many rounds, of each benchmark")
    parser.add_argument("--json", type=Path, help="write the machine and all rows to this file")
    parser.add_argument("--python", default="/usr/bin/python3",
                        help="the CPython to compare with")
    arguments = parser.parse_args()
    programs = (arguments.build / "bin").glob("*_bench")
    found = [path.name.removesuffix("_bench") for path in programs]
    if list((arguments.build / "python/brood").glob("_engine.*")):
        found += SCRIPTS
    wanted = [name for name in sorted(found, key=lambda n: (place(n), n)) + ["header"]
              if re.search(arguments.filter, name)]
    if not wanted or not found:
        sys.exit(f"run.py: nothing matches; there are: {', '.join(sorted(found))}, header")
    about = machine(arguments.build)
    print("\n".join(f"{key}: {value}" for key, value in about.items()), end="\n\n")
    rows, failed = [], []
    for name in wanted:
        sys.stdout.flush()
        result = header_cost() if name == "header" else run_program(name, arguments)
        rows += result or []
        failed += [] if result is not None else [name]
        print()
    summarise(rows, failed)
    if arguments.json:
        everything = {"machine": about, "rows": rows, "failed": failed}
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")
    sys.exit(1 if failed else 0)


main()
