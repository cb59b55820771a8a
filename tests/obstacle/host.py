# What obstacle-host is, for the Python module: one case for each line on its stdin.
# SPDX-License-Identifier: Apache-2.0
import os
import sys

import brood

HELPER = os.environ["BROOD_HELPER"]
LEVEL = sys.argv[1]


def text_of(result):
    code = result.returncode
    words = [f"code={code}" if code >= 0 else f"signal={-code}", f"reason={result.reason}",
             f"level={result.containment}", f"pid={result.pid}"]
    return "\t".join(words + ["out=" + (result.stdout or b"").decode().partition("\n")[0]])


def play(ending, mark, pids):
    options = {"stdout": brood.PIPE, "env": {**os.environ, "BROOD_TEST_MARK": mark}, "contain": LEVEL,
               "stop": "TERM,50ms,KILL"}
    if ending == "exit":
        return text_of(brood.run([HELPER, "out", "hi", "+", "exit", "7"], **options))
    if ending == "leave":
        return text_of(brood.run([HELPER, "setsid-bg", "close", "1", ",", "pause", "+", "out", "hi", "+", "exit", "7"], **options))
    tree = [HELPER, "leak-tree", pids]
    if ending == "crowd":
        tree = [HELPER, "fork-tree", "1", "100", pids, "+", "pause"]
    if ending == "timeout":
        try:
            return text_of(brood.run(tree, timeout=0.15, **options))
        except brood.TimeoutExpired as e:
            return text_of(e.result)
    if ending == "death":
        return text_of(brood.run(tree, **options))
    with brood.Popen(tree, **options) as p:
        p.stdout.readline()
        if ending == "request":
            p.terminate()
        p.stop()
        code = p.returncode
        return (f"code={code}" if code >= 0 else f"signal={-code}") + f"\tpid={p.pid}"


for line in sys.stdin:
    try:
        answer = play(*line.split())
    except (OSError, ValueError, RuntimeError, brood.SubprocessError) as e:
        answer = f"error={type(e).__name__}\ttext={e}"
    print(answer, flush=True)
