# The types of what goes beyond the standard module.
# SPDX-License-Identifier: Apache-2.0
import subprocess as _standard
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import IO, Any, Literal, Self, TypedDict, overload

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
    attempts: list[CompletedProcess]

class CalledProcessError(_standard.CalledProcessError):
    result: CompletedProcess | CompletedPipeline
    def __init__(self, result: CompletedProcess | CompletedPipeline) -> None: ...

class TimeoutExpired(_standard.TimeoutExpired):
    result: CompletedProcess | None

class Command(tuple[str | bytes, ...]):
    def __new__(cls, words: Iterable[_Word]) -> Self: ...
    def __or__(self, following: Sequence[_Word] | Pipeline) -> Pipeline: ...  # type: ignore[override]
    def __ror__(self, before: Sequence[_Word]) -> Pipeline: ...

def command(*words: _Word) -> Command: ...
def shell(line: str, *arguments: _Word) -> Command: ...

_Rule = Literal["every_stage", "last_stage"]

class Pipeline:
    def __init__(self, stages: Iterable[Iterable[_Word]], rule: _Rule = "every_stage") -> None: ...
    @property
    def stages(self) -> tuple[Command, ...]: ...
    @property
    def rule(self) -> _Rule: ...
    def judged_by(self, rule: _Rule) -> Pipeline: ...
    def __or__(self, following: Sequence[_Word] | Pipeline) -> Pipeline: ...
    def __ror__(self, before: Sequence[_Word]) -> Pipeline: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class CompletedPipeline(_standard.CompletedProcess[Any]):
    stages: list[CompletedProcess]
    reason: _Reason
    complete: bool
    usage: Usage
    accepted: bool

class RetryParameters(TypedDict, total=False):
    attempts: int
    delay: float | None
    factor: float
    max_delay: float | None
    jitter: float
    total: float | None
    on_reasons: Iterable[_Reason]
    on_codes: Iterable[int]
    on_signals: Iterable[int]

class Retry:
    attempts: int
    delay: float | None
    factor: float
    max_delay: float | None
    jitter: float
    total: float | None
    on_reasons: tuple[_Reason, ...]
    on_codes: tuple[int, ...]
    on_signals: tuple[int, ...]
    def __init__(
        self, attempts: int = 3, delay: float | None = None, factor: float = 1,
        max_delay: float | None = None, jitter: float = 0, total: float | None = None,
        on_reasons: Iterable[_Reason] = (), on_codes: Iterable[int] = (),
        on_signals: Iterable[int] = (),
    ) -> None: ...

_Retry = Retry | RetryParameters | int | str

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

@overload
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
    map_fds: Iterable[tuple[int, int]] | None = None, retry: _Retry | None = None,
) -> CompletedProcess: ...
@overload
def run(
    args: Pipeline, bufsize: int = -1, executable: None = None,
    stdin: _Stream = None, stdout: _Stream = None, stderr: _Stream = None,
    close_fds: bool = True, shell: Literal[False] = False, cwd: _Word | None = None,
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
    map_fds: Iterable[tuple[int, int]] | None = None, retry: None = None,
) -> CompletedPipeline: ...

async def async_run(
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
    map_fds: Iterable[tuple[int, int]] | None = None, retry: _Retry | None = None,
) -> CompletedProcess: ...

class Job:
    @property
    def id(self) -> int: ...
    @property
    def args(self) -> _Command: ...
    @property
    def state(self) -> Literal["queued", "running", "waiting", "done"]: ...
    @property
    def pid(self) -> int | None: ...
    def done(self) -> bool: ...
    def wait_for(self, timeout: float | None) -> bool: ...
    def cancel(self) -> None: ...
    def result(self) -> CompletedProcess: ...

class Counts(TypedDict):
    queued: int
    running: int
    waiting: int
    done: int
    failed: int

class JobserverSlot:
    def give_back(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

class JobserverClient:
    @classmethod
    def find(cls, makeflags: str | None = None) -> Self | None: ...
    def take(self, timeout: float | None = None) -> JobserverSlot | None: ...

class Pool:
    def __init__(
        self, max_workers: int | str | None = None, *, max_queued: int = 0,
        timeout: float | None = None, fail_fast: bool = False,
        jobserver: Literal["pipe", "fifo", "join"] | None = None, prestart_guardian: bool = False,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def submit(
        self, args: _Command, bufsize: int = -1, executable: _Word | None = None,
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
        map_fds: Iterable[tuple[int, int]] | None = None, retry: _Retry | None = None,
        on_done: Callable[[Job], object] | None = None,
    ) -> Job: ...
    def map(self, commands: Iterable[_Command], **keywords: Any) -> list[CompletedProcess]: ...
    def try_map(
        self, commands: Iterable[_Command], **keywords: Any,
    ) -> list[CompletedProcess | Exception]: ...
    def as_completed(self) -> Iterator[Job]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def resize(self, max_workers: int | str | None) -> None: ...
    def cancel_all(self) -> None: ...
    def wait(self) -> None: ...
    def wait_for(self, timeout: float | None) -> bool: ...
    def shutdown(self) -> None: ...
    def count(self) -> Counts: ...
    @property
    def jobserver_problem(self) -> str | None: ...
    @property
    def max_workers(self) -> int: ...

class WorkerError(SubprocessError):
    kind: Literal["broken", "bad_data", "cancelled", "other"]
    cmd: _Command
    text: str
    result: CompletedProcess | None
    def __init__(
        self, kind: str, cmd: _Command, text: str, result: CompletedProcess | None = None,
    ) -> None: ...

class Reply:
    @property
    def state(self) -> Literal["queued", "running", "done"]: ...
    def done(self) -> bool: ...
    def wait_for(self, timeout: float | None) -> bool: ...
    def result(self) -> Any: ...
    def cancel(self) -> None: ...

class WorkerCounts(TypedDict):
    starting: int
    idle: int
    busy: int
    stopping: int
    queued: int
    done: int
    failed: int
    started: int
    recycled: int
    crashed: int
    faulty: int

class WorkerPool:
    def __init__(
        self, args: _Command, *, min_workers: int = 0, max_workers: int | str | None = None,
        idle_timeout: float | None = None, framing: Literal["lines", "length_prefixed"] = "lines",
        channel: Literal["stdio", "socket"] = "stdio", max_frame: int = ..., hello: Any = None,
        ready: Any = None, start_timeout: float | None = None, timeout: float | None = None,
        max_queued: int = 0, max_requests: int = 0, max_age: float | None = None,
        max_rss_bytes: int = 0, close_grace: float | None = None, stderr_tail: int = 4096,
        executable: _Word | None = None, stdin: _Stream = None, stdout: _Stream = None,
        stderr: _Stream = None, close_fds: bool = True, shell: bool = False,
        cwd: _Word | None = None, env: _Env | None = None, start_new_session: bool = False,
        pass_fds: Iterable[int] = (), on_line: _OnLine | None = None, encoding: str | None = None,
        errors: str | None = None, text: bool | None = None, umask: int = -1,
        process_group: int | None = None, user: str | int | None = None,
        group: str | int | None = None, extra_groups: Iterable[str | int] | None = None,
        contain: _Containment = "tree", stop: _Ladder | None = None, limits: Limits | None = None,
        nice: int | None = None, drain_grace: float | str | None = None, best_effort: bool = False,
        map_fds: Iterable[tuple[int, int]] | None = None,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def warm_up(self, timeout: float | None = None) -> bool: ...
    def call(self, message: Any, timeout: float | None = None) -> Any: ...
    def request(self, message: Any, timeout: float | None = None) -> Reply: ...
    def try_request(self, message: Any, timeout: float | None = None) -> Reply | None: ...
    def shutdown(self) -> None: ...
    def close(self) -> None: ...
    def count(self) -> WorkerCounts: ...
    def pids(self) -> list[int]: ...
