#!/usr/bin/python3
# Checks what the public headers cost those who include them: parse time, and what comes along.
# SPDX-License-Identifier: Apache-2.0
import os
import re
import shutil
import subprocess

from common import ROOT, Report, files, lines

BUDGET_MS = 450       # brood/run.hpp minus an empty file
CALIBRATION_MS = 245  # <string> and <vector> minus an empty file, on the machine where the budget was set
RUNS = 5
ADAPTERS = {"include/brood/asio.hpp"}  # for those who have included as much already
HEAVY = {"functional", "filesystem", "thread", "iostream", "regex"}
SYSTEM = re.compile(r"\s*#\s*include\s*[<\"]((?!brood/|bits/)[^>\"]*[/.][^>\"]*)[>\"]")
report = Report()


def compiler(source, *flags):
    """Runs the compiler over `source`; its output and the CPU time it and its children took, in ms."""
    before = os.times()
    done = subprocess.run(["g++", "-std=c++20", f"-I{ROOT}/include", "-x", "c++", *flags, "-"], input=source, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after = os.times()
    if done.returncode:
        report.bad("include/brood", "does not compile:\n" + done.stderr)
        report.finish()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, cpu * 1000


def cost(source):
    return min(compiler(source, "-fsyntax-only")[1] for _ in range(RUNS))


public = [path for path in files(".hpp", under=["include"]) if path.as_posix() not in ADAPTERS]
for path in public:
    for number, line in lines(path):
        match = SYSTEM.match(line)
        if match:
            report.bad(f"{path}:{number}", f"includes {match[1]}: public headers include the C++ library only")

headers = [p.relative_to("include").as_posix() for p in public]
if headers and shutil.which("g++"):
    included, _ = compiler("".join(f"#include <{name}>\n" for name in headers), "-E")
    for name in sorted(HEAVY & {os.path.basename(m) for m in re.findall(r'^# \d+ "(/[^"]+)"', included, re.M)}):
        report.bad("include/brood", f"<{name}> comes along with the public headers")
if "brood/run.hpp" in headers and shutil.which("g++"):
    empty = cost("")
    measured = cost("#include <brood/run.hpp>\n") - empty
    calibration = cost("#include <string>\n#include <vector>\n") - empty
    budget = BUDGET_MS * max(1.0, calibration / CALIBRATION_MS)
    print(f"brood/run.hpp {measured:.0f} ms; budget {budget:.0f} ms; <string> and <vector> {calibration:.0f} ms")
    if measured > budget:
        report.bad("include/brood/run.hpp", f"costs {measured:.0f} ms of parsing; the budget is {budget:.0f} ms")
report.finish()
