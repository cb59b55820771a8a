# Keywords that go beyond the standard module: which there are, and what is checked before the engine reads them.
# SPDX-License-Identifier: Apache-2.0
import codecs

from brood import _engine
from brood._popen import _id_of

SETTINGS = ("timeout", "idle_timeout", "drain_grace", "contain", "stop", "limits", "max_output", "ok_codes", "map_fds",
            "nice", "process_group", "umask", "start_new_session", "close_fds", "best_effort", "user", "group",
            "extra_groups")

# Encodings that the engine decodes exactly as Python does, by the names of Python's codecs and its own.
_ENCODINGS = {"utf-8": "UTF-8", "ascii": "ASCII", "iso8859-1": "ISO-8859-1"}
_ERRORS = ("strict", "replace", "ignore", "backslashreplace")


def seconds(value, name="timeout"):
    """A number of seconds, a text as "500ms" or a timedelta: as a number. None stays."""
    return value if value is None or type(value) in (int, float) else _engine.seconds(value, name)


def _account(value, what):
    """A user or group: names are looked up by the engine."""
    if value == "":
        raise ValueError(f"{what.lower()}: the name is empty")
    return value if isinstance(value, str) else int(_id_of(value, what, str))


def collected(keywords):
    """Those of the keywords that are settings and were given."""
    settings = {name: keywords[name] for name in SETTINGS if keywords[name] is not None}
    umask = keywords["umask"]
    if not isinstance(umask, int):
        raise TypeError("umask must be an integer")
    if umask < 0:
        del settings["umask"]
    for name in ("user", "group"):
        if name in settings:
            settings[name] = _account(settings[name], name.capitalize())
    if "extra_groups" in settings:
        if isinstance(settings["extra_groups"], str):
            raise ValueError("extra_groups: must be a list, not a string")
        settings["extra_groups"] = [_account(each, "Group") for each in settings["extra_groups"]]
    return settings


def decoding(encoding, errors):
    """How the engine is to decode, so that it can tell lines and characters; None where it cannot as Python does."""
    name = _ENCODINGS.get(codecs.lookup(encoding).name)
    errors = errors or "strict"
    return (name, errors) if name and errors in _ERRORS else None


def takes_two(function):
    """Whether a callable takes two positional arguments; one without Python code does not."""
    bound = hasattr(function, "__self__")
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function, bound = getattr(type(function), "__call__", None), True
    code = getattr(function, "__code__", None)
    return code is not None and (code.co_argcount - bound >= 2 or bool(code.co_flags & 0x04))
