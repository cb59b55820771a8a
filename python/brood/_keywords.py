# Keywords of the standard module that have no place here, and what to say instead.
# SPDX-License-Identifier: Apache-2.0

_WAYS_OUT = {
    "preexec_fn": "no code of the caller's runs in the child; say what it does by start_new_session, process_group, "
                  "umask, nice, limits, user, group, extra_groups, cwd or map_fds, or use brood.subprocess",
    "restore_signals": "SIGPIPE, SIGXFSZ and SIGCHLD are reset always; brood.subprocess takes it",
    "pipesize": "pipes grow by themselves; brood.subprocess takes it",
    "startupinfo": "it is for Windows",
    "creationflags": "it is for Windows",
}


def explained(function):
    """The same function, which says what to do in place of such a keyword. Its signature is the function's own."""
    name = "Popen" if function.__name__ == "__init__" else function.__name__

    def outer(*arguments, **keywords):
        for each in keywords:
            if each in _WAYS_OUT:
                raise TypeError(f"{name}() takes no {each}: {_WAYS_OUT[each]}")
        return function(*arguments, **keywords)

    outer.__name__, outer.__qualname__ = function.__name__, function.__qualname__
    outer.__module__, outer.__doc__ = function.__module__, function.__doc__
    outer.__wrapped__ = function
    return outer
