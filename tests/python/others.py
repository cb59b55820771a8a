#!/usr/bin/python3
# Builds the extension for the other Pythons of this machine and runs the tests with them.
# SPDX-License-Identifier: Apache-2.0
"""Usage: others.py BUILD_DIRECTORY. Looks for 3.12 and later below ~/.pyenv; exit status 77: there is none.

What depends on the interpreter is tested with each: that the extension builds and loads, the table of
calls beside that version's standard module, what later versions made right, and the ends of threads
and interpreters. The rest is the same code whatever the version: with BROOD_TEST_OTHERS=all in the
environment everything runs, CPython's own suites too. The library is that of BUILD_DIRECTORY.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "python"
SUITES = ["test.test_subprocess", "test.test_popen"]
SHORT = [["parity_test.py"], ["newer_test.py"],
         ["command_test.py", "Results"], ["pool_test.py", "Jobs", "Surroundings"], ["pipeline_test.py", "Running"],
         ["worker_pool_test.py", "Failures", "Ends"], ["async_test.py"],
         ["standard_test.py"], ["waiting_test.py", "Interrupts", "AtExit"], ["errors_test.py", "Values"]]


def interpreters():
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    newest = {}
    for prefix in root.glob("3.*"):
        match = re.fullmatch(r"3\.(\d+)\.(\d+)", prefix.name)
        if match and int(match[1]) >= 12 and list(prefix.glob("include/python3.*/Python.h")):
            newest[int(match[1])] = max(newest.get(int(match[1]), (-1, None)), (int(match[2]), prefix))
    return [prefix for _, (_, prefix) in sorted(newest.items())]


def call(*command, **keywords):
    """What a command says; the end if it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **keywords)
    if done.returncode:
        sys.exit(f"{done.stdout}{command[0]} ended with status {done.returncode}")
    return done.stdout


def build(prefix, build_directory):
    """The directory for PYTHONPATH. A header for all files is compiled once; nothing is optimised."""
    folder = build_directory / f"python-{prefix.name}"
    package = folder / "python/brood"
    package.mkdir(parents=True, exist_ok=True)
    for file in SOURCES.glob("brood/*"):
        if file.is_file():
            shutil.copy(file, package)
    suffix = call(prefix / "bin/python3", "-c", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))").strip()
    extension, library = package / f"_engine{suffix}", build_directory / "libbrood.a"
    sources = sorted(SOURCES.glob("src/*.cpp"))
    read = [*SOURCES.glob("src/*"), *(ROOT / "include/brood").glob("*"), library, Path(__file__)]
    if extension.exists() and extension.stat().st_mtime > max(file.stat().st_mtime for file in read):
        return folder / "python"
    header = folder / "all.hpp"
    header.write_text(f'#include "{SOURCES}/src/outcome.hpp"\n#include "{SOURCES}/src/request.hpp"\n')
    flags = ["-O0", "-std=c++20", "-fPIC", "-fvisibility=hidden", f"-I{ROOT}/include", "-isystem",
             next(prefix.glob("include/python3.*"))]
    compiler = os.environ.get("CXX", "c++")
    call(compiler, *flags, "-x", "c++-header", header, "-o", f"{header}.gch")
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        list(two.map(lambda file: call(compiler, *flags, "-include", header, "-c", file, "-o", folder / f"{file.stem}.o"),
                     sources))
    call(compiler, "-shared", *(folder / f"{file.stem}.o" for file in sources), library, "-pthread", "-o", extension)
    return folder / "python"


def test(prefix, package, build_directory):
    """The names of the parts that failed. Most of them wait for most of their time: three at once."""
    everything = os.environ.get("BROOD_TEST_OTHERS") == "all"
    environment = dict(os.environ, PYTHONPATH=str(package), BROOD_HELPER=str(build_directory / "bin/brood-helper"))
    parts = SHORT
    if everything:
        parts = [["suite.py", package, *SUITES], *([file.name] for file in sorted(HERE.glob("*_test.py")))]

    def run(part):
        done = subprocess.run([prefix / "bin/python3", HERE / part[0], *part[1:]], env=environment, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        last = done.stdout.rstrip().rpartition("\n")[2]
        print(f"== {prefix.name}: {part[0]}: {last if done.returncode == 0 else done.stdout}", flush=True)
        return done.returncode != 0

    with concurrent.futures.ThreadPoolExecutor(1 if everything else 3) as crowd:
        return sum(crowd.map(run, parts))


def main():
    build_directory = Path(sys.argv[1]).resolve()
    found = interpreters()
    for minor in (12, 13):
        if not any(prefix.name.startswith(f"3.{minor}.") for prefix in found):
            print(f"no Python 3.{minor} with headers here: not tested")
    if not found:
        sys.exit(77)
    failed = sum([test(prefix, build(prefix, build_directory), build_directory) for prefix in found])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
