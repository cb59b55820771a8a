#!/usr/bin/python3
# Runs CPython's own tests with the drop-in in place of its subprocess module.
# SPDX-License-Identifier: Apache-2.0
"""Usage: suite.py PACKAGE_DIRECTORY MODULE...

A test that fails with the drop-in is run again with the standard module: only what differs counts.
Exit status 77: the interpreter's test suite (libpython3.11-testsuite) is not installed.
"""
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent

# What cannot apply, and why. Everything else of the listed modules must do as with the standard
# module. (test_fork_exec and its like pass: they call CPython's own C module.)
NOT_APPLICABLE = {
    "POSIXProcessTestCase.test_exception_errpipe_normal":
        "replaces _fork_exec by a function that writes CPython's own error text to a pipe among its "
        "23 arguments; failures travel in shared memory here, there is no such pipe",
    "POSIXProcessTestCase.test_exception_errpipe_bad_data":
        "the same, with bytes that are no such text",
    "POSIXProcessTestCase.test_stopped":
        "replaces os.waitpid to claim that a child was stopped; the wait is a system call of the "
        "extension, and does not ask for stopped children",
}


class Outcomes(unittest.TextTestResult):
    """Collects the names of what failed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.bad = set()

    def _note(self, test):
        test = getattr(test, "test_case", test)
        self.bad.add(test.id())

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test)


def inside(expected, names):
    """In the child: run `names`; the last line of stdout is the outcome."""
    import subprocess as module
    if module.__name__ != expected:
        sys.exit(f"the module in place is {module.__name__}")

    def flatten(suite):
        for each in suite:
            if isinstance(each, unittest.TestSuite):
                yield from flatten(each)
            else:
                yield each

    every = list(flatten(unittest.defaultTestLoader.loadTestsFromNames(names)))
    tests = [t for t in every if ".".join(t.id().split(".")[-2:]) not in NOT_APPLICABLE]
    result = unittest.TextTestRunner(stream=sys.stderr, resultclass=Outcomes).run(unittest.TestSuite(tests))
    print(json.dumps({"run": result.testsRun, "skipped": len(result.skipped), "bad": sorted(result.bad),
                      "left_out": len(every) - len(tests)}))


def run(expected, path, names):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(path)
    with tempfile.TemporaryDirectory() as folder:  # the suites write to the current directory
        done = subprocess.run([sys.executable, str(HERE / "suite.py"), "--inside", expected, *names], cwd=folder,
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"running {', '.join(names)} with {expected} ended with status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    package, *modules = sys.argv[1:]
    if importlib.util.find_spec("test") is None or importlib.util.find_spec("test.support") is None:
        print("the interpreter's tests are not installed")
        sys.exit(77)
    # Low enough for the tests that count descriptors to run.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    ours = run("brood.subprocess", [str(HERE / "shim"), package], modules)
    print(f"{ours['run']} run, {ours['skipped']} skipped, {len(ours['bad'])} failed, "
          f"{ours['left_out']} left out", flush=True)
    if not ours["bad"]:
        return
    standard = run("subprocess", [], ours["bad"])
    worse = sorted(set(ours["bad"]) - set(standard["bad"]))
    for name in ours["bad"]:
        print(("FAILED: " if name in worse else "fails with the standard module as well: ") + name)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
    else:
        main()
