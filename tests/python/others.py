#!/usr/bin/python3
# Builds the package for the other Pythons of this machine and runs the tests with them.
# SPDX-License-Identifier: Apache-2.0
"""Usage: others.py BUILD_DIRECTORY. Looks for 3.12 and later below ~/.pyenv; exit status 77: there is none."""
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SUITES = ["test.test_subprocess", "test.test_popen"]


def interpreters():
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    newest = {}
    for prefix in root.glob("3.*"):
        match = re.fullmatch(r"3\.(\d+)\.(\d+)", prefix.name)
        if match and int(match[1]) >= 12 and list(prefix.glob("include/python3.*/Python.h")):
            newest[int(match[1])] = max(newest.get(int(match[1]), (-1, None)), (int(match[2]), prefix))
    return [prefix for _, (_, prefix) in sorted(newest.items())]


def build(prefix, folder):
    settings = {"CMAKE_BUILD_TYPE": "Release", "BROOD_DEV": "OFF", "BROOD_TOOL": "OFF", "BROOD_INSTALL": "OFF",
                "CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "Python_EXECUTABLE": prefix / "bin/python3",
                "Python_ROOT_DIR": prefix}
    steps = [["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", *(f"-D{k}={v}" for k, v in settings.items())],
             ["cmake", "--build", folder, "--target", "brood_python", "--parallel", "2"]]
    for step in steps:
        done = subprocess.run([str(word) for word in step], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(f"{done.stdout}building for {prefix.name} failed")
    return folder / "python"


def main():
    found = interpreters()
    for minor in (12, 13):
        if not any(prefix.name.startswith(f"3.{minor}.") for prefix in found):
            print(f"no Python 3.{minor} with headers here: not tested")
    if not found:
        sys.exit(77)
    failed = 0
    for prefix in found:
        package = build(prefix, Path(sys.argv[1]) / f"python-{prefix.name}")
        python = prefix / "bin/python3"
        environment = dict(os.environ, PYTHONPATH=str(package))
        for command in ([HERE / "suite.py", package, *SUITES], [HERE / "parity_test.py"], [HERE / "newer_test.py"],
                        [HERE / "command_test.py"], [HERE / "pool_test.py"]):
            print(f"== {prefix.name}: {command[0].name}", flush=True)
            failed += subprocess.run([python, *command], env=environment, cwd="/", stderr=subprocess.STDOUT).returncode != 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
