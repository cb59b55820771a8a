# brood.WorkerPool: persistent workers that answer many requests.
# SPDX-License-Identifier: Apache-2.0
import math
import os
import threading
import time
import weakref

from brood import _engine
from brood._command import Planned
from brood._completed import CompletedProcess, TimeoutExpired
from brood._exit import at_exit, in_main_thread
from brood._handles import PIPE, STDOUT
from brood._results import SubprocessError
from brood._settings import seconds as _seconds

_living = weakref.WeakSet()
_SLICE = 0.05  # how long the main thread waits without hearing signals


@at_exit
def _close_all():
    """While callbacks still find an interpreter."""
    for pool in list(_living):
        pool.close()


class WorkerError(SubprocessError):
    """A request that has no answer.

    kind: "broken": two workers, one after the other, ended over it; "bad_data": the answer was
    longer than max_frame; "cancelled"; or "other": no worker could be made ready. cmd: the workers'
    command. result: a CompletedProcess of the last of them, with the end of its stderr, and the one
    before in its attempts; or None.
    """

    __module__ = "brood"

    def __init__(self, kind, cmd, text, result=None):
        super().__init__(kind, cmd, text, result)
        self.kind, self.cmd, self.text, self.result = kind, cmd, text, result

    def __str__(self):
        return self.text


class Reply:
    """A request that was given to a worker pool, and its answer."""

    __module__ = "brood"

    def __init__(self, pool, handle, timeout):
        self._judged, self._handle, self._timeout = pool._judged, handle, timeout
        self._owner = os.getpid()

    def __repr__(self):
        return f"<Reply: {self.state}>"

    @property
    def state(self):
        """"queued", "running" or "done"."""
        return self._handle.state

    def done(self):
        """Whether result() does not wait any more."""
        return self._handle.done()

    def wait_for(self, timeout):
        """Wait for the answer, for at most `timeout` seconds; whether it is there."""
        if not self.done() and os.getpid() != self._owner:
            raise RuntimeError("a worker pool is of no use after os.fork() in the child")
        left = math.inf if timeout is None else _seconds(timeout)
        if not in_main_thread() or self._handle.wait_for(min(left, _SLICE)) or left <= _SLICE:
            return self._handle.wait_for(left)
        return self._handle.await_long(left - _SLICE)

    def result(self):
        """Wait for the answer; or raise what kept it: TimeoutExpired, WorkerError, OSError."""
        self.wait_for(None)
        return self._judged(*self._handle.outcome(), self._timeout)

    def cancel(self):
        """Forget it if it is queued; a worker that has it is stopped and replaced. Returns at once."""
        if os.getpid() == self._owner:
            self._handle.cancel()


def _wait(wait_for, timeout):
    """wait_for(seconds) until it gives something true; in slices where signals are to be heard."""
    endtime = float("inf") if timeout is None else time.monotonic() + timeout
    most = _SLICE if in_main_thread() else 3600
    while True:
        left = max(0, endtime - time.monotonic())
        found = wait_for(min(left, most))
        if found or left <= most:
            return found


def _check_streams(channel, stderr_tail, stdin=None, stdout=None, stderr=None, **others):
    for name, stream in (("stdin", stdin), ("stdout", stdout)):
        if stream is not None and channel == "stdio":
            raise ValueError(f"{name}: it is the channel")
        if stream is not None and stream == PIPE:
            raise ValueError(f"{name}: PIPE, and nobody would be at the other end")
    if stderr is not None and stderr == STDOUT and channel == "stdio":
        raise ValueError("stderr: STDOUT is the channel")
    if stderr is not None and stderr == PIPE and stderr_tail == 0:
        raise ValueError("stderr: PIPE, and stderr_tail keeps nothing")


class _Plan(Planned):
    """How each worker runs."""

    def __init__(self, popenargs, keywords):
        for name in ("input", "max_output", "ok_codes"):
            if keywords.get(name) is not None:
                raise TypeError(f"WorkerPool() got an unexpected keyword argument {name!r}")
        super().__init__(popenargs, None, keywords)

    def line(self, token, stream, text):
        self._call_on_line(stream, text)
        return True


class WorkerPool:
    """Processes that answer requests: started as they are needed, each with one request at a time.

    The command answers each message with one. framing: "lines" (default; a message is a line) or
    "length_prefixed" (4 bytes of length, little endian, then so many bytes). channel: "stdio"
    (default), or "socket": a stream socket, whose number is in the worker's BROOD_WORKER_FD.
    Messages are bytes; or str with text, encoding or errors.

    min_workers are started at once and kept; others come as requests do, up to max_workers (a
    number, or a share of the CPUs as "50%"; default: as many as there are CPUs), and go after
    idle_timeout seconds without work. hello: each worker's first message. ready: what its own first
    message must be ("" is any) before it gets requests, within start_timeout. timeout: of each
    request, from when a worker has it; the worker is replaced then. max_queued: request() waits while
    so many are queued. max_requests, max_age, max_rss_bytes: a worker that has reached one is
    replaced between two requests. close_grace: how long a worker that is not needed has after it sees
    end-of-file, before it is stopped. max_frame: the longest answer in bytes. stderr_tail: how much
    of the end of each worker's stderr is kept for errors, where stderr is None or PIPE.

    The other keywords are those of brood.Popen: they say how each worker runs. on_line gets what
    workers write outside of the channel, and is called by the pool's thread.

    A worker that ends over a request is replaced, and another one tries that request once more; a
    request that ends two is given up: WorkerError of kind "broken".

    As a context manager it waits for its requests, or cancels them if an exception comes out of the
    block, and stops the workers.
    """

    __module__ = "brood"

    def __init__(self, args, *, min_workers=0, max_workers=None, idle_timeout=None, framing="lines",
                 channel="stdio", max_frame=16 << 20, hello=None, ready=None, start_timeout=None,
                 timeout=None, max_queued=0, max_requests=0, max_age=None, max_rss_bytes=0,
                 close_grace=None, stderr_tail=4096, **keywords):
        self._engine = None
        for name, value, known in (("framing", framing, ("lines", "length_prefixed")),
                                   ("channel", channel, ("stdio", "socket"))):
            if value not in known:
                raise ValueError(f"{name}: neither {known[0]!r} nor {known[1]!r}, but {value!r}")
        for name, value in (("max_frame", max_frame), ("max_queued", max_queued), ("stderr_tail", stderr_tail),
                            ("max_requests", max_requests), ("max_rss_bytes", max_rss_bytes)):
            if value < 0:
                raise ValueError(f"{name}: must not be negative")
        _check_streams(channel, stderr_tail, **keywords)
        self._plan = plan = _Plan((args,), keywords)
        self._timeout = _seconds(timeout)
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._shut, self._given = False, 0
        fields = dict(
            min_workers=min_workers, max_workers=max_workers, idle_timeout=_seconds(idle_timeout, "idle_timeout"),
            framing=framing, channel=channel, max_frame=max_frame, hello=self._encoded(hello),
            ready=self._encoded(ready), start_timeout=_seconds(start_timeout, "start_timeout"),
            timeout=self._timeout, max_queued=max_queued, max_requests=max_requests,
            max_age=_seconds(max_age, "max_age"), max_rss_bytes=max_rss_bytes,
            close_grace=_seconds(close_grace, "close_grace"), stderr_tail=stderr_tail)
        self._engine = _engine.WorkerPool(plan.asked, fields, plan._on_line is not None, plan.line)
        _living.add(self)

    def _encoded(self, message):
        if message is None:
            return None
        if self._plan.text_mode:
            if not isinstance(message, str):
                raise TypeError(f"messages are str under text, encoding or errors, not {type(message).__name__}")
            return message.encode(self._plan.encoding, self._plan.errors or "strict")
        if isinstance(message, str):
            raise TypeError("messages are bytes, unless text, encoding or errors is given")
        return bytes(memoryview(message))

    def _judged(self, answer, failure, timeout):
        plan = self._plan
        if failure is None:
            return answer.decode(plan.encoding, plan.errors or "strict") if plan.text_mode else answer
        timed_out, cancelled, kind, error = failure
        kind = kind.replace(" ", "_")
        result = None if answer is None else _end_of(plan, answer)
        if timed_out:
            limit = self._timeout if timeout is None else timeout
            raise TimeoutExpired(plan.args, limit, None, result and result.stderr, result)
        if cancelled or result is not None or not isinstance(error, OSError):
            kind = "cancelled" if cancelled else kind if kind in ("broken", "bad_data") else "other"
            raise WorkerError(kind, plan.args, str(error), result)
        raise error

    def __enter__(self):
        return self

    def __exit__(self, exc_type, value, traceback):
        try:
            if exc_type is None:
                self.shutdown()
        finally:
            self.close()

    def _open(self):
        if os.getpid() != self._owner:
            raise RuntimeError("a worker pool is of no use after os.fork() in the child")
        if self._shut:
            raise ValueError("worker_pool: it was shut down")
        return self._engine

    def warm_up(self, timeout=None):
        """Wait until min_workers are ready; False after `timeout` seconds. Raises why one could not be."""
        found = _wait(self._open().warm_up, _seconds(timeout))
        return found if isinstance(found, bool) else self._judged(*found, None)

    def call(self, message, timeout=None):
        """Send a message and wait for the answer. timeout: seconds, in place of the pool's.

        TimeoutExpired if it comes too late; WorkerError; OSError if no worker can be started.
        """
        reply = self.request(message, timeout)
        try:
            return reply.result()
        except BaseException:
            reply.cancel()  # if it was an interrupt
            raise

    def request(self, message, timeout=None):
        """Queue a message, when there is room in the queue: its Reply."""
        pause = 0.001
        while True:
            reply = self.try_request(message, timeout)
            if reply is not None:
                return reply
            time.sleep(pause)
            pause = min(pause * 2, _SLICE)

    def try_request(self, message, timeout=None):
        """request(), but None where there is no room."""
        data, timeout = self._encoded(message), _seconds(timeout)
        handle = self._open().request(data, timeout)
        if handle is None:
            return None
        with self._lock:
            self._given += 1
        return Reply(self, handle, timeout)

    def shutdown(self):
        """Refuse requests from now on, and wait until all are done. The workers stay until close()."""
        if not self._shut:
            self._open()
        self._shut = True
        pause = 0.001
        while self._engine.count()["done"] < self._given:
            time.sleep(pause)
            pause = min(pause * 2, _SLICE)

    def close(self):
        """Cancel what is left, stop the workers, and return when nothing is left of them."""
        engine, self._shut = self._engine, True
        if engine is not None and os.getpid() == self._owner:
            engine.close()

    def count(self):
        """Numbers of workers: starting, idle, busy, stopping, and ever started, recycled, crashed,
        faulty; of requests: queued, done, failed; as a dict."""
        return self._engine.count()

    def pids(self):
        """Of the workers that are alive."""
        return self._engine.pids()


def _end_of(plan, details):
    """The end of a worker: its stderr is the pool's, whatever was given."""
    attempts = [_end_of(plan, each) for each in details.pop("attempts")]
    stderr = details.pop("stderr")
    if plan.text_mode:
        encoding = plan.encoding if plan._decoding is None else "utf-8"
        stderr = stderr.decode(encoding, "replace")  # it may begin in the middle of a character
    del details["stdout"]
    return CompletedProcess(plan.args, details.pop("returncode"), None, stderr, attempts=attempts, **details)

