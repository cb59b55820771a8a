#!/usr/bin/python3
# Checks that the code between clone and exec calls nothing but the symbols in child_symbols.txt.
# SPDX-License-Identifier: Apache-2.0
import subprocess

from common import ROOT, Report, lines

SOURCE = "src/spawn/child_posix.cpp"
report = Report()
listed = (line.partition("#")[0].strip() for _, line in lines("scripts/child_symbols.txt"))
allowed = set(filter(None, listed))

objects = [o for preset in ("dev", "release") for o in sorted((ROOT / "build" / preset).glob(f"CMakeFiles/*/{SOURCE}.o"))]
if (ROOT / SOURCE).exists() and not objects:
    report.bad(SOURCE, "is not built yet: run ./dev build first")
for path in objects:
    listing = subprocess.run(["nm", "-u", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    for symbol in sorted(set(listing.split()) - {"U", "w", "v"} - allowed):
        report.bad(path.relative_to(ROOT), f"imports {symbol}")
report.finish()
