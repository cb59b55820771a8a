#!/usr/bin/python3
# Checks that each file says what it is for, under which licence, and that nothing is put off in a comment.
# SPDX-License-Identifier: Apache-2.0
import re

from common import CODE, Report, files, text

SPDX = "SPDX-License-Identifier: Apache-2.0"
LATER = re.compile(r"\bTO" + r"DO\b")
SOURCES = (*CODE, ".S", ".S.in", ".py", ".sh", ".cmake", ".cmake.in", ".pc.in", "CMakeLists.txt", ".t")
PROSE = (".md", ".toml", ".json", ".yml", ".txt")
report = Report()

sources = [*files(*SOURCES), *files(under=["dev", ".ci"])]
for path in sources:
    head = text(path).splitlines()[:4]
    if head and head[0].startswith("#!"):
        del head[0]
    purpose = re.match(r"(?://|#|/\*)\s*(\S.*\s.*\S)", head[0]) if head else None
    if not purpose or "SPDX" in head[0] or re.match(r"#\s*(include|pragma|if)", head[0]):
        report.bad(path, "its first line does not say what it is for")
    if not any(SPDX in line for line in head[:3]):
        report.bad(path, f"has no line '{SPDX}' at its top")
    if path.parts[0] == "include" and not re.search(r"^#pragma once$", text(path), re.M):
        report.bad(path, "has no #pragma once")

for path in {*sources, *files(*PROSE)}:
    for number, line in enumerate(text(path).splitlines(), 1):
        if LATER.search(line):
            report.bad(f"{path}:{number}", "puts something off: do it, or open an issue")
report.finish()
