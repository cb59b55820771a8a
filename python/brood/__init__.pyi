# The types of what goes beyond the standard module.
# SPDX-License-Identifier: Apache-2.0
import subprocess as _standard
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import IO, Any, Literal, TypedDict

from . import subprocess as subprocess
from .subprocess import DEVNULL as DEVNULL
from .subprocess import PIPE as PIPE
from .subprocess import STDOUT as STDOUT
from .subprocess import SubprocessError as SubprocessError

_Word = str | bytes | PathLike[str] | PathLike[bytes]
_Command = _Word | Sequence[_Word]
_Stream = None | int | IO[Any]
_Env = Mapping[str, str | bytes | PathLike[str]] | Mapping[bytes, str | bytes | PathLike[str]]
_Containment = Literal["process", "group", "tree", "sealed"]
_Ladder = str | Sequence[int | str | tuple[int | str, float]]
_Size = int | str
_OnLine = Callable[[Any], object] | Callable[[Literal["stdout", "stderr"], Any], object]
_Reason = Literal["exited", "signaled", "timed_out", "idle_timed_out", "cpu_limit", "memory_limit",
                  "output_limit", "file_size_limit", "cancelled", "not_started"]

class Limits(TypedDict, total=False):
    cpu_time: float | str
    address_space: _Size
    open_files: int
    file_size: _Size
    processes: int
    core: _Size
    stack: _Size

class Usage(TypedDict, total=False):
    wall: float
    user: float
    system: float
    max_rss_bytes: int
    minor_faults: int
    major_faults: int
    blocks_in: int
    blocks_out: int
    voluntary_switches: int
    involuntary_switches: int

class LiveUsage(TypedDict):
    user: float
    system: float
    rss_bytes: int
    threads: int
    descendants: int

class CompletedProcess(_standard.CompletedProcess[Any]):
    pid: int
    reason: _Reason
    complete: bool
    usage: Usage
    stdout_omitted: int
    stderr_omitted: int
    containment: _Containment
    degraded: list[str]
    accepted: bool

class CalledProcessError(_standard.CalledProcessError):
    result: CompletedProcess
    def __init__(self, result: CompletedProcess) -> None: ...

class TimeoutExpired(_standard.TimeoutExpired):
    result: CompletedProcess | None

class Popen(_standard.Popen[Any]):
    def __init__(
        self, args: _Command, bufsize: int = -1, executable: _Word | None = None,
        stdin: _Stream = None, stdout: _Stream = None, stderr: _Stream = None,
        close_fds: bool = True, shell: bool = False, cwd: _Word | None = None,
        env: _Env | None = None, universal_newlines: bool | None = None,
        start_new_session: bool = False, pass_fds: Iterable[int] = (), *,
        input: Any = None, timeout: float | None = None, on_line: _OnLine | None = None,
        encoding: str | None = None, errors: str | None = None, text: bool | None = None,
        umask: int = -1, process_group: int | None = None, user: str | int | None = None,
        group: str | int | None = None, extra_groups: Iterable[str | int] | None = None,
        contain: _Containment = "tree", stop: _Ladder | None = None, limits: Limits | None = None,
        nice: int | None = None, idle_timeout: float | str | None = None,
        max_output: _Size | tuple[_Size, str] | None = None,
        drain_grace: float | str | None = None, ok_codes: Iterable[int] | None = None,
        best_effort: bool = False, map_fds: Iterable[tuple[int, int]] | None = None,
    ) -> None: ...
    @property
    def containment(self) -> _Containment: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self, ladder: _Ladder | None = None) -> int: ...
    def usage(self) -> LiveUsage: ...
    def finish(self) -> CompletedProcess: ...

def run(
    args: _Command, bufsize: int = -1, executable: _Word | None = None,
    stdin: _Stream = None, stdout: _Stream = None, stderr: _Stream = None,
    close_fds: bool = True, shell: bool = False, cwd: _Word | None = None,
    env: _Env | None = None, universal_newlines: bool | None = None,
    start_new_session: bool = False, pass_fds: Iterable[int] = (), *,
    input: Any = None, capture_output: bool = False, timeout: float | None = None,
    check: bool = False, on_line: _OnLine | None = None,
    encoding: str | None = None, errors: str | None = None, text: bool | None = None,
    umask: int = -1, process_group: int | None = None, user: str | int | None = None,
    group: str | int | None = None, extra_groups: Iterable[str | int] | None = None,
    contain: _Containment = "tree", stop: _Ladder | None = None, limits: Limits | None = None,
    nice: int | None = None, idle_timeout: float | str | None = None,
    max_output: _Size | tuple[_Size, str] | None = None, drain_grace: float | str | None = None,
    ok_codes: Iterable[int] | None = None, best_effort: bool = False,
    map_fds: Iterable[tuple[int, int]] | None = None,
) -> CompletedProcess: ...
