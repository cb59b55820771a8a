# brood.Popen: the standard vocabulary, and what only the engine can do.
# SPDX-License-Identifier: Apache-2.0
import codecs
import io
import os
import sys

from brood import _engine, _popen, _settings
from brood._completed import CompletedProcess, TimeoutExpired
from brood._ending import Ending
from brood._handles import PIPE
from brood._keywords import explained
from brood._pipeline import Pipeline
from brood._retry import policy

_ATOMIC = 4096  # what any pipe takes at once


class _PipeEnd(io.FileIO):
    """Our end of a pipe that belongs to the engine, which closes it when this is closed."""

    def __init__(self, command, stream):
        super().__init__(command.fileno(stream), "rb", closefd=False)
        self._command = command
        self._stream = stream

    def give_back(self):
        """From now on the engine reads it: nothing more is to be had here."""
        self._command = None
        self.readinto = lambda buffer: None

    def close(self):
        if not self.closed:
            super().close()
            if self._command is not None:
                self._command.close(self._stream)


class Popen(Ending, _popen.Popen):
    """A command in a new process, with what it may use, what a stop reaches and how it is stopped.

    The parameters of the standard Popen that make sense without user code in the child, and:
    contain: "process", "group", "tree" (default) or "sealed"; stop: "TERM,5s,KILL" or
    [(signal.SIGTERM, 5), signal.SIGKILL]; limits: a dict of cpu_time, address_space, open_files,
    file_size, processes, core, stack; nice; best_effort; map_fds: [(ours, child's)]; ok_codes. And
    what holds in wait(), communicate(), finish() and at the end of a with block alike:

    input: sent to stdin. timeout, idle_timeout: after which the command is stopped, and the call
    raises TimeoutExpired. max_output. drain_grace. on_line: called with each line, or, if it takes
    two arguments, with "stdout" or "stderr" and the line. With input, on_line, idle_timeout or
    max_output these calls read the pipes, and the file objects stdout and stderr are closed.

    Spans of time are numbers of seconds, texts such as "500ms", or timedeltas.
    """

    __module__ = "brood"
    _retry = None  # a Popen starts once
    _keeps_output = True  # what came so far is what a TimeoutExpired of a wait has

    @explained
    def __init__(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None,
                 close_fds=True, shell=False, cwd=None, env=None, universal_newlines=None,
                 start_new_session=False, pass_fds=(), *, input=None, timeout=None, on_line=None,
                 encoding=None, errors=None, text=None, umask=-1, process_group=None,
                 user=None, group=None, extra_groups=None, contain="tree", stop=None, limits=None,
                 nice=None, idle_timeout=None, max_output=None, drain_grace=None, ok_codes=None,
                 best_effort=False, map_fds=None):
        keywords = locals()
        if on_line is not None and not callable(on_line):
            raise TypeError("on_line must be callable")
        if isinstance(args, Pipeline):
            raise TypeError("a pipeline is for brood.run()")
        for name in ("timeout", "idle_timeout"):
            keywords[name] = _settings.seconds(keywords[name], name)
        self._prepare(keywords["timeout"])
        self._settings = _settings.collected(keywords)
        self._idle_timeout = keywords["idle_timeout"]
        self._on_line = on_line
        self._on_line_takes_both = on_line is not None and _settings.takes_two(on_line)
        self._cuts = max_output is not None
        self._decoding = None
        self._first_input = input
        self._specs = (stdin, stdout, stderr)
        if input is not None and stdin is not None and stdin != PIPE:
            raise ValueError("stdin and input arguments may not both be used.")
        super().__init__(args, bufsize=bufsize, executable=executable, stdin=stdin, stdout=stdout,
                         stderr=stderr, close_fds=close_fds, shell=shell, cwd=cwd, env=env,
                         universal_newlines=universal_newlines, pass_fds=pass_fds, encoding=encoding,
                         errors=errors, text=text)

    # The engine makes the pipes, so that it can have them whole.
    def _get_handles(self, stdin, stdout, stderr):
        return -1, -1, -1, -1, -1, -1

    def _open_streams(self, handles, bufsize):
        self._bufsize = bufsize

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env,
                       startupinfo, creationflags, shell, *others):
        args, executable = self._command_line(args, executable, shell)
        sys.audit("subprocess.Popen", executable, args, cwd, env)
        if self.text_mode:  # said before the start, not after the end
            codecs.lookup(self.encoding)
            codecs.lookup_error(self.errors or "strict")
            if self._on_line is not None or self._cuts:
                self._decoding = _settings.decoding(self.encoding, self.errors)
        self._start([args, executable, env, cwd, *self._targets(), self._encoded_input(), pass_fds,
                     self._settings, self._retry, self._decoding])

    def _start(self, asked):
        data = asked[7]
        at_once = data is not None and len(data) <= _ATOMIC
        if at_once:
            asked[4], asked[7] = PIPE, None
        elif data is not None:
            asked[7] = self._as_text(data)
        self._driven = (data is not None or self._on_line is not None or self._idle_timeout is not None or
                        self._cuts)
        self._command = _engine.Command(tuple(asked), self._on_line is not None,
                                        self._driven and self._keeps_output)
        self.pid = self._command.pid
        self._child_created = True
        if at_once:
            self._command.feed(data)
        stdin, stdout, stderr = self._specs
        if stdin == PIPE and data is None:  # ours alone: a wait must not end it
            self.stdin = self._buffered(io.FileIO(os.dup(self._command.fileno(0)), "wb"), "wb")
            self._command.close(0)
        if stdout == PIPE:
            self.stdout = self._buffered(_PipeEnd(self._command, 1), "rb")
        if stderr == PIPE:
            self.stderr = self._buffered(_PipeEnd(self._command, 2), "rb")

    def _targets(self):
        return [each if each is None or isinstance(each, int) else each.fileno()
                for each in self._specs]

    def _encoded_input(self):
        data = self._first_input
        if data is None:
            return None
        if self.text_mode:
            if not isinstance(data, str):
                raise TypeError(f"input: must be str under text, encoding or errors, not {type(data).__name__}")
            return data.encode(self.encoding, self.errors or "strict")
        if isinstance(data, str):
            raise TypeError("input: must be bytes, unless text, encoding or errors is given")
        return bytes(memoryview(data))

    def _as_text(self, data):
        """Where the engine decodes it encodes as well, from UTF-8."""
        if self._decoding is None or self._decoding[0] == "UTF-8":
            return data
        return data.decode(self.encoding).encode()

    def _buffered(self, stream, mode):
        line_buffering = self.text_mode and self._bufsize == 1
        size = io.DEFAULT_BUFFER_SIZE if self._bufsize < 0 or line_buffering else self._bufsize
        if size > 1:
            kind = io.BufferedWriter if mode == "wb" else io.BufferedReader
            stream = kind(stream, size)
        if self.text_mode:
            stream = io.TextIOWrapper(stream, encoding=self.encoding, errors=self.errors,
                                      line_buffering=bool(line_buffering), write_through=mode == "wb")
        return stream

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
        self.returncode = self._command.stop(ladder)
        return self.returncode

    def usage(self):
        """What the command and its descendants use now, as a dict; zeros once it has ended."""
        return self._command.usage()

    @property
    def containment(self):
        """What a stop reaches, as it is in force."""
        return self._command.containment

    # --- what the engine gives, as the caller asked for it ---

    def _call_on_line(self, stream, line):
        if self._decoding is not None:
            lines = [line.decode()]
        elif self.text_mode:  # the engine knows no "\r" in an encoding of Python's: they come with their line
            line = line.decode(self.encoding, self.errors or "strict")
            lines = line.removesuffix("\r").split("\r")
        else:
            lines = [line]
        for each in lines:
            if self._on_line_takes_both:
                self._on_line("stderr" if stream == 2 else "stdout", each)
            else:
                self._on_line(each)

    def _as_asked(self, data, cut):
        """Output as str. `cut`: something is missing, perhaps in the middle of a character."""
        encoding, errors = self.encoding, self.errors or "strict"
        if self._decoding is not None:
            return data.decode("utf-8", "ignore" if cut else "strict")
        try:
            return self._translate_newlines(data, encoding, errors)
        except UnicodeDecodeError:
            if not cut:
                raise
            return self._translate_newlines(data, encoding, "replace")

    def _result(self, details, text):
        """A dict of the engine's as a CompletedProcess."""
        output = []
        for name, spec in (("stdout", self._specs[1]), ("stderr", self._specs[2])):
            data = details.pop(name)
            data = data if spec == PIPE else None
            cut = details[f"{name}_omitted"] > 0
            output.append(self._as_asked(data, cut) if text and type(data) is bytes else data)
        attempts = [self._result(each, False) for each in details.pop("attempts")]
        return CompletedProcess(self.args, details.pop("returncode"), *output, attempts=attempts,
                                **details)

    def _judged(self, details, failure):
        """The result, or what went wrong as an exception."""
        if failure is None:
            return self._result(details, self.text_mode)
        timed_out, _, kind, error = failure
        if details is None:
            raise TimeoutExpired(self.args, self._limit_of(None)) if timed_out else error
        result = self._result(details, False)
        if timed_out:
            raise TimeoutExpired(self.args, self._limit_of(result), result.stdout, result.stderr, result)
        if kind == "bad data" and self._decoding is not None:
            error = self._bad_text(result, str(error))
        error.result = result
        raise error

    def _limit_of(self, result):
        return self._idle_timeout if result is not None and result.reason == "idle_timed_out" else self._timeout

    def _bad_text(self, result, why):
        for data in (result.stdout, result.stderr):
            try:
                (data or b"").decode(self.encoding)
            except UnicodeDecodeError as error:
                return error
        data = result.stdout or result.stderr or b""  # all that is text; what follows is not here
        return UnicodeDecodeError(self.encoding, data, len(data), len(data) + 1, why)


class Planned(Popen):
    """All that Popen makes of its parameters, for a command that somebody else starts."""

    def __init__(self, popenargs, retry, keywords):
        self._retry = policy(retry)
        super().__init__(*popenargs, **keywords)

    def _start(self, asked):
        if asked[7] is not None:
            asked[7] = self._as_text(asked[7])
        self.asked = tuple(asked)


def capturing(capture_output, keywords):
    if capture_output:
        if keywords.get("stdout") is not None or keywords.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        keywords["stdout"] = PIPE
        keywords["stderr"] = PIPE
