#!/usr/bin/python3
# Extracts the C++ blocks of README.md and docs/ into files that the build compiles: snippets.py OUTDIR
# SPDX-License-Identifier: Apache-2.0
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```cpp[^\n]*\n(.*?)^```[ \t]*$", re.S | re.M)
SKIP = "<!-- no-compile -->"
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b[^\n]*", re.M)


def fragment(code, line, page):
    """A block without main, as a function of its own; what it includes goes before that."""
    includes = "".join(f"{m[0].strip()}\n" for m in INCLUDE.finditer(code))
    body = INCLUDE.sub("", code)  # an empty line each, so that line numbers stay right
    return (f"#include <brood/brood.hpp>\n{includes}"
            "using namespace std::chrono_literals;\nusing namespace brood::literals;\n"
            f"[[maybe_unused]] static void snippet() {{\n#line {line} \"{page}\"\n{body}}}\n")


def blocks(page):
    """The C++ blocks of a page: (number of its first line, code)."""
    content = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(content):
        if not content[:match.start()].rstrip().endswith(SKIP):
            yield content.count("\n", 0, match.start(1)) + 1, match[1]


def write_if_changed(path, content):
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")


out = Path(sys.argv[1])
written = set()
for kind in ("fragment", "program"):
    (out / kind).mkdir(parents=True, exist_ok=True)
for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
    if not page.exists():
        continue
    stem = "-".join(page.relative_to(ROOT).with_suffix("").parts)
    for number, (line, code) in enumerate(blocks(page), 1):
        is_program = re.search(r"\bint main\b", code)
        path = out / ("program" if is_program else "fragment") / f"{stem}.{number}.cpp"
        write_if_changed(path, f'#line {line} "{page}"\n{code}' if is_program else fragment(code, line, page))
        written.add(path)
for path in out.glob("*/*.cpp"):
    if path not in written:
        path.unlink()
