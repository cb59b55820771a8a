#!/usr/bin/python3
# Checks that no file is too long to be read in one sitting.
# SPDX-License-Identifier: Apache-2.0
from common import Report, files, text

SOFT, HARD = 400, 800
report = Report()

for path in [*files(".cpp", ".hpp", ".py", ".h", ".sh"), *files(under=["dev"])]:
    length = text(path).count("\n")
    if length > HARD:
        report.bad(path, f"{length} lines; the limit is {HARD}")
    elif length > SOFT:
        report.note(path, f"{length} lines; more than {SOFT} want a reason")
report.finish()
