# What the checks share: the list of the project's files, and how a finding is reported.
# SPDX-License-Identifier: Apache-2.0
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = (".cpp", ".hpp", ".h", ".c")


def files(*suffixes, under=()):
    """Tracked and new files (not ignored ones) that end in one of `suffixes`, relative to ROOT, sorted."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *under],
                            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    names = sorted(set(filter(None, listed.split("\0"))))
    return [Path(n) for n in names if n.endswith(suffixes or "") and (ROOT / n).is_file()]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def lines(path):
    """The numbered lines of a file, starting at 1."""
    return enumerate(text(path).splitlines(), 1)


def code_blocks_removed(markdown):
    """The page without fenced blocks and code spans, line numbers kept."""
    blank = lambda match: "\n" * match[0].count("\n")
    markdown = re.sub(r"^(```+|~~~+).*?^\1", blank, markdown, flags=re.S | re.M)
    return re.sub(r"(`+)(?!`).+?\1", blank, markdown, flags=re.S)


class Report:
    """Collects findings; `finish` prints them and ends the script, with status 1 if one is a failure."""

    def __init__(self):
        self.failures = 0

    def bad(self, where, what):
        self.failures += 1
        print(f"{where}: {what}")

    def note(self, where, what):
        print(f"{where}: note: {what}")

    def finish(self):
        sys.exit(1 if self.failures else 0)
