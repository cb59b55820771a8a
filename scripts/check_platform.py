#!/usr/bin/python3
# Checks that code asks for the platform only where the platform is somebody's job.
# SPDX-License-Identifier: Apache-2.0
import re

from common import CODE, Report, files, text

ALLOWED = ("src/sys/", "src/spawn/", "src/loop/", "src/process/", "src/sandbox/", "tests/", "bench/")
CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(?:el)?if\w*\b((?:[^\n]*\\\n)*[^\n]*)", re.M)
PLATFORM = re.compile(r"\b(__linux__|_WIN32|__APPLE__|__unix__|__x86_64__|__aarch64__)\b")
report = Report()

for path in files(*CODE):
    if path.as_posix().startswith(ALLOWED):
        continue
    content = text(path)
    for match in CONDITIONAL.finditer(content):
        name = PLATFORM.search(match[1])
        if name:
            number = content.count("\n", 0, match.start()) + 1
            report.bad(f"{path}:{number}", f"asks for {name[1]}: let a file suffix choose (x_linux.cpp, x_posix.cpp)")
report.finish()
