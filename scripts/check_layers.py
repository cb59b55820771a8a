#!/usr/bin/python3
# Checks that layers include only what ranks below them; that journal, cli and python see only public headers.
# SPDX-License-Identifier: Apache-2.0
import re

from common import CODE, Report, files, lines

RANK = {"base": 0, "sys": 1, "spawn": 2, "stream": 2, "loop": 2, "scope": 3, "sandbox": 3, "process": 4, "executor": 5,
        "run": 6, "async": 6, "schedule": 7, "testing": 7, "jobserver": 8, "pipeline": 8, "pool": 8, "workers": 8, "flow": 8,
        "service": 8, "slurm": 8}
NEIGHBOURS = {("pool", "jobserver"), ("workers", "jobserver")}  # of one rank, and yet one includes the other
TOPS = ("src", "cli", "python", "include", "tests")  # the journal's target lets all of them be found
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
report = Report()


def may_include(layer, target):
    return target == layer or RANK[target] < RANK[layer] or (layer, target) in NEIGHBOURS


for path in files(*CODE, under=["src", "journal", "cli", "python", "include"]):
    top, layer = path.parts[0], path.parts[1]
    if top == "src" and (layer not in RANK or len(path.parts) < 3):
        report.bad(path, "is in no layer")
        continue
    for number, line in lines(path):
        match = INCLUDE.match(line)
        if not match:
            continue
        where, quoted, angled = f"{path}:{number}", match[1], match[2]
        target = (quoted or angled).split("/")[0]
        if quoted and ".." in quoted.split("/"):
            report.bad(where, f"includes {quoted}: write it as \"layer/file\"")
        elif top == "src":
            if quoted and target in RANK and not may_include(layer, target):
                report.bad(where, f"{layer} includes {target}")
            elif quoted and (target == "journal" or target in TOPS):
                report.bad(where, f"{layer} includes {quoted}: no layer knows the tool, the journal or the tests")
        elif top == "journal" and quoted and target != "journal":
            report.bad(where, f"journal includes {quoted}: only <brood/...> and its own headers are for it")
        elif quoted and target in TOPS:
            report.bad(where, f"includes {quoted}: a header is named from the folder that its target exports")
        elif target in RANK and "/" in (quoted or angled) and (quoted or target != "sys"):
            report.bad(where, f"{top} includes {target}, a layer: only <brood/...> is for it")
        elif target == "journal" and top in ("python", "include"):
            report.bad(where, f"{top} includes {target}: only <brood/...> is for it")
        elif top == "include" and quoted:
            report.bad(where, f"a public header includes {quoted}: write it as <brood/...>")
report.finish()
