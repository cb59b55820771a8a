# The class Popen: the standard one's methods, thin on top of the engine.
# SPDX-License-Identifier: Apache-2.0
import io
import math
import os
import sys
import threading
import types
import warnings
from time import monotonic as _time

from brood import _engine
from brood._communicate import Communication
from brood._handles import PIPE, STDOUT, Handles, close_quietly
from brood._results import SubprocessError, TimeoutExpired
from brood._standard import standard
from brood._text import seconds as _seconds
from brood._text import text_encoding

_active = []  # Popen objects that were dropped while their command still ran


def _cleanup():
    """Reap dropped commands that have ended in the meantime."""
    if not _active:
        return
    for dropped in _active[:]:
        if dropped._internal_poll(_deadstate=sys.maxsize) is not None:
            try:
                _active.remove(dropped)
            except ValueError:
                pass  # another thread did


def _adopt(pid):
    """Reap a killed command later, as one that was dropped."""
    dropped = Popen.__new__(Popen)
    dropped._waitpid_lock = threading.RLock()
    dropped.returncode = None
    dropped.pid = pid
    _active.append(dropped)


def _switches():
    """What starts a command, and whether by vfork: programs set both in brood.subprocess."""
    module = sys.modules.get("brood.subprocess")
    return getattr(module, "_fork_exec", _engine.start), bool(getattr(module, "_USE_VFORK", True))


def _id_of(value, what, find, complaint=None):
    """A user or group, by name or number, as a number."""
    if isinstance(value, str):
        return find(value)
    if isinstance(value, int):
        if value < 0:
            raise ValueError(f"{what} ID cannot be negative, got {value}")
        return value
    raise TypeError(complaint or f"{what} must be a string or an integer, not {type(value)}")


def _find_group(name):
    import grp
    return grp.getgrnam(name).gr_gid


def _find_user(name):
    import pwd
    return pwd.getpwnam(name).pw_uid


class Popen(Handles, Communication, standard.Popen):
    """A command in a new process.

    The parameters are those of the standard module's Popen.
    Attributes: args, pid, returncode (None while it runs), stdin, stdout, stderr.
    """

    __module__ = "brood.subprocess"
    _child_created = False  # also for objects that __init__ did not finish, or never saw
    _sigint_wait_secs = 0.25

    def __init__(self, args, bufsize=-1, executable=None,
                 stdin=None, stdout=None, stderr=None,
                 preexec_fn=None, close_fds=True,
                 shell=False, cwd=None, env=None, universal_newlines=None,
                 startupinfo=None, creationflags=0,
                 restore_signals=True, start_new_session=False,
                 pass_fds=(), *, user=None, group=None, extra_groups=None,
                 encoding=None, errors=None, text=None, umask=-1, pipesize=-1,
                 process_group=None):
        if _active:
            _cleanup()
        # Held by whoever reaps or signals, never while waiting. A signal's handler may come in between.
        self._waitpid_lock = threading.RLock()
        self._input = None
        self._communication_started = False
        self._closed_child_pipe_fds = False
        if bufsize is None:
            bufsize = -1
        if not isinstance(bufsize, int):
            raise TypeError("bufsize must be an integer")
        if pipesize is None:
            pipesize = -1
        if not isinstance(pipesize, int):
            raise TypeError("pipesize must be an integer")
        if stdout is STDOUT:
            raise ValueError("STDOUT can only be used for stderr")
        if pass_fds and not close_fds:
            warnings.warn("pass_fds overriding close_fds.", RuntimeWarning)
            close_fds = True
        if startupinfo is not None:
            raise ValueError("startupinfo is only supported on Windows platforms")
        if creationflags != 0:
            raise ValueError("creationflags is only supported on Windows platforms")
        if text is not None and universal_newlines is not None and bool(text) != bool(universal_newlines):
            raise SubprocessError("Cannot disambiguate when both text and universal_newlines are "
                                  "supplied but different. Pass one or the other.")

        self.args = args
        self.stdin = self.stdout = self.stderr = None
        self.pid = None
        self.returncode = None
        self.encoding = encoding
        self.errors = errors
        self.pipesize = pipesize
        self.text_mode = encoding or errors or text or universal_newlines
        if self.text_mode and encoding is None:
            self.encoding = encoding = text_encoding()
        if process_group is None:
            process_group = -1
        gid = None if group is None else _id_of(group, "Group", _find_group)
        uid = None if user is None else _id_of(user, "User", _find_user,
                                                 "User must be a string or an integer")
        gids = None
        if extra_groups is not None:
            if isinstance(extra_groups, str):
                raise ValueError("Groups must be a list, not a string")
            gids = [_id_of(each, "Group", _find_group, "Items in extra_groups must be a string or "
                           f"integer, not {type(each)}") for each in extra_groups]

        handles = self._get_handles(stdin, stdout, stderr)
        try:
            self._open_streams(handles, bufsize)
            self._execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env,
                                startupinfo, creationflags, shell, *handles,
                                restore_signals, gid, gids, uid, umask, start_new_session,
                                process_group)
        except:
            # Nothing was started: close what this call opened, once.
            streams = [s for s in (self.stdin, self.stdout, self.stderr) if s]
            numbers = []
            if not self._closed_child_pipe_fds:
                theirs = (handles[0], handles[3], handles[5])
                numbers = [n for n, kind in zip(theirs, (stdin, stdout, stderr)) if kind == PIPE]
                if hasattr(self, "_devnull"):
                    numbers.append(self._devnull)
            close_quietly(streams, numbers)
            raise

    def _open_streams(self, handles, bufsize):
        """File objects around our ends of the pipes."""
        line_buffering = False
        if self.text_mode and bufsize == 1:
            line_buffering = True  # of the text; bytes below know no lines
            bufsize = -1
        _, p2cwrite, c2pread, _, errread, _ = handles
        if p2cwrite != -1:
            self.stdin = io.open(p2cwrite, "wb", bufsize)
            if self.text_mode:
                self.stdin = io.TextIOWrapper(self.stdin, encoding=self.encoding, errors=self.errors,
                                              line_buffering=line_buffering, write_through=True)
        if c2pread != -1:
            self.stdout = io.open(c2pread, "rb", bufsize)
            if self.text_mode:
                self.stdout = io.TextIOWrapper(self.stdout, encoding=self.encoding, errors=self.errors)
        if errread != -1:
            self.stderr = io.open(errread, "rb", bufsize)
            if self.text_mode:
                self.stderr = io.TextIOWrapper(self.stderr, encoding=self.encoding, errors=self.errors)

    def __repr__(self):
        text = f"<{type(self).__name__}: returncode: {self.returncode} args: {self.args!r}>"
        return text if len(text) <= 80 else text[:76] + "...>"

    __class_getitem__ = classmethod(types.GenericAlias)

    @property
    def universal_newlines(self):
        """An old name of text_mode."""
        return self.text_mode

    @universal_newlines.setter
    def universal_newlines(self, value):
        self.text_mode = bool(value)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, value, traceback):
        if self.stdout:
            self.stdout.close()
        if self.stderr:
            self.stderr.close()
        try:
            if self.stdin:
                self.stdin.close()  # may fail: there may be something left to write
        finally:
            if exc_type == KeyboardInterrupt:
                # The command has most likely seen the same Ctrl-C: a short wait, then on with it.
                if self._sigint_wait_secs > 0:
                    try:
                        self._wait(timeout=self._sigint_wait_secs)
                    except TimeoutExpired:
                        pass
                self._sigint_wait_secs = 0
            else:
                self.wait()

    def __del__(self, _maxsize=sys.maxsize, _warn=warnings.warn):
        if not self._child_created:
            return
        if self.returncode is None:
            _warn("subprocess %s is still running" % self.pid, ResourceWarning, source=self)
        self._internal_poll(_deadstate=_maxsize)
        if self.returncode is None and _active is not None:
            _active.append(self)  # to be reaped by a later _cleanup()

    # --- the start ---

    def _command_line(self, args, executable, shell):
        """The argument list, and the file to execute."""
        if isinstance(args, (str, bytes)):
            args = [args]
        elif isinstance(args, os.PathLike):
            if shell:
                raise TypeError("path-like args is not allowed when shell is true")
            args = [args]
        else:
            args = list(args)
        if shell:
            args = ["/bin/sh", "-c"] + args
            if executable:
                args[0] = executable
        return args, args[0] if executable is None else executable

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env,
                       startupinfo, creationflags, shell,
                       p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite,
                       restore_signals, gid, gids, uid, umask, start_new_session, process_group):
        """Start the command: sets pid, or raises with nothing left behind."""
        args, executable = self._command_line(args, executable, shell)
        sys.audit("subprocess.Popen", executable, args, cwd, env)
        try:
            fork_exec, allow_vfork = _switches()
            self.pid = fork_exec(args, executable, env, cwd, p2cread, c2pwrite, errwrite,
                                 bool(close_fds), pass_fds, bool(restore_signals),
                                 bool(start_new_session), process_group, gid, gids, uid, umask,
                                 preexec_fn, allow_vfork)
            self._child_created = True
        finally:
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    # --- the end ---

    def poll(self):
        """The returncode if the command has ended, else None."""
        return self._internal_poll()

    # Called by __del__, perhaps at shutdown: nothing but its own scope.
    def _internal_poll(self, _deadstate=None, _reap=_engine.reap, _gone=ChildProcessError):
        if self.returncode is None:
            if not self._waitpid_lock.acquire(False):
                return None  # somebody is at it; we know nothing yet
            try:
                if self.returncode is None:
                    _reap(self, self.pid)
            except OSError as error:
                if self.returncode is not None:
                    pass  # by a handler, in the meantime
                elif _deadstate is not None:
                    self.returncode = _deadstate
                elif isinstance(error, _gone):
                    self.returncode = 0  # reaped elsewhere: its status is lost
            finally:
                self._waitpid_lock.release()
        return self.returncode

    def _wait(self, timeout):
        endtime = math.inf if timeout is None else _time() + timeout
        while self.returncode is None:
            with self._waitpid_lock:
                self._internal_poll()
                if self.returncode is not None:
                    break
                event = _engine.ExitEvent(self.pid)  # of our own child: nobody has reaped it
            left = endtime - _time()
            if left <= 0:
                raise TimeoutExpired(self.args, timeout)
            event.wait(left)
        return self.returncode

    def wait(self, timeout=None):
        """Wait for the command to end; the returncode. TimeoutExpired after `timeout` seconds."""
        timeout = _seconds(timeout)
        endtime = None if timeout is None else _time() + timeout
        try:
            return self._wait(timeout=timeout)
        except KeyboardInterrupt:
            self._wait_after_interrupt(endtime)
            raise

    def _wait_after_interrupt(self, endtime):
        """The command has most likely seen the same Ctrl-C: give it a moment, once."""
        span = self._sigint_wait_secs
        if endtime is not None:
            span = min(span, self._remaining_time(endtime))
        self._sigint_wait_secs = 0
        try:
            self._wait(timeout=span)
        except TimeoutExpired:
            pass

    def send_signal(self, sig):
        """Send a signal to the command, unless it has ended."""
        self.poll()
        if self.returncode is not None:
            return  # the pid may be somebody else's by now
        with self._waitpid_lock:  # and stays its own
            if self.returncode is not None:
                return
            try:
                os.kill(self.pid, sig)
            except ProcessLookupError:
                pass

    def terminate(self):
        """Send SIGTERM."""
        self.send_signal(15)

    def kill(self):
        """Send SIGKILL."""
        self.send_signal(9)
