# The types of what goes beyond the standard module.
# SPDX-License-Identifier: Apache-2.0
import subprocess as _standard
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from types import TracebackType
from typing import IO, Any, AnyStr, Generic, Literal, Self, TypedDict, Unpack, overload

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
_Span = float | str | timedelta  # seconds, "500ms", or a timedelta
_Ladder = str | Sequence[int | str | tuple[int | str, _Span]]
_Size = int | str
_OnLine = Callable[[Any], object] | Callable[[Literal["stdout", "stderr"], Any], object]
_Reason = Literal["exited", "signaled", "timed_out", "idle_timed_out", "cpu_limit", "memory_limit", "pids_limit",
                  "output_limit", "file_size_limit", "cancelled", "not_started"]

class Limits(TypedDict, total=False):
    cpu_time: _Span
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

class RetryParameters(TypedDict, total=False):
    attempts: int
    delay: _Span | None
    factor: float
    max_delay: _Span | None
    jitter: float
    total: _Span | None
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
        self, attempts: int = 3, delay: _Span | None = None, factor: float = 1,
        max_delay: _Span | None = None, jitter: float = 0, total: _Span | None = None,
        on_reasons: Iterable[_Reason] = (), on_codes: Iterable[int] = (),
        on_signals: Iterable[int] = (),
    ) -> None: ...

_Retry = Retry | RetryParameters | int | str

# The keywords of Popen but for those of text, which the types of the output follow from.
class _Options(TypedDict, total=False):
    bufsize: int
    executable: _Word | None
    stdin: _Stream
    stdout: _Stream
    stderr: _Stream
    close_fds: bool
    shell: bool
    cwd: _Word | None
    env: _Env | None
    start_new_session: bool
    pass_fds: Iterable[int]
    input: Any
    timeout: _Span | None
    on_line: _OnLine | None
    umask: int
    process_group: int | None
    user: str | int | None
    group: str | int | None
    extra_groups: Iterable[str | int] | None
    contain: _Containment
    stop: _Ladder | None
    limits: Limits | None
    nice: int | None
    idle_timeout: _Span | None
    max_output: _Size | tuple[_Size, str] | None
    drain_grace: _Span | None
    ok_codes: Iterable[int] | str | None
    best_effort: bool
    map_fds: Iterable[tuple[int, int]] | None

class _RunOptions(_Options, total=False):
    capture_output: bool
    check: bool
    retry: _Retry | None

class CompletedProcess(_standard.CompletedProcess[AnyStr]):
    returncode: int | None  # type: ignore[assignment]
    pid: int
    reason: _Reason
    complete: bool
    usage: Usage
    stdout_omitted: int
    stderr_omitted: int
    containment: _Containment
    degraded: list[str]
    accepted: bool
    attempts: list[CompletedProcess[AnyStr]]

class CompletedPipeline(_standard.CompletedProcess[AnyStr]):
    returncode: int | None  # type: ignore[assignment]
    stages: list[CompletedProcess[AnyStr]]
    reason: _Reason
    complete: bool
    usage: Usage
    accepted: bool

class CalledProcessError(_standard.CalledProcessError):
    result: CompletedProcess[Any] | CompletedPipeline[Any]
    def __init__(self, result: CompletedProcess[Any] | CompletedPipeline[Any]) -> None: ...

class TimeoutExpired(_standard.TimeoutExpired):
    result: CompletedProcess[Any] | CompletedPipeline[Any] | None

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

class Popen(subprocess.Popen[AnyStr]):
    @overload
    def __init__(
        self: Popen[str], args: _Command, *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_Options],
    ) -> None: ...
    @overload
    def __init__(
        self: Popen[str], args: _Command, *, encoding: str, text: bool | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_Options],
    ) -> None: ...
    @overload
    def __init__(
        self: Popen[str], args: _Command, *, errors: str, text: bool | None = None, encoding: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_Options],
    ) -> None: ...
    @overload
    def __init__(
        self: Popen[str], args: _Command, *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
        errors: str | None = None,
        **options: Unpack[_Options],
    ) -> None: ...
    @overload
    def __init__(
        self: Popen[bytes], args: _Command, *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
        universal_newlines: Literal[False] | None = None,
        **options: Unpack[_Options],
    ) -> None: ...
    @property
    def containment(self) -> _Containment: ...
    def wait(self, timeout: _Span | None = None) -> int: ...  # type: ignore[override]
    def communicate(self, input: AnyStr | None = None, timeout: _Span | None = None) -> tuple[AnyStr, AnyStr]: ...  # type: ignore[override]
    def suspend(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self, ladder: _Ladder | None = None) -> int: ...
    def usage(self) -> LiveUsage: ...
    def finish(self) -> CompletedProcess[AnyStr]: ...

@overload
def run(
    args: _Command, *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: _Command, *, encoding: str, text: bool | None = None, errors: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: _Command, *, errors: str, text: bool | None = None, encoding: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: _Command, *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
    errors: str | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: _Command, *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
    universal_newlines: Literal[False] | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[bytes]: ...
@overload
def run(
    args: Pipeline, *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedPipeline[str]: ...
@overload
def run(
    args: Pipeline, *, encoding: str, text: bool | None = None, errors: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedPipeline[str]: ...
@overload
def run(
    args: Pipeline, *, errors: str, text: bool | None = None, encoding: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedPipeline[str]: ...
@overload
def run(
    args: Pipeline, *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
    errors: str | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedPipeline[str]: ...
@overload
def run(
    args: Pipeline, *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
    universal_newlines: Literal[False] | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedPipeline[bytes]: ...

@overload
async def async_run(
    args: _Command, *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
async def async_run(
    args: _Command, *, encoding: str, text: bool | None = None, errors: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
async def async_run(
    args: _Command, *, errors: str, text: bool | None = None, encoding: str | None = None,
    universal_newlines: bool | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
async def async_run(
    args: _Command, *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
    errors: str | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[str]: ...
@overload
async def async_run(
    args: _Command, *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
    universal_newlines: Literal[False] | None = None,
    **options: Unpack[_RunOptions],
) -> CompletedProcess[bytes]: ...

class Job(Generic[AnyStr]):
    @property
    def id(self) -> int: ...
    @property
    def args(self) -> _Command: ...
    @property
    def state(self) -> Literal["queued", "running", "waiting", "done"]: ...
    @property
    def pid(self) -> int | None: ...
    def done(self) -> bool: ...
    def wait_for(self, timeout: _Span | None) -> bool: ...
    def cancel(self) -> None: ...
    def result(self) -> CompletedProcess[AnyStr]: ...

class _JobOptions(_RunOptions, total=False):
    on_done: Callable[[Job[Any]], object] | None

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
    def take(self, timeout: _Span | None = None) -> JobserverSlot | None: ...

class Pool:
    def __init__(
        self, max_workers: int | str | None = None, *, max_queued: int = 0,
        timeout: _Span | None = None, fail_fast: bool = False,
        jobserver: Literal["pipe", "fifo", "join"] | None = None, prestart_guardian: bool = False,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @overload
    def submit(
        self, args: _Command, *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_JobOptions],
    ) -> Job[str]: ...
    @overload
    def submit(
        self, args: _Command, *, encoding: str, text: bool | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_JobOptions],
    ) -> Job[str]: ...
    @overload
    def submit(
        self, args: _Command, *, errors: str, text: bool | None = None, encoding: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_JobOptions],
    ) -> Job[str]: ...
    @overload
    def submit(
        self, args: _Command, *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
        errors: str | None = None,
        **options: Unpack[_JobOptions],
    ) -> Job[str]: ...
    @overload
    def submit(
        self, args: _Command, *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
        universal_newlines: Literal[False] | None = None,
        **options: Unpack[_JobOptions],
    ) -> Job[bytes]: ...
    @overload
    def map(
        self, commands: Iterable[_Command], *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str]]: ...
    @overload
    def map(
        self, commands: Iterable[_Command], *, encoding: str, text: bool | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str]]: ...
    @overload
    def map(
        self, commands: Iterable[_Command], *, errors: str, text: bool | None = None, encoding: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str]]: ...
    @overload
    def map(
        self, commands: Iterable[_Command], *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
        errors: str | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str]]: ...
    @overload
    def map(
        self, commands: Iterable[_Command], *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
        universal_newlines: Literal[False] | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[bytes]]: ...
    @overload
    def try_map(
        self, commands: Iterable[_Command], *, text: Literal[True], encoding: str | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str] | Exception]: ...
    @overload
    def try_map(
        self, commands: Iterable[_Command], *, encoding: str, text: bool | None = None, errors: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str] | Exception]: ...
    @overload
    def try_map(
        self, commands: Iterable[_Command], *, errors: str, text: bool | None = None, encoding: str | None = None,
        universal_newlines: bool | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str] | Exception]: ...
    @overload
    def try_map(
        self, commands: Iterable[_Command], *, universal_newlines: Literal[True], text: bool | None = None, encoding: str | None = None,
        errors: str | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[str] | Exception]: ...
    @overload
    def try_map(
        self, commands: Iterable[_Command], *, text: Literal[False] | None = None, encoding: None = None, errors: None = None,
        universal_newlines: Literal[False] | None = None,
        **options: Unpack[_RunOptions],
    ) -> list[CompletedProcess[bytes] | Exception]: ...
    def as_completed(self) -> Iterator[Job[Any]]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def resize(self, max_workers: int | str | None) -> None: ...
    def cancel_all(self) -> None: ...
    def wait(self) -> None: ...
    def wait_for(self, timeout: _Span | None) -> bool: ...
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
    result: CompletedProcess[Any] | None
    def __init__(
        self, kind: str, cmd: _Command, text: str, result: CompletedProcess[Any] | None = None,
    ) -> None: ...

class Reply:
    @property
    def state(self) -> Literal["queued", "running", "done"]: ...
    def done(self) -> bool: ...
    def wait_for(self, timeout: _Span | None) -> bool: ...
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
        idle_timeout: _Span | None = None, framing: Literal["lines", "length_prefixed"] = "lines",
        channel: Literal["stdio", "socket"] = "stdio", max_frame: int = ..., hello: Any = None,
        ready: Any = None, start_timeout: _Span | None = None, timeout: _Span | None = None,
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
    def warm_up(self, timeout: _Span | None = None) -> bool: ...
    def call(self, message: Any, timeout: _Span | None = None) -> Any: ...
    def request(self, message: Any, timeout: _Span | None = None) -> Reply: ...
    def try_request(self, message: Any, timeout: _Span | None = None) -> Reply | None: ...
    def shutdown(self) -> None: ...
    def close(self) -> None: ...
    def count(self) -> WorkerCounts: ...
    def pids(self) -> list[int]: ...
