#!/usr/bin/python3
# Checks that every verb of brood-helper is used: an unused verb is code that nothing tests.
# SPDX-License-Identifier: Apache-2.0
import re

from common import Report, files, text

report = Report()
helper = files(".cpp", under=["tests/helper"])
verbs = {verb: path for path in helper for verb in re.findall(r'^\s*\{\s*"([a-z][\w-]*)"\s*,', text(path), re.M)}

users = [path for path in files(under=["tests", "python", "bench", "docs", "examples"]) if path not in helper]
words = set()
for path in users:
    content = text(path)
    words.update(re.findall(r"""["']([a-z][\w-]*)["']""", content))
    words.update(re.findall(r"helper\S*\s+([a-z][\w-]*)", content, re.I))
for verb in sorted(set(verbs) - words):
    report.bad(verbs[verb], f"no test uses the verb {verb}")
report.finish()
