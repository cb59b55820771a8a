# The drop-in for Python's subprocess module: its functions and names.
# SPDX-License-Identifier: Apache-2.0
"""Python's subprocess module on brood's engine: change the import, and nothing else.

    import brood.subprocess as subprocess

The names, parameters, results and exceptions are those of the standard module of Python 3.11, with
the fixes that later versions made. What brood can do beyond it is in `brood` itself.
"""
# More than is used here: programs reach for subprocess.os, subprocess.signal and the like.
import contextlib
import errno
import io
import os
import select
import signal
import sys
import threading
import time
import types
import warnings
from time import monotonic as _time

from brood import _engine
from brood._flags import (_args_from_interpreter_flags, _optim_args_from_interpreter_flags,
                          list2cmdline)
from brood._handles import DEVNULL, PIPE, STDOUT
from brood._popen import Popen, _active, _cleanup
from brood._results import (CalledProcessError, CompletedProcess, SubprocessError, TimeoutExpired)
from brood._text import seconds as _seconds
from brood._text import text_encoding as _text_encoding

__all__ = ["Popen", "PIPE", "STDOUT", "call", "check_call", "getstatusoutput", "getoutput",
           "check_output", "run", "CalledProcessError", "DEVNULL", "SubprocessError",
           "TimeoutExpired", "CompletedProcess"]

# Switches and names that programs look at although they are not promised.
_USE_VFORK = True  # documented: False starts commands by fork(2)
_USE_POSIX_SPAWN = False
_mswindows = False
_can_fork_exec = True
_fork_exec = _engine.start
_waitpid = os.waitpid


# Not among the names of the module, which are the standard one's; see __getattr__.
def _install():
    """From now on `import subprocess` gives this module, and so mock.patch("subprocess.run") patches it.

    Modules that have the standard one already keep that. The exceptions and results are the same.
    """
    sys.modules["subprocess"] = sys.modules[__name__]


_install.__name__ = _install.__qualname__ = "install"


def __getattr__(name):
    if name == "install":
        return _install
    if name in ("selectors", "_PopenSelector"):  # not needed here, and slow to import
        import selectors
        return selectors if name == "selectors" else selectors.PollSelector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def call(*popenargs, timeout=None, **kwargs):
    """Run a command to its end and return its returncode. The parameters are Popen's."""
    with Popen(*popenargs, **kwargs) as process:
        try:
            return process.wait(timeout=timeout)
        except:  # an interrupt as well: wait() has given the command its moment
            process.kill()
            raise


def check_call(*popenargs, **kwargs):
    """Like call(), but a returncode other than zero is a CalledProcessError."""
    returncode = call(*popenargs, **kwargs)
    if returncode:
        cmd = kwargs.get("args")
        raise CalledProcessError(returncode, popenargs[0] if cmd is None else cmd)
    return 0


def check_output(*popenargs, timeout=None, **kwargs):
    """Run a command that must succeed and return what it wrote to stdout."""
    for name in ("stdout", "check"):
        if name in kwargs:
            raise ValueError(f"{name} argument not allowed, it will be overridden.")
    if "input" in kwargs and kwargs["input"] is None:
        # None has always meant empty here, not this process's stdin.
        text = any(kwargs.get(n) for n in ("universal_newlines", "text", "encoding", "errors"))
        kwargs["input"] = "" if text else b""
    return run(*popenargs, stdout=PIPE, timeout=timeout, check=True, **kwargs).stdout


_Popen = Popen
_known_encodings = set()  # that a text stream takes
_version = _engine.version_of
_unchanged = 0  # the version of the class Popen as it was defined; see the end of this file


def _takes(encoding):
    """Whether a text stream takes this encoding; where not, Popen says so before it starts."""
    if encoding not in _known_encodings:
        try:
            io.TextIOWrapper(io.BytesIO(), encoding=encoding).close()
        except (LookupError, TypeError, ValueError):
            return False
        _known_encodings.add(encoding)
    return True


def _quick_run(args, input, timeout, stdin=None, stdout=None, stderr=None, shell=False, cwd=None,
               env=None, executable=None, text=None, encoding=None, errors=None,
               universal_newlines=None, **others):
    """(returncode, stdout, stderr) without a Popen object; None where one is needed.

    That is where somebody patched or replaced what run() promises to go through, where streams are
    files, and for parameters that are seldom given.
    """
    if others or Popen is not _Popen or _version(Popen) != _unchanged or not _unchanged:
        return None
    if not _USE_VFORK or _fork_exec is not _engine.start:
        return None
    for target in (stdin, stdout, stderr):
        if target is not None and (type(target) is not int or not -3 <= target < 1 << 31):
            return None
    if stdin == STDOUT or stdout == STDOUT or (stderr == STDOUT and stdout is None):
        return None
    kind = type(args)
    if kind is list:
        line = args
    elif kind is str or kind is bytes:
        line = [args]
    else:
        return None
    if shell:
        line = ["/bin/sh", "-c", *line]
        if executable:
            line[0] = executable
    if executable is None:
        if not line:
            return None
        executable = line[0]
    text_mode = text or encoding or errors or universal_newlines
    if text_mode:
        if text is not None and universal_newlines is not None or sys.flags.warn_default_encoding:
            return None
        if encoding is None:
            encoding = _text_encoding()
        if not _takes(encoding) or (input is not None and type(input) is not str):
            return None
        if errors is None:
            errors = "strict"
        if input is not None:
            input = input.encode(encoding, errors)
    elif input is not None and not input:
        input = b""  # "" as well, which promises nothing about its type
    if _active:
        _cleanup()
    done = _engine.run(line, executable, env, cwd, stdin, stdout, stderr, input, timeout)
    if text_mode and done is not None and done[0] is not None:
        returncode, out, err = done
        if out is not None:
            out = out.decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")
        if err is not None:
            err = err.decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")
        return returncode, out, err
    return done


def run(*popenargs, input=None, capture_output=False, timeout=None, check=False, **kwargs):
    """Run a command to its end and return a CompletedProcess.

    input: sent to stdin. capture_output: collect stdout and stderr. timeout: seconds, after which
    the command is killed and TimeoutExpired raised. check: a returncode other than zero is a
    CalledProcessError. The other parameters are Popen's.
    """
    if input is not None:
        if kwargs.get("stdin") is not None:
            raise ValueError("stdin and input arguments may not both be used.")
        kwargs["stdin"] = PIPE
    if capture_output:
        if kwargs.get("stdout") is not None or kwargs.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        kwargs["stdout"] = PIPE
        kwargs["stderr"] = PIPE
    if len(popenargs) == 1:
        args = popenargs[0]
        timeout = _seconds(timeout)
        done = _quick_run(args, input, timeout, **kwargs)
        if done is not None:
            returncode, stdout, stderr = done
            if returncode is None:
                raise TimeoutExpired(args, timeout, output=stdout, stderr=stderr)
            if check and returncode:
                raise CalledProcessError(returncode, args, output=stdout, stderr=stderr)
            return CompletedProcess(args, returncode, stdout, stderr)
    with Popen(*popenargs, **kwargs) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=timeout)
        except TimeoutExpired:
            process.kill()
            process.wait()  # and no second reading: somebody else may hold the pipes
            raise
        except:  # an interrupt as well: communicate() has given the command its moment
            process.kill()
            raise
        returncode = process.poll()
        if check and returncode:
            raise CalledProcessError(returncode, process.args, output=stdout, stderr=stderr)
    return CompletedProcess(process.args, returncode, stdout, stderr)


def getstatusoutput(cmd, *, encoding=None, errors=None):
    """(exitcode, output) of a shell command; stderr is part of the output, a last newline is not."""
    try:
        output = check_output(cmd, shell=True, text=True, stderr=STDOUT, encoding=encoding,
                              errors=errors)
        exitcode = 0
    except CalledProcessError as error:
        output = error.output
        exitcode = error.returncode
    return exitcode, output[:-1] if output[-1:] == "\n" else output


def getoutput(cmd, *, encoding=None, errors=None):
    """The output, stderr included, of a shell command."""
    return getstatusoutput(cmd, encoding=encoding, errors=errors)[1]


Popen.communicate  # a first look gives the class its version
_unchanged = _version(Popen)
