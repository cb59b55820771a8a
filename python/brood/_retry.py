# When and how often a command is run again.
# SPDX-License-Identifier: Apache-2.0
from brood._settings import seconds as _seconds


class Retry:
    """When and how often a command that ended badly is run again.

    attempts: in all. delay: before the second, in seconds, as "500ms" or a timedelta; each further one is factor times as long, at
    most max_delay, lengthened or shortened by chance by up to the share jitter (0 to 1). total: no
    attempt starts later than so many seconds after the first. By default any bad end is tried again;
    with on_reasons, on_codes or on_signals only those. BROOD_ATTEMPT in the command's environment is
    the attempt's number, from 1; `timeout` is each attempt's own.
    """

    __module__ = "brood"
    __slots__ = ("attempts", "delay", "factor", "max_delay", "jitter", "total", "on_reasons",
                 "on_codes", "on_signals")

    def __init__(self, attempts=3, delay=None, factor=1, max_delay=None, jitter=0, total=None,
                 on_reasons=(), on_codes=(), on_signals=()):
        self.attempts = attempts
        self.delay = _seconds(delay, "retry.delay")
        self.factor = factor
        self.max_delay = _seconds(max_delay, "retry.max_delay")
        self.jitter = jitter
        self.total = _seconds(total, "retry.total")
        self.on_reasons = tuple(on_reasons)
        self.on_codes = tuple(on_codes)
        self.on_signals = tuple(map(int, on_signals))

    def __repr__(self):
        return f"Retry({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"

    def _fields(self):
        return tuple(getattr(self, name) for name in self.__slots__)


def policy(retry):
    if retry is None or isinstance(retry, str):
        return retry
    if isinstance(retry, int) and not isinstance(retry, bool):
        retry = Retry(retry)
    elif not isinstance(retry, Retry):
        retry = Retry(**retry)
    return retry._fields()
