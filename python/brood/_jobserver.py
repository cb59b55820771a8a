# GNU make's jobserver: slots that programs which know nothing of each other share.
# SPDX-License-Identifier: Apache-2.0
import math

from brood import _engine
from brood._settings import seconds as _seconds


class JobserverSlot:
    """A slot that was taken; given back by give_back(), at the end of a with block, or when it is dropped."""

    __module__ = "brood"
    __slots__ = ("_engine",)

    def __init__(self, engine):
        self._engine = engine

    def give_back(self):
        """Let somebody else have it. Again: no effect."""
        self._engine.give_back()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.give_back()


class JobserverClient:
    """Takes slots of the jobserver that this process was started under.

    One slot belongs to this process from the start and is not taken: the first thing may run at once. Each other one
    runs on a slot from take(). A process that is killed does not give its slots back: that is the protocol.
    """

    __module__ = "brood"

    def __init__(self, engine):
        self._engine = engine

    @classmethod
    def find(cls, makeflags=None):
        """The jobserver that MAKEFLAGS (else CARGO_MAKEFLAGS) of this process names, or that `makeflags` does.

        None if there is none. OSError or RuntimeError if there was one that cannot be reached.
        """
        engine = _engine.find_jobserver(makeflags)
        return None if engine is None else cls(engine)

    def take(self, timeout=None):
        """Wait for a slot, at most for `timeout`; None if there was none in that time."""
        timeout = _seconds(timeout)
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout: must be a number of seconds, 0 or more, not {timeout!r}")
        slot = self._engine.take(math.inf if timeout is None else timeout)
        return None if slot is None else JobserverSlot(slot)
