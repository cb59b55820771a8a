# Keywords that go beyond the standard module, as the engine reads them: names of its options, and text.
# SPDX-License-Identifier: Apache-2.0
import math

from brood._popen import _id_of
from brood._text import seconds as _seconds

_LIMITS = ("cpu_time", "address_space", "open_files", "file_size", "processes", "core", "stack")


def ladder(steps):
    """"TERM,5s,KILL" from a text or from [(signal.SIGTERM, 5), signal.SIGKILL]."""
    if isinstance(steps, str):
        return steps
    words = []
    for step in steps:
        number, *grace = step if isinstance(step, (tuple, list)) else (step,)
        words.append(number if isinstance(number, str) else str(int(number)))
        words += [f"{float(each):.9f}s" for each in grace]
    return ",".join(words)


def duration(value, name):
    """As the engine reads it; None if it is too long to be a limit."""
    if isinstance(value, str):
        return value
    number = _seconds(value, name)
    if math.isnan(number) or number < 0:
        raise ValueError(f"{name}: must not be {'negative' if number < 0 else 'nan'}")
    return f"{number:.9f}s" if number < 9e9 else None


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(int(value))


def _max_output(value):
    """4096, "64K", or a pair with what to do beyond: error, head, tail, head-tail, spill:FILE."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError("max_output: neither a size nor a pair of a size and what to do beyond")
        size, policy = value
        return [("max_output", text(size)), ("max_output.policy", policy)]
    return [("max_output", text(value))]


def _limits(limits):
    for name in limits:
        if name not in _LIMITS:
            raise ValueError(f"there is no limit {name!r}; limits are {', '.join(_LIMITS)}")
    return [(f"limits.{name}", duration(value, "limits.cpu_time") if name == "cpu_time" else text(value))
            for name, value in limits.items() if value is not None]


def _codes(values):
    try:
        return ",".join(str(int(value)) for value in values)
    except ValueError as error:
        raise ValueError(f"ok_codes: {error}") from None


def _mappings(pairs):
    pairs = [(int(child), int(ours)) for ours, child in pairs]
    if any(min(pair) < 0 for pair in pairs):
        raise ValueError("map_fds: descriptors are not negative")
    return [("map_fds", f"{child}={ours}") for child, ours in pairs]


def _account(value, what):
    """A user or group: names are looked up by the engine."""
    if value == "":
        raise ValueError(f"{what.lower()}: the name is empty")
    return str(_id_of(value, what, str))


# Keyword -> the settings of the engine that it stands for.
SETTINGS = {
    "contain": lambda v: [("contain", v)],
    "stop": lambda v: [("stop", ladder(v))],
    "drain_grace": lambda v: [("drain_grace", duration(v, "drain_grace"))],
    "idle_timeout": lambda v: [("idle_timeout", duration(v, "idle_timeout"))],
    "max_output": _max_output,
    "limits": _limits,
    "nice": lambda v: [("nice", text(v))],
    "ok_codes": lambda v: [("ok_codes", _codes(v))],
    "best_effort": lambda v: [("best_effort", text(v))],
    "map_fds": _mappings,
    "user": lambda v: [("user", _account(v, "User"))],
    "group": lambda v: [("group", _account(v, "Group"))],
    "extra_groups": lambda v: [("extra_groups", ",".join(_account(each, "Group") for each in v))],
}


def takes_two(function):
    """Whether a callable takes two positional arguments; one without Python code does not."""
    bound = hasattr(function, "__self__")
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function, bound = getattr(type(function), "__call__", None), True
    code = getattr(function, "__code__", None)
    return code is not None and (code.co_argcount - bound >= 2 or bool(code.co_flags & 0x04))
