# brood.run and brood.Popen: the standard vocabulary, and what only the engine can do.
# SPDX-License-Identifier: Apache-2.0
import codecs
import io
import math
import os
import sys
from time import monotonic as _time

from brood import _engine, _popen, _results, _settings
from brood._handles import DEVNULL, PIPE, STDOUT, close_quietly
from brood._pipeline import Pipeline
from brood._retry import policy
from brood._text import seconds as _seconds


class CompletedProcess(_results.CompletedProcess):
    """A command that has ended, and how.

    Beyond the standard attributes: pid; reason ("exited", "signaled", "timed_out",
    "idle_timed_out", "cpu_limit", "memory_limit", "output_limit", "file_size_limit", "cancelled");
    usage (seconds and counts, as a dict); complete (False if output was given up on because others
    held the pipe); stdout_omitted and stderr_omitted (bytes that max_output left out); containment
    (what was in force); degraded (what best_effort left out); accepted (whether the returncode is
    one of ok_codes and the command ended by itself); attempts (those before this one, see retry).
    """

    __module__ = "brood"

    def __init__(self, args, returncode, stdout=None, stderr=None, **details):
        super().__init__(args, returncode, stdout, stderr)
        self.pid = None
        self.reason = "exited"
        self.complete = True
        self.usage = {}
        self.stdout_omitted = self.stderr_omitted = 0
        self.containment = "process"
        self.degraded = []
        self.attempts = []
        self.accepted = returncode == 0
        self.__dict__.update(details)

    def __repr__(self):
        text = super().__repr__()
        return text if self.reason == "exited" else f"{text[:-1]}, reason={self.reason!r})"

    def check_returncode(self):
        """Raise CalledProcessError unless the command ended well."""
        if not self.accepted:
            raise CalledProcessError(self)


class CalledProcessError(_results.CalledProcessError):
    """A checked command ended badly; `result` is its CompletedProcess."""

    __module__ = "brood"

    def __init__(self, result):
        super().__init__(result.returncode, result.args, result.stdout, result.stderr)
        self.result = result
        self.args = (result,)

    def __str__(self):
        if self.result.reason in ("exited", "signaled"):
            return super().__str__()
        return f"Command '{self.cmd}' was stopped: {self.result.reason}."


class TimeoutExpired(_results.TimeoutExpired):
    """A time limit passed and the command was stopped; `result` is its CompletedProcess, or None."""

    __module__ = "brood"

    def __init__(self, cmd, timeout, output=None, stderr=None, result=None):
        super().__init__(cmd, timeout, output, stderr)
        self.result = result
        self.args = (cmd, timeout, output, stderr, result)

    def __str__(self):
        if self.result is not None and self.result.reason == "idle_timed_out":
            return f"Command '{self.cmd}' wrote nothing for {self.timeout} seconds"
        return super().__str__()


class _PipeEnd(io.FileIO):
    """Our end of a pipe that belongs to the engine, which closes it when this is closed."""

    def __init__(self, command, stream, mode):
        super().__init__(command.fileno(stream), mode, closefd=False)
        self._command = command
        self._stream = stream

    def close(self):
        if not self.closed:
            super().close()
            self._command.close(self._stream)


class Popen(_popen.Popen):
    """A command in a new process, with what it may use, what a stop reaches and how it is stopped.

    The parameters of the standard Popen that make sense without user code in the child, and:
    contain: "process", "group", "tree" (default) or "sealed"; stop: "TERM,5s,KILL" or
    [(signal.SIGTERM, 5), signal.SIGKILL]; limits: a dict of cpu_time, address_space, open_files,
    file_size, processes, core, stack; nice; best_effort; map_fds: [(ours, child's)]; and, enforced
    by finish(): timeout, idle_timeout, max_output, drain_grace, ok_codes, on_line, which is called
    with each line, or, if it takes two arguments, with "stdout" or "stderr" and the line.
    """

    __module__ = "brood"
    _retry = None  # a Popen starts once

    def __init__(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None,
                 close_fds=True, shell=False, cwd=None, env=None, universal_newlines=None,
                 start_new_session=False, pass_fds=(), *, input=None, timeout=None, on_line=None,
                 encoding=None, errors=None, text=None, umask=-1, process_group=None,
                 user=None, group=None, extra_groups=None, **extras):
        if on_line is not None and not callable(on_line):
            raise TypeError("on_line must be callable")
        for name in extras:
            if name not in _settings.SETTINGS:
                raise TypeError(f"Popen() got an unexpected keyword argument {name!r}")
        extras.update(user=user, group=group, extra_groups=extra_groups)
        if isinstance(args, Pipeline):
            raise TypeError("a pipeline is for brood.run()")
        self._command = None
        self._timeout = _seconds(timeout)
        self._settings = self._collect_settings(extras, umask, process_group, start_new_session,
                                                close_fds)
        self._idle_timeout = extras.get("idle_timeout")
        self._on_line = on_line
        self._on_line_takes_both = on_line is not None and _settings.takes_two(on_line)
        self._first_input = input
        self._specs = (stdin, stdout, stderr)
        if input is not None and stdin is not None and stdin != PIPE:
            raise ValueError("stdin and input arguments may not both be used.")
        super().__init__(args, bufsize=bufsize, executable=executable, stdin=stdin, stdout=stdout,
                         stderr=stderr, close_fds=close_fds, shell=shell, cwd=cwd, env=env,
                         universal_newlines=universal_newlines, pass_fds=pass_fds, encoding=encoding,
                         errors=errors, text=text)

    def _collect_settings(self, extras, umask, process_group, start_new_session, close_fds):
        settings = []
        if self._timeout is not None:
            settings.append(("timeout", _settings.duration(self._timeout, "timeout")))
        for name, value in extras.items():
            if value is not None:
                settings += _settings.SETTINGS[name](value)
        if not isinstance(umask, int):
            raise TypeError("umask must be an integer")
        if umask >= 0:
            settings.append(("umask", format(umask & 0o777, "o")))
        if process_group is not None:
            settings.append(("process_group", _settings.text(process_group)))
        if start_new_session:
            settings.append(("new_session", "true"))
        if not close_fds:
            settings.append(("close_fds", "false"))
        return [(name, value) for name, value in settings if value is not None]

    # The engine makes the pipes, so that finish() can hand them to it whole.
    def _get_handles(self, stdin, stdout, stderr):
        return -1, -1, -1, -1, -1, -1

    def _open_streams(self, handles, bufsize):
        self._bufsize = bufsize

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env,
                       startupinfo, creationflags, shell, *others):
        args, executable = self._command_line(args, executable, shell)
        sys.audit("subprocess.Popen", executable, args, cwd, env)
        self._start((args, executable, env, cwd, *self._targets(), self._encoded_input(), pass_fds,
                     self._settings, self._retry))

    def _start(self, asked):
        self._command = _engine.Command(asked, self._on_line is not None)
        self.pid = self._command.pid
        self._child_created = True
        stdin, stdout, stderr = self._specs
        if stdin == PIPE and self._first_input is None:
            self.stdin = self._stream(0, "wb")
        if stdout == PIPE:
            self.stdout = self._stream(1, "rb")
        if stderr == PIPE:
            self.stderr = self._stream(2, "rb")

    def _targets(self):
        return [each if each is None or isinstance(each, int) else each.fileno()
                for each in self._specs]

    def _encoded_input(self):
        if self.text_mode:  # said before the start, not after the end
            codecs.lookup(self.encoding)
            codecs.lookup_error(self.errors or "strict")
        data = self._first_input
        if data is None:
            return None
        if self.text_mode:
            return data.encode(self.encoding, self.errors or "strict")
        return bytes(memoryview(data))

    def _stream(self, number, mode):
        line_buffering = self.text_mode and self._bufsize == 1
        size = io.DEFAULT_BUFFER_SIZE if self._bufsize < 0 or line_buffering else self._bufsize
        stream = _PipeEnd(self._command, number, mode)
        if size > 1:
            kind = io.BufferedWriter if mode == "wb" else io.BufferedReader
            stream = kind(stream, size)
        if self.text_mode:
            stream = io.TextIOWrapper(stream, encoding=self.encoding, errors=self.errors,
                                      line_buffering=bool(line_buffering), write_through=mode == "wb")
        return stream

    # --- the end ---

    # One thread at a time asks the engine for the end; who finds it busy knows nothing yet.

    def _internal_poll(self, _deadstate=None):
        if self.returncode is None and self._command is not None:
            if not self._waitpid_lock.acquire(False):
                return None
            try:
                if self.returncode is None:
                    self.returncode = self._command.poll()
            finally:
                self._waitpid_lock.release()
        return self.returncode

    def _wait(self, timeout):
        endtime = math.inf if timeout is None else _time() + timeout
        while self.returncode is None:
            left = endtime - _time()
            if self._waitpid_lock.acquire(timeout=min(max(left, 0), 3600)):
                try:
                    if self.returncode is None:
                        self.returncode = self._command.poll()
                finally:
                    self._waitpid_lock.release()
            if self.returncode is not None:
                break
            left = endtime - _time()
            if left <= 0:
                raise TimeoutExpired(self.args, timeout)
            if _engine.await_exit(self.pid, left):
                with self._waitpid_lock:
                    if self.returncode is None:
                        self.returncode = self._command.wait_for(max(0, min(left, 0.05)))
        return self.returncode

    def __exit__(self, exc_type, value, traceback):
        if exc_type is not None:
            self.stop()  # nothing is left behind by what went wrong here
        return super().__exit__(exc_type, value, traceback)

    def send_signal(self, sig):
        """Send a signal to the command itself, unless it has ended."""
        self._command.send_signal(int(sig))

    def suspend(self):
        """SIGSTOP to all that `contain` reaches."""
        self._command.suspend()

    def resume(self):
        """SIGCONT to the same."""
        self._command.resume()

    def stop(self, ladder=None):
        """Go down the stop ladder over all that `contain` reaches; the returncode."""
        self.returncode = self._command.stop(None if ladder is None else _settings.ladder(ladder))
        return self.returncode

    def usage(self):
        """What the command and its descendants use now, as a dict; zeros once it has ended."""
        return self._command.usage()

    @property
    def containment(self):
        """What a stop reaches, as it is in force."""
        return self._command.containment

    def _call_on_line(self, stream, line):
        if self.text_mode:
            line = line.decode(self.encoding, self.errors or "strict")
            line = line[:-1] if line.endswith("\r") else line
        if self._on_line_takes_both:
            self._on_line("stderr" if stream == 2 else "stdout", line)
        else:
            self._on_line(line)

    def finish(self):
        """Feed, read, enforce the limits, and return the CompletedProcess once it has ended.

        TimeoutExpired after timeout or idle_timeout, when the command has been stopped.
        """
        if self.stdin and not self.stdin.closed:
            try:
                self.stdin.flush()
            except BrokenPipeError:
                pass  # it reads no more: not an error, as in communicate()
        if not self._waitpid_lock.acquire(False):
            raise RuntimeError("another thread is in finish() or wait()")
        try:
            details, failure = self._command.finish(self._call_on_line if self._on_line else None)
            self.returncode = details["returncode"]
        except:
            self.returncode = self._command.poll()  # on_line or a handler raised: it was stopped
            raise
        finally:
            self._waitpid_lock.release()
            self._communication_started = True
            for stream in (self.stdin, self.stdout, self.stderr):
                if stream:
                    close_quietly([stream], ())  # the engine closed what is below
        return self._judged(details, failure)

    def _result(self, details, text):
        """A dict of the engine's as a CompletedProcess."""
        output = []
        for name, spec in (("stdout", self._specs[1]), ("stderr", self._specs[2])):
            data = details.pop(name)
            output.append(data if spec == PIPE else None)
        if text:
            output = [each if each is None else
                      self._translate_newlines(each, self.encoding, self.errors or "strict")
                      for each in output]
        attempts = [self._result(each, False) for each in details.pop("attempts")]
        return CompletedProcess(self.args, details.pop("returncode"), *output, attempts=attempts,
                                **details)

    def _judged(self, details, failure):
        """The result, or what went wrong as an exception."""
        if details is None:
            raise _start_error(self.args, *failure)
        result = self._result(details, self.text_mode and not failure)
        if failure is None:
            return result
        timed_out, number, _, _, message = failure
        if timed_out:
            idle = result.reason == "idle_timed_out"
            raise TimeoutExpired(self.args, self._idle_timeout if idle else self._timeout,
                                 result.stdout, result.stderr, result)
        error = OSError(number, message) if number else OSError(message)
        error.result = result
        raise error


class Planned(Popen):
    """All that Popen makes of its parameters, for a command that somebody else starts."""

    def __init__(self, popenargs, retry, keywords):
        self._retry = policy(retry)
        super().__init__(*popenargs, **keywords)

    def _start(self, asked):
        self.asked = asked


def _start_error(args, timed_out, number, step, subject, message):
    """What kept a command from its start."""
    if timed_out:
        return TimeoutExpired(args, None)
    if not number:
        return ValueError(message)
    if step in ("exec", "chdir"):
        return OSError(number, os.strerror(number), subject)
    return OSError(number, os.strerror(number))


def capturing(capture_output, keywords):
    if capture_output:
        if keywords.get("stdout") is not None or keywords.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        keywords["stdout"] = PIPE
        keywords["stderr"] = PIPE


def run(*popenargs, input=None, capture_output=False, timeout=None, check=False, retry=None, **kwargs):
    """Run a command to its end and return a brood.CompletedProcess.

    The parameters of subprocess.run, and those of brood.Popen. After a timeout the command is
    stopped by its ladder, with all that `contain` reaches, and TimeoutExpired carries the result.
    retry: a brood.Retry, a dict of its parameters, a number of attempts, or "5,1s,x2"; the result's `attempts`
    are those before it, and on_line is called by another thread then.

    A brood.Pipeline in place of the command: all its stages, to a brood.CompletedPipeline.
    """
    if popenargs and isinstance(popenargs[0], Pipeline):
        from brood._stages import run_pipeline
        kwargs.update(input=input, timeout=timeout)
        return run_pipeline(popenargs, capture_output, check, retry, kwargs)
    if retry is not None:
        from brood._pool import run_again
        return run_again(popenargs, input, capture_output, timeout, check, retry, kwargs)
    capturing(capture_output, kwargs)
    process = Popen(*popenargs, input=input, timeout=timeout, **kwargs)
    if process.stdin:
        process.stdin.close()
    result = process.finish()
    if check:
        result.check_returncode()
    return result
