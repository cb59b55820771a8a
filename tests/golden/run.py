#!/usr/bin/python3
# Runs transcripts of the tool and compares what they print: run.py [--approve] [--bin DIR] FILE...
# SPDX-License-Identifier: Apache-2.0
#
# A transcript starts with comment lines. Then come blocks: a line `$ command`, the output it must have (stdout
# and stderr merged), and `[N]` as the last line if it must exit with status N other than 0. An expected line that
# ends in ` (re)` is a regular expression. Empty lines at the end of a block do not count.
#
# Commands run through sh, each on its own, in a directory that is empty at first; `brood` is on PATH, $HELPER is
# the test helper. --approve writes what the commands do now into the files.
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60


def parse(lines):
    """Splits a transcript into its head and its blocks: [command, expected lines]."""
    head, blocks = [], []
    for line in lines:
        if line.startswith("$ "):
            blocks.append([line[2:], []])
        elif blocks:
            blocks[-1][1].append(line)
        else:
            head.append(line)
    return head, blocks


def stripped(lines):
    """The lines without the empty ones at the end."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def run(command, directory, env):
    """What a command printed, as lines, with its exit status as the last if that is not 0."""
    try:
        done = subprocess.run(["sh", "-c", command], cwd=directory, env=env, timeout=SECONDS, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="backslashreplace")
    except subprocess.TimeoutExpired:
        return [f"[no end within {SECONDS} s]"]
    lines = stripped(done.stdout.split("\n"))
    return lines + [f"[{done.returncode}]"] if done.returncode else lines


def same(expected, actual):
    def line_matches(want, got):
        return want == got or (want.endswith(" (re)") and re.fullmatch(want[:-5], got) is not None)
    expected = stripped(expected)
    return len(expected) == len(actual) and all(map(line_matches, expected, actual))


def check(path, bin_dir, approve):
    """Runs one transcript; True if all of it was as expected."""
    head, blocks = parse(path.read_text(encoding="utf-8").splitlines())
    passed, approved = bool(blocks), list(head)
    with tempfile.TemporaryDirectory(prefix="brood-golden-") as directory:
        env = dict(os.environ, HOME=directory, TMPDIR=directory, HELPER=str(bin_dir / "brood-helper"), LC_ALL="C.UTF-8",
                   TERM="dumb", COLUMNS="80", PATH=f"{bin_dir}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        work = os.path.join(directory, "work")
        os.mkdir(work)
        for command, expected in blocks:
            actual = run(command, work, env)
            if not same(expected, actual):
                passed = False
                gap = expected[len(stripped(expected)):]
                if not approve:
                    print(f"{path}: $ {command}", *(f"  -{line}" for line in stripped(expected)),
                          *(f"  +{line}" for line in actual), sep="\n")
                expected = actual + gap
            approved += [f"$ {command}", *expected]
    if approve and not passed:
        path.write_text("\n".join(approved) + "\n", encoding="utf-8")
        print(f"{path}: approved")
    return passed or approve


parser = argparse.ArgumentParser(description="Runs transcripts of the tool and compares.")
parser.add_argument("--approve", action="store_true", help="rewrite the expectations")
parser.add_argument("--bin", type=Path, default=ROOT / "build/dev/bin", help="where brood and brood-helper are")
parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
options = parser.parse_args()
results = [check(path, options.bin.resolve(), options.approve) for path in options.files]
sys.exit(0 if all(results) else 1)
