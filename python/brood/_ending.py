# How a command ends under brood.Popen: one policy in every way of waiting.
# SPDX-License-Identifier: Apache-2.0
import io
import math
import os
import threading
from time import monotonic as _time

from brood import _results
from brood._completed import TimeoutExpired
from brood._exit import in_main_thread, until_over
from brood._handles import PIPE, close_quietly
from brood._settings import seconds as _seconds


def _read_ahead(stream, encoding, errors):
    """What a stream has taken from its pipe and nobody has read yet, as bytes. Its raw end gives nothing any more."""
    if isinstance(stream, io.BufferedReader):
        return stream.read1(-1)
    if not isinstance(stream, io.TextIOWrapper):
        return b""
    text, rest = [], b""
    try:
        while character := stream.read(1):
            text.append(character)
    except UnicodeDecodeError as error:  # the beginning of one
        rest = error.object[error.start:]
    except TypeError:
        pass  # the raw end says so
    return "".join(text).encode(encoding, errors or "strict") + rest


def _write_all(number, data):
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(number, view):]
    except OSError:
        pass  # it reads no more: not an error
    finally:
        os.close(number)


class Ending:
    """The part of brood.Popen that waits.

    A command is driven if what it was given holds only while somebody moves its bytes: then every
    wait does that, on the engine, and reads the pipes. Else a wait leaves the pipes to the caller,
    and looks after `timeout` alone.
    """

    __slots__ = ()
    _watched = False  # the exit knows of the whole call

    def _prepare(self, timeout):
        self._command = None
        self._timeout = timeout
        self._deadline = None if timeout is None else _time() + timeout
        self._driven = False
        self._outcome = None  # (details, failure) of the engine
        self._said = None  # what became of it: a result, or an exception
        self._serving = False
        self._handed_over = False
        self._ahead = {}  # read from the pipes before the engine had them
        self._communicated = None

    # --- waiting ---

    def poll(self):
        """The returncode if the command has ended, else None. Moves no bytes."""
        return self._internal_poll()

    def wait(self, timeout=None):
        """Wait for the command to end; the returncode.

        TimeoutExpired after `timeout`, which leaves the command alone; and after its own limits,
        which has stopped it.
        """
        timeout = _seconds(timeout)
        if self._driven:
            self._drive_for(timeout)
        elif self._outcome is None:
            self._within_limit(timeout, super().wait)
        return self.returncode

    def communicate(self, input=None, timeout=None):
        """Send `input`, read all output, wait for the end: the tuple (stdout, stderr).

        After a TimeoutExpired nothing is lost: called again, without input, it goes on.
        """
        timeout = _seconds(timeout)
        if self._driven or self._outcome is not None:
            if input:
                self._send(input)
            self._communication_started = True
            self._close_input()
            self._drive_for(timeout)
        elif self._communicated is None:
            self._communicated = self._within_limit(timeout, lambda span: super(Ending, self).communicate(input, span))
        if self._outcome is None:
            return self._communicated
        said = self._conclusion()
        if isinstance(said, BaseException):
            raise said
        return said.stdout, said.stderr

    def finish(self):
        """Feed, read, enforce the limits, and return the CompletedProcess once it has ended.

        TimeoutExpired after timeout or idle_timeout, when the command has been stopped. Asked again,
        it says the same.
        """
        if self._outcome is None:
            self._close_input()
            self._drive(None, True)
        said = self._conclusion()
        if isinstance(said, BaseException):
            raise said
        return said

    def __exit__(self, exc_type, value, traceback):
        if exc_type is not None:
            self.stop()  # nothing is left behind by what went wrong here
            self._driven = False  # and nothing more is said about it
        elif self._driven and self._outcome is None:
            self._close_input()
            self.wait()
        return super().__exit__(exc_type, value, traceback)

    # --- how ---

    def _drive_for(self, timeout):
        """A wait for a driven command: over, or TimeoutExpired."""
        if self._outcome is not None:
            return
        if not self._drive(timeout, False):
            raise self._late(timeout)
        said = self._conclusion()
        if isinstance(said, BaseException):
            raise said

    def _late(self, timeout):
        out, err = self._command.so_far()
        piped = [spec == PIPE for spec in self._specs[1:]]
        return TimeoutExpired(self.args, timeout, out or None if piped[0] else None, err or None if piped[1] else None)

    def _within_limit(self, timeout, wait):
        """wait(span), but no longer than the command may run: then it is stopped."""
        left = None if self._deadline is None else max(0, self._deadline - _time())
        own = left is not None and (timeout is None or left <= timeout)
        try:
            return wait(left if own else timeout)
        except _results.TimeoutExpired as late:
            if not own:
                raise TimeoutExpired(self.args, timeout, late.output, late.stderr) from None
        self._drive(None, False)
        said = self._conclusion()
        if isinstance(said, BaseException):
            raise said
        return said.stdout, said.stderr

    def _wait(self, timeout):
        """For the exit alone. One thread at a time asks the engine; the others wait for that one."""
        endtime = math.inf if timeout is None else _time() + timeout
        while self.returncode is None:
            if self._waitpid_lock.acquire(timeout=min(max(endtime - _time(), 0), 3600)):
                try:
                    if self.returncode is None:
                        self.returncode = self._command.await_end(endtime - _time())
                finally:
                    self._waitpid_lock.release()
            if self.returncode is None and _time() >= endtime:
                raise TimeoutExpired(self.args, timeout)
        return self.returncode

    def _internal_poll(self, _deadstate=None):
        if self.returncode is None and self._command is not None:
            if not self._waitpid_lock.acquire(False):
                return None  # somebody is waiting; we know nothing yet
            try:
                if self.returncode is None:
                    self.returncode = self._command.poll()
            finally:
                self._waitpid_lock.release()
        return self.returncode

    def _drive(self, timeout, owned):
        """Have the engine carry the command on; whether it is over after `timeout` seconds.

        owned: an exception from a signal's handler stops the command before it comes out.
        """
        endtime = None if timeout is None else _time() + timeout
        if owned:
            if not self._waitpid_lock.acquire(False):
                raise RuntimeError("another thread is in finish() or wait()")
        elif not self._waitpid_lock.acquire(timeout=-1 if timeout is None else
                                            min(max(timeout, 0), threading.TIMEOUT_MAX)):
            return False
        try:
            if self._outcome is not None:
                return True
            if self._serving:
                raise RuntimeError("a callback or a handler of this command cannot wait for it")
            self._serving = True
            left = None if endtime is None else max(0, endtime - _time())
            if owned and not self._watched:
                with until_over() as call:
                    call.started(self._command.request_stop, self._has_ended)
                    found = self._finish(left, True)
            else:
                found = self._finish(left, owned)
        except:
            self.returncode = self._command.poll()  # on_line or a handler raised
            raise
        finally:
            self._serving = False
            self._waitpid_lock.release()
        return found

    def _has_ended(self):
        return self._command.poll() is not None

    def _finish(self, left, owned):
        self._hand_over()
        on_line = self._call_on_line if self._on_line else None
        if on_line is None and left is None and owned:
            outcome = self._finish_here()
        else:
            outcome = self._command.finish(on_line, left, owned)
        if outcome is None:
            return False
        self._take(outcome)
        return True

    def _finish_here(self):
        """Without a helper thread where this one need hear no signals, or has nothing else to wait for than the exit."""
        if not in_main_thread():
            return self._command.finish_here()
        quiet = PIPE not in self._specs[1:] and not self._driven and self._command.containment != "sealed"
        if quiet:
            left = math.inf if self._deadline is None else self._deadline - _time()
            try:
                if self._command.await_end(left) is not None:
                    return self._command.finish_here()
            except BaseException:
                self._command.request_stop()
                self._command.finish(None, None, True)
                raise
        return self._command.finish(None, None, True)

    def _hand_over(self):
        """The pipes to the engine, and what was read ahead to us."""
        if self._handed_over:
            return
        self._handed_over = True
        for name, stream in (("stdout", self.stdout), ("stderr", self.stderr)):
            if stream and not stream.closed:
                raw = stream
                while not isinstance(raw, io.FileIO):
                    raw = raw.buffer if isinstance(raw, io.TextIOWrapper) else raw.raw
                raw.give_back()
                self._ahead[name] = _read_ahead(stream, self.encoding, self.errors)
        if self._transfer is not None:  # communicate() had begun
            for name, so_far in (("stdout", self._transfer.stdout_so_far), ("stderr", self._transfer.stderr_so_far)):
                self._ahead[name] = self._ahead.get(name, b"") + self._taken.get(name, so_far())
        for stream in (self.stdout, self.stderr):
            if stream:
                close_quietly([stream], ())

    def _close_input(self):
        if self.stdin and not self.stdin.closed:
            try:
                self.stdin.close()
            except BrokenPipeError:
                pass  # it reads no more: not an error, as in communicate()

    def _take(self, outcome):
        details, failure = outcome
        self.returncode = 0 if details["returncode"] is None else details["returncode"]
        for name, ahead in self._ahead.items():
            if ahead and self._decoding is not None:
                ahead = self._translate_newlines(ahead, self.encoding, self.errors or "strict").encode()
            if ahead:
                details[name] = ahead + details[name]
        if self._communicated is not None:  # what it gave is what was written
            details["stdout"], details["stderr"] = self._communicated
        self._outcome = (details, failure)
        self._communication_started = True

    def _conclusion(self):
        """The result, or the exception in its place: made once."""
        if self._said is None:
            try:
                self._said = self._judged(*self._outcome)
            except Exception as error:
                self._said = error.with_traceback(None)
        return self._said

    def _send(self, input):
        """To the stdin of a driven command, beside the engine."""
        if self._communication_started or self._handed_over:
            raise ValueError("Cannot send input after starting communication")
        if self.stdin is None or self.stdin.closed:
            raise ValueError("input: stdin is not a PIPE, or has its input already")
        data = input.encode(self.encoding, self.errors or "strict") if self.text_mode else bytes(memoryview(input))
        try:
            self.stdin.flush()
        except BrokenPipeError:
            pass
        number = os.dup(self.stdin.fileno())
        if len(data) <= 4096:
            _write_all(number, data)
        else:
            threading.Thread(target=_write_all, args=(number, data), daemon=True).start()
