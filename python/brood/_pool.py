# brood.Pool: many commands at once, a bounded number at a time; and retry.
# SPDX-License-Identifier: Apache-2.0
import collections
import itertools
import os
import threading
import weakref

from brood import _engine
from brood._command import Planned, capturing
from brood._exit import at_exit
from brood._keywords import explained
from brood._settings import seconds as _seconds

_living = weakref.WeakSet()
_at_exit = False


@at_exit
def _close_all():
    """While callbacks still find an interpreter."""
    global _at_exit
    _at_exit = True
    for pool in list(_living):
        pool._close()


class _Plan(Planned):
    """A job's command. The pool's own limit is one of its limits."""

    def __init__(self, args, retry, keywords, pool_timeout):
        self._pool_timeout = pool_timeout
        super().__init__((args,), retry, keywords)

    def _limit_of(self, result):
        own = super()._limit_of(result)
        if self._pool_timeout is None or result is not None and result.reason == "idle_timed_out":
            return own
        ran = result.usage.get("wall", 0) if result is not None else 0
        return own if own is not None and ran >= own else self._pool_timeout


class Job:
    """One command that was given to a pool."""

    __module__ = "brood"

    def __init__(self, shared, token, plan, check, on_done):
        self._shared, self._token, self._plan = shared, token, plan
        self._check, self._on_done = check, on_done
        self._handle = None  # the engine's, until its outcome was taken
        self._id, self._done = 0, False
        self._raised = None  # by on_line
        self._outcome = None

    def __repr__(self):
        return f"<Job {self._id}: {self.state}, args: {self.args!r}>"

    @property
    def id(self):
        """In order of submission, from 1."""
        return self._id

    @property
    def args(self):
        """As they were given."""
        return self._plan.args

    @property
    def state(self):
        """"queued", "running", "waiting" (between two attempts) or "done"."""
        handle = self._handle
        return "done" if self._done or handle is None else handle.state

    @property
    def pid(self):
        """The process of the attempt that runs, else None."""
        handle = self._handle
        pid = -1 if self._done or handle is None else handle.pid
        return None if pid < 0 else pid

    def done(self):
        """Whether result() does not wait any more."""
        return self._done

    def wait_for(self, timeout):
        """Wait for the end, for at most `timeout` seconds; whether it is done."""
        return self._shared.wait(lambda: self._done, timeout)

    def cancel(self):
        """Stop it, or have it never start; its result has the reason "cancelled". Returns at once."""
        handle = self._handle
        if handle is not None and not self._done:
            self._shared.same_process()
            handle.cancel()

    def result(self):
        """Wait for the end: the CompletedProcess, or what run() would have raised."""
        self._shared.wait(lambda: self._done, None)
        with self._shared.condition:
            if self._outcome is None:
                self._outcome = self._handle.outcome() or (None, None)
                self._handle = None
            if isinstance(self._outcome, tuple):
                self._outcome = self._judged(*self._outcome)
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        if self._check:
            self._outcome.check_returncode()
        return self._outcome

    def _judged(self, details, failure):
        if self._raised is not None:
            return self._raised
        try:
            return self._plan._judged(details, failure)
        except Exception as error:
            return error


class _Shared:
    """What a pool shares with its jobs, and with the thread of the engine."""

    def __init__(self):
        self.condition = threading.Condition(threading.Lock())
        self.jobs = {}  # that are not done
        self.ended = collections.deque()  # for as_completed()
        self.thread = None  # that calls us now
        self.owner = os.getpid()

    def same_process(self):
        if os.getpid() != self.owner:
            raise RuntimeError("a pool is of no use after os.fork() in the child")

    def may_wait(self):
        self.same_process()
        if self.thread == threading.get_ident():
            raise RuntimeError("a callback of the pool cannot wait for the pool")

    def wait(self, ready, timeout):
        if ready():
            return True
        self.may_wait()
        with self.condition:
            return self.condition.wait_for(ready, _seconds(timeout))

    # The engine's thread calls these two.

    def finished(self, token, handle):
        self.thread = threading.get_ident()
        try:
            with self.condition:
                job = self.jobs.pop(token, None)
                if job is None:
                    return
                job._handle, job._id, job._done = handle, handle.id, True
                if job._on_done is None and job._listed:
                    self.ended.append(job)
                self.condition.notify_all()
            if job._on_done is not None:
                job._on_done(job)
        finally:
            self.thread = None

    def line(self, token, stream, text):
        job = self.jobs.get(token)
        if job is None:
            return False
        self.thread = threading.get_ident()
        try:
            job._plan._call_on_line(stream, text)
        except BaseException as error:
            job._raised = error
            return False
        finally:
            self.thread = None
        return True


class Pool:
    """Runs what is submitted, in that order, at most max_workers commands at a time.

    One thread of the engine serves all commands, whatever their number; it also calls their on_line
    and on_done, which must not wait for the pool. max_workers: a number, or a share of the CPUs as
    "50%"; default: as many as there are CPUs. max_queued: submit() waits while so many are queued.
    timeout: seconds for the whole pool, after which all is stopped. fail_fast: the first job that
    ends badly cancels all others. jobserver: "pipe" or "fifo" to be GNU make's jobserver for the jobs,
    whose slots are max_workers; "join" to use the one that Python was started under. prestart_guardian:
    get the guardian of the first sealed job ready at once.

    As a context manager it waits for its jobs, and cancels them if an exception comes out of the
    block. A pool that is dropped, or left at exit, cancels what is left and waits for that.
    """

    __module__ = "brood"

    def __init__(self, max_workers=None, *, max_queued=0, timeout=None, fail_fast=False,
                 jobserver=None, prestart_guardian=False):
        self._engine = None
        if _at_exit:
            raise RuntimeError("no pool can be made at interpreter shutdown")
        if max_queued < 0:
            raise ValueError("max_queued: must not be negative")
        self._shared = _Shared()
        self._tokens = itertools.count(1)
        self._shut = False
        self._timeout = _seconds(timeout)
        options = {"max_workers": max_workers, "max_queued": max_queued, "timeout": self._timeout,
                   "fail_fast": fail_fast, "jobserver": jobserver, "prestart_guardian": prestart_guardian}
        self._engine = _engine.Pool(options, self._shared.finished, self._shared.line)
        _living.add(self)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, value, traceback):
        if exc_type is None:
            try:
                self.shutdown()
            except:  # an interrupt: nothing is left behind
                self._close()
                raise
        self._close()

    def _close(self):
        engine, self._shut = self._engine, True
        if engine is not None and os.getpid() == self._shared.owner:
            engine.close()

    def _open(self):
        self._shared.same_process()
        if self._shut:
            raise ValueError("pool: it was shut down")
        return self._engine

    @explained
    def submit(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, close_fds=True,
               shell=False, cwd=None, env=None, universal_newlines=None, start_new_session=False, pass_fds=(), *,
               input=None, capture_output=False, timeout=None, check=False, retry=None, on_done=None, on_line=None,
               encoding=None, errors=None, text=None, umask=-1, process_group=None, user=None, group=None,
               extra_groups=None, contain="tree", stop=None, limits=None, nice=None, idle_timeout=None,
               max_output=None, drain_grace=None, ok_codes=None, best_effort=False, map_fds=None):
        """Queue a command: its Job. The parameters are those of brood.run(), and

        on_done, called with the job when it is done, by the pool's thread; as_completed() does not
        give such a job. Mistakes in the parameters are raised here; what is found later, result()
        raises. Files that are given stay open until the job is done.
        """
        keywords = locals()
        for name in ("self", "args", "capture_output", "check", "retry", "on_done"):
            del keywords[name]
        capturing(capture_output, keywords)
        return self._submit(args, check, retry, on_done, keywords, True)

    def _submit(self, args, check, retry, on_done, keywords, listed):
        engine = self._open()
        plan = _Plan(args, retry, keywords, self._timeout)
        job = Job(self._shared, next(self._tokens), plan, check, on_done)
        job._listed = listed
        self._shared.jobs[job._token] = job
        try:
            handle = self._queue(engine, job)
        except:
            self._shared.jobs.pop(job._token, None)
            raise
        with self._shared.condition:
            if not job._done:
                job._handle, job._id = handle, handle.id
        plan.asked = None
        return job

    def _queue(self, engine, job):
        """Wait for room in the queue. A job that starts makes room and tells nobody: look for it."""
        pause = 0.001
        while True:
            handle = engine.submit(job._token, job._plan.asked, job._plan._on_line is not None)
            if handle is not None:
                return handle
            with self._shared.condition:
                self._shared.condition.wait(pause)
            pause = min(pause * 2, 0.05)
            self._open()

    def try_map(self, commands, **keywords):
        """Run all; a list of results and exceptions in the order of the commands."""
        self._shared.may_wait()
        retry, check = keywords.pop("retry", None), keywords.pop("check", False)
        capturing(keywords.pop("capture_output", False), keywords)
        jobs = []
        try:
            for each in commands:
                jobs.append(self._submit(each, check, retry, None, keywords, False))
            for job in jobs:
                job.wait_for(None)
        except BaseException:  # a mistake, or an interrupt
            for job in jobs:
                job.cancel()
            raise
        results = []
        for job in jobs:
            try:
                results.append(job.result())
            except Exception as error:
                results.append(error)
        return results

    def map(self, commands, **keywords):
        """Run all; a list of results in the order of the commands.

        Raises the first exception that a job ended with, in that order, once all have ended.
        """
        results = self.try_map(commands, **keywords)
        for each in results:
            if isinstance(each, BaseException):
                raise each
        return results

    def as_completed(self):
        """Jobs as they end, each once, those included that have ended before; until none is left."""
        shared = self._shared
        while True:
            with shared.condition:
                if not shared.ended:
                    if shared.jobs:
                        shared.may_wait()
                    shared.condition.wait_for(lambda: shared.ended or not shared.jobs)
                if not shared.ended:
                    return
                job = shared.ended.popleft()
            yield job

    def pause(self):
        """Start nothing more; what runs goes on."""
        self._open().pause()

    def resume(self):
        """Start again."""
        self._open().resume()

    def resize(self, max_workers):
        """From now on. If more are running, they are let go on."""
        self._open().resize(max_workers)

    def cancel_all(self):
        """Cancel all jobs. Returns at once."""
        self._open().cancel_all()

    def wait(self):
        """Wait until nothing is queued, running or waiting."""
        self.wait_for(None)

    def wait_for(self, timeout):
        """The same for at most `timeout` seconds; whether nothing is left."""
        return self._shared.wait(lambda: not self._shared.jobs, timeout)

    def shutdown(self):
        """Refuse what is submitted from now on; then wait()."""
        self._shut = True
        self.wait()

    def count(self):
        """How many jobs are queued, running, waiting, done, and failed among those, as a dict."""
        self._shared.same_process()
        return self._engine.count()

    @property
    def jobserver_problem(self):
        """Under jobserver="join": why there is none to share, or None."""
        return self._engine.jobserver_problem

    @property
    def max_workers(self):
        """How many commands run at once."""
        self._shared.same_process()
        return self._engine.max_workers

    def __repr__(self):
        return f"<Pool: {len(self._shared.jobs)} jobs left>"


def run_again(args, retry, keywords):
    """run() with a retry: a pool for one command, which can be cancelled between two attempts."""
    with Pool(1) as pool:
        return pool._submit(args, False, retry, None, keywords, False).result()
