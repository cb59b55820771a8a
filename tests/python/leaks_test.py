# Many calls of each kind leave no memory, descriptors, threads or objects behind.
# SPDX-License-Identifier: Apache-2.0
"""Usage: leaks_test.py [CALLS]"""
import asyncio
import gc
import os
import sys
import threading
import time
import unittest

import brood
import brood.subprocess as subprocess

CALLS = int(sys.argv.pop(1)) if sys.argv[1:] and sys.argv[1].isdigit() else 300
SLACK = 2 << 20  # the allocator's: what leaks 1 KiB a call is caught from 2000 calls on, objects always


def popen():
    with subprocess.Popen(["true"], stdin=-1, stdout=-1, stderr=-1) as process:
        process.communicate(b"x")


def fails(call, *errors):
    try:
        call()
    except errors:
        return
    raise AssertionError("it did not fail")


def raising(*_):
    raise LookupError


def awaited(*arguments, within=None, **keywords):
    loop.run_until_complete(asyncio.wait_for(brood.async_run(*arguments, **keywords), within))


def in_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def early(process):
    fails(lambda: process.wait(timeout=0), subprocess.TimeoutExpired)
    process.stop([9])
    process.wait()


pool = workers = loop = None
KINDS = {
    "run": lambda: subprocess.run(["true"]),
    "run with everything": lambda: subprocess.run(["true"], input="x", text=True, capture_output=True, timeout=60,
                                                  env={"A": "b"}, cwd="/", executable="/bin/true"),
    "Popen": popen,
    "wait": lambda: subprocess.Popen(["true"]).wait(timeout=60),
    "by fork": lambda: subprocess.run(["true"], stdout=-1, restore_signals=False),
    "preexec_fn": lambda: subprocess.run(["true"], preexec_fn=lambda: None),
    "no program": lambda: fails(lambda: subprocess.run(["/no/such"], capture_output=True), FileNotFoundError),
    "bad arguments": lambda: fails(lambda: subprocess.run(["true", 3], env={"A": "b"}), TypeError),
    "bad pipesize": lambda: fails(lambda: subprocess.run(["true"], stdin=-1, stdout=-1, pipesize=2 ** 31 + 1), OSError),
    "timeout": lambda: fails(lambda: subprocess.run(["sleep", "60"], stdout=-1, timeout=0), subprocess.TimeoutExpired),
    "check": lambda: fails(lambda: subprocess.check_output(["false"]), subprocess.CalledProcessError),
    "brood.run": lambda: brood.run(["true"], capture_output=True, input=b"x", limits={"core": 0}),
    "brood.run, on_line": lambda: brood.run(["echo", "x"], on_line=lambda line: None),
    "brood.run, on_line raises": lambda: fails(lambda: brood.run(["echo", "x"], on_line=raising), LookupError),
    "brood.run, mistakes": lambda: fails(lambda: brood.run(["true"], nice=100), ValueError),
    "brood.run, no program": lambda: fails(lambda: brood.run(["/no/such"]), FileNotFoundError),
    "brood.run in a thread": lambda: in_thread(lambda: brood.run(["echo", "x"], capture_output=True)),
    "a wait that drives": lambda: brood.Popen(["echo", "x"], stdout=-1, max_output=9, on_line=lambda line: None).wait(),
    "a wait that comes too early": lambda: early(brood.Popen(["sleep", "60"], on_line=lambda line: None)),
    "brood.Popen": lambda: brood.Popen(["cat"], stdin=-1, stdout=-1, contain="group").stop(),
    "a job": lambda: pool.submit(["true"], capture_output=True, on_done=lambda job: job.result()).result(),
    "a job, on_line raises": lambda: fails(lambda: pool._submit(["echo", "x"], False, None, None, {"on_line": raising},
                                                                False).result(), LookupError),
    "map": lambda: pool.map([["true"], ["true"]], stdout=-1),
    "retry": lambda: brood.run(["false"], retry=2),
    "a pipeline": lambda: brood.run(brood.command("echo") | brood.command("cat"), capture_output=True),
    "a pipeline, no program": lambda: fails(lambda: brood.run(brood.command("cat") | ["/no/such"]), FileNotFoundError),
    "async_run": lambda: awaited(["true"], capture_output=True),
    "async_run, cancelled": lambda: fails(lambda: awaited(["sleep", "60"], within=0.001), asyncio.TimeoutError),
    "async_run, mistakes": lambda: fails(lambda: awaited(["true"], nice=100), ValueError),
    "a request": lambda: workers.call(b"x"),
    "a request, cancelled": lambda: workers.request(b"x").cancel(),
    "a worker pool": lambda: brood.WorkerPool(["cat"], min_workers=1).close(),
    "a pool": lambda: brood.Pool(1)._close(),
}


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def settled(most):
    """state() once it has no more descriptors than that: a job has ended a moment before its pidfd is closed."""
    for _ in range(100):
        found = state()
        if found["descriptors"] <= most:
            break
        time.sleep(0.01)
    return found


def state():
    gc.collect()
    return {"descriptors": len(os.listdir("/proc/self/fd")), "threads": len(os.listdir("/proc/self/task")),
            "objects": len(gc.get_objects()), "blocks": sys.getallocatedblocks()}


class Leaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        global pool, workers, loop
        pool, workers = brood.Pool(2), brood.WorkerPool(["cat"], max_workers=2)
        loop = asyncio.new_event_loop()

    @classmethod
    def tearDownClass(cls):
        pool._close()
        workers.close()
        loop.close()


def _add(name, call):
    def test(self):
        for _ in range(max(20, CALLS // 10)):
            call()
        time.sleep(0.05)
        before, memory = state(), resident()
        for _ in range(CALLS):
            call()
        after, grown = settled(before["descriptors"]), resident() - memory
        for what, most in (("descriptors", 0), ("threads", 0), ("objects", CALLS // 20), ("blocks", CALLS // 5)):
            self.assertLessEqual(after[what], before[what] + most, what)
        self.assertLess(grown, SLACK)
    setattr(Leaks, f"test_{name}", test)


for _name, _call in KINDS.items():
    _add(_name, _call)

if __name__ == "__main__":
    unittest.main(warnings="ignore")
