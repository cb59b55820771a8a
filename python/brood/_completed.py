# What brood.run leaves: results and exceptions that say more than the standard ones.
# SPDX-License-Identifier: Apache-2.0
from brood import _results


class CompletedProcess(_results.CompletedProcess):
    """A command that has ended, and how.

    Beyond the standard attributes: pid; reason ("exited", "signaled", "timed_out",
    "idle_timed_out", "cpu_limit", "memory_limit", "output_limit", "file_size_limit", "cancelled");
    usage (seconds and counts, as a dict); complete (False if output was given up on because others
    held the pipe); stdout_omitted and stderr_omitted (bytes that max_output left out); containment
    (what was in force); degraded (what best_effort left out); accepted (whether the returncode is
    one of ok_codes and the command ended by itself); attempts (those before this one, see retry).
    The returncode is None for a command that never ran, or whose status was lost.
    """

    __module__ = "brood"

    def __init__(self, args, returncode, stdout=None, stderr=None, **details):
        super().__init__(args, returncode, stdout, stderr)
        self.pid = None
        self.reason = "exited"
        self.complete = True
        self.usage = {}
        self.stdout_omitted = self.stderr_omitted = 0
        self.containment = "process"
        self.degraded = []
        self.attempts = []
        self.accepted = returncode == 0
        self.__dict__.update(details)

    def __repr__(self):
        text = super().__repr__()
        return text if self.reason == "exited" else f"{text[:-1]}, reason={self.reason!r})"

    def check_returncode(self):
        """Raise CalledProcessError unless the command ended well."""
        if not self.accepted:
            raise CalledProcessError(self)


class CalledProcessError(_results.CalledProcessError):
    """A checked command ended badly; `result` is its CompletedProcess."""

    __module__ = "brood"

    def __init__(self, result):
        super().__init__(result.returncode, result.args, result.stdout, result.stderr)
        self.result = result
        self.args = (result,)

    def __str__(self):
        if self.result.reason in ("exited", "signaled"):
            return super().__str__()
        return f"Command '{self.cmd}' was stopped: {self.result.reason}."


class TimeoutExpired(_results.TimeoutExpired):
    """A time limit passed and the command was stopped; `result` is its CompletedProcess, or None.

    For a pipeline `result` is its CompletedPipeline.
    """

    __module__ = "brood"

    def __init__(self, cmd, timeout, output=None, stderr=None, result=None):
        super().__init__(cmd, timeout, output, stderr)
        self.result = result
        self.args = (cmd, timeout, output, stderr, result)

    def __str__(self):
        if self.result is not None and self.result.reason == "idle_timed_out":
            return f"Command '{self.cmd}' wrote nothing for {self.timeout} seconds"
        return super().__str__()
