#!/usr/bin/python3
# Checks that the code between clone and exec calls nothing but the symbols in child_symbols.txt.
# SPDX-License-Identifier: Apache-2.0
import subprocess

from common import ROOT, Report, lines

SOURCE = "src/spawn/child_side_linux.cpp"
report = Report()
listed = (line.partition("#")[0].strip() for _, line in lines("scripts/child_symbols.txt"))
allowed = set(filter(None, listed))



def is_current(path, folder):
    """Whether the object was made of what its sources are now."""
    deps = subprocess.run(["ninja", "-C", folder, "-t", "deps", path.relative_to(folder)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
    made_of = [folder / line.strip() for line in deps if line.startswith("    ")]
    return bool(made_of) and all(file.exists() and file.stat().st_mtime <= path.stat().st_mtime for file in made_of)


def objects_of(preset):
    folder = ROOT / "build" / preset
    found = sorted(folder.glob(f"CMakeFiles/*/{SOURCE}.o"))
    return found, [path for path in found if is_current(path, folder)]


found, current = objects_of("dev")
if not found or current != found:
    report.bad(SOURCE, "is not built as it is now: run ./dev build first")
# Of the preset release, which nobody has to build, an older object is passed over.
for path in current + objects_of("release")[1]:
    listing = subprocess.run(["nm", "-u", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    for symbol in sorted(set(listing.split()) - {"U", "w", "v"} - allowed):
        report.bad(path.relative_to(ROOT), f"imports {symbol}")
report.finish()
