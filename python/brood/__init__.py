# brood: start, watch and stop processes, as a Python package.
# SPDX-License-Identifier: Apache-2.0
"""brood: start, watch and stop processes.

`brood.subprocess` is Python's subprocess module on brood's engine. Here is what goes beyond it:

    import brood
    r = brood.run(["make", "-j8"], timeout=600, contain="tree", capture_output=True)
    r.returncode, r.reason, r.usage["max_rss_bytes"], r.complete
"""
from brood import _engine

if not _engine.in_main_interpreter():
    raise ImportError("brood does not work in subinterpreters")

from brood import subprocess
from brood._async import async_run
from brood._command import Popen
from brood._completed import CalledProcessError, CompletedProcess, TimeoutExpired
from brood._handles import DEVNULL, PIPE, STDOUT
from brood._jobserver import JobserverClient, JobserverSlot
from brood._pipeline import Command, Pipeline, command, shell
from brood._pool import Job, Pool
from brood._results import SubprocessError
from brood._retry import Retry
from brood._run import run
from brood._stages import CompletedPipeline
from brood._workers import Reply, WorkerError, WorkerPool

__all__ = ["run", "async_run", "Popen", "Command", "command", "shell", "Pipeline", "Pool", "Job", "WorkerPool", "Reply",
           "JobserverClient", "JobserverSlot", "Retry", "CompletedProcess", "CompletedPipeline", "CalledProcessError", "TimeoutExpired", "WorkerError",
           "SubprocessError", "PIPE", "STDOUT", "DEVNULL", "subprocess"]
