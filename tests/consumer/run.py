#!/usr/bin/python3
# Installs a build tree and uses it from outside, through CMake and through pkg-config: run.py BUILD_DIR
# SPDX-License-Identifier: Apache-2.0
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(*command, **options):
    """Runs a step; its output, or the end of this test if it fails."""
    command = [str(word) for word in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def expect(what, actual, expected):
    if actual != expected:
        sys.exit(f"{what}: printed {actual!r}, not {expected!r}")


parser = argparse.ArgumentParser()
parser.add_argument("build", type=Path)
parser.add_argument("--compiler", default="c++")
parser.add_argument("--helper", type=Path)
options = parser.parse_args()
helper = options.helper or options.build / "bin/brood-helper"

with tempfile.TemporaryDirectory(prefix="brood-consumer-") as directory:
    prefix, build = Path(directory, "prefix"), Path(directory, "build")
    run("cmake", "--install", options.build, "--prefix", prefix)

    run("cmake", "-S", HERE, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={options.compiler}")
    run("cmake", "--build", build)
    expect("built with CMake", run(build / "consumer", helper), "x\n")

    (package,) = prefix.rglob("brood.pc")
    flags = run("pkg-config", "--cflags", "--libs", "--static", "brood",
                env=dict(os.environ, PKG_CONFIG_PATH=str(package.parent))).split()
    program = Path(directory, "by-pkg-config")
    run(options.compiler, "-std=c++20", HERE / "main.cpp", "-o", program, *flags)
    expect("built with pkg-config", run(program, helper), "x\n")
