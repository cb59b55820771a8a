#!/usr/bin/python3
# Passes if the compiler rejects a file, for the reason it names: run.py COMPILER FILE INCLUDEDIR
# SPDX-License-Identifier: Apache-2.0
import re
import subprocess
import sys

compiler, source, include = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    expected = re.findall(r"^\s*// expect-error: (.+?)\s*$", file.read(), re.M)
if not expected:
    sys.exit(f"{source}: has no line '// expect-error: REGEX'")

done = subprocess.run([compiler, "-std=c++20", "-Wall", "-Werror", "-fsyntax-only", f"-I{include}", source],
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
if done.returncode == 0:
    sys.exit(f"{source}: the compiler accepts it")
for regex in expected:
    if not re.search(regex, done.stdout):
        print(done.stdout, end="")
        sys.exit(f"{source}: rejected, but not for this reason: {regex}")
