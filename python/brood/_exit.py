# The interpreter's exit: what daemon threads run is stopped, as nothing may be left behind.
# SPDX-License-Identifier: Apache-2.0
import atexit
import math
import threading
import time

_at_work = set()  # of until_over
_closers = []
_exiting = False
_PATIENCE = 10  # seconds, with a call whose command has ended: a callback may never return


def in_main_thread():
    return threading.get_ident() == threading.main_thread().ident


def at_exit(closer):
    """Have it called at the exit, before the calls that are left are stopped."""
    _closers.append(closer)
    return closer


@atexit.register
def _close_all():
    """While callbacks still find an interpreter."""
    global _exiting
    _exiting = True
    for closer in _closers:
        closer()
    left = list(_at_work)
    for call in left:
        call.stop()
    for call in left:
        call.join()


def stay_if_exiting():
    """A daemon thread goes no further once the interpreter is on its way out: whatever it would do, nobody sees."""
    if _exiting and not in_main_thread():
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()


class until_over:
    """Around the start of a command and the wait for its end: the exit stops it, and waits for that."""

    __slots__ = ("_lock", "_stop", "_ended")

    def __enter__(self):
        self._lock, self._stop, self._ended = threading.Lock(), None, None
        self._lock.acquire()
        _at_work.add(self)
        if _exiting and not in_main_thread():
            self.__exit__()
        return self

    def __exit__(self, *_):
        _at_work.discard(self)
        self._lock.release()
        stay_if_exiting()

    def started(self, stop, ended):
        """What stops the command, and whether it has ended."""
        self._stop, self._ended = stop, ended
        if _exiting and not in_main_thread():
            stop()

    def stop(self):
        if self._stop is not None:
            self._stop()

    def join(self):
        endtime = math.inf
        while not self._lock.acquire(timeout=0.1) and time.monotonic() < endtime:
            if self._ended is not None and self._ended():
                endtime = min(endtime, time.monotonic() + _PATIENCE)
