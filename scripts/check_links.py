#!/usr/bin/python3
# Checks that relative links between the Markdown pages lead somewhere.
# SPDX-License-Identifier: Apache-2.0
import re
from urllib.parse import unquote

from common import ROOT, Report, code_blocks_removed, files, text

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s*(\S+)", re.M)
report = Report()

for path in files(".md"):
    page = code_blocks_removed(text(path))
    for match in LINK.finditer(page):
        target = unquote((match[1] or match[2]).partition("#")[0])
        if not target or re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        base = ROOT if target.startswith("/") else (ROOT / path).parent
        if not (base / target.lstrip("/")).exists():
            number = page.count("\n", 0, match.start()) + 1
            report.bad(f"{path}:{number}", f"{target} does not exist")
report.finish()
