# communicate(): bytes in and out of a command, kept across timeouts.
# SPDX-License-Identifier: Apache-2.0
import io
from time import monotonic as _time

from brood import _engine
from brood._results import TimeoutExpired
from brood._text import seconds as _seconds


class Communication:
    """The part of Popen that talks to the command."""

    __slots__ = ()
    _transfer = None

    def _translate_newlines(self, data, encoding, errors):
        return data.decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")

    def _stdin_write(self, input):
        """All of `input`, then end-of-file; a command that reads no more is no error."""
        if input:
            try:
                self.stdin.write(input)
            except BrokenPipeError:
                pass
        try:
            self.stdin.close()
        except BrokenPipeError:
            pass

    def _read_all(self, stream):
        """To end-of-file, with what the stream has read ahead; closes it."""
        kind = type(stream)
        if kind is io.BufferedReader:
            first = stream.read1(-1)
        elif kind is io.FileIO:
            first = None
        else:
            first = stream.read()
            stream.close()
            return first
        data = _engine.Transfer()
        if first != b"":
            if first:
                data.preload(first)
            data.run(-1, stream.fileno(), -1, None)
        stream.close()
        return data.stdout()

    def communicate(self, input=None, timeout=None):
        """Send `input`, read all output, wait for the end: the tuple (stdout, stderr).

        After a TimeoutExpired nothing is lost: called again, without input, it goes on.
        """
        if self._communication_started and input:
            raise ValueError("Cannot send input after starting communication")
        timeout = _seconds(timeout)
        if (timeout is None and not self._communication_started and
                [self.stdin, self.stdout, self.stderr].count(None) >= 2):
            stdout = stderr = None
            if self.stdin:
                self._stdin_write(input)
            elif self.stdout:
                stdout = self._read_all(self.stdout)
            elif self.stderr:
                stderr = self._read_all(self.stderr)
            self.wait()
            return stdout, stderr
        endtime = None if timeout is None else _time() + timeout
        try:
            output = self._communicate(input, endtime, timeout)
        except KeyboardInterrupt:
            self._wait_after_interrupt(endtime)
            raise
        finally:
            self._communication_started = True
        self._wait_in_time(endtime, timeout)
        return output

    def _wait_in_time(self, endtime, orig_timeout):
        try:
            self.wait(timeout=self._remaining_time(endtime))
        except TimeoutExpired:
            # Names what was asked for, not what was left of it.
            raise TimeoutExpired(self.args, orig_timeout) from None

    def _remaining_time(self, endtime):
        return None if endtime is None else endtime - _time()

    def _save_input(self, input):
        if self.stdin and self._input is None:
            self._input_offset = 0
            self._input = input
            if input is not None and self.text_mode:
                self._input = input.encode(self.stdin.encoding, self.stdin.errors)

    def _begin_communication(self, input):
        if not self.stdin:
            return
        try:
            self.stdin.flush()  # may block, if the caller wrote more than fits
        except BrokenPipeError:
            pass
        except ValueError:
            if not self.stdin.closed:
                raise
        if not input:
            try:
                self.stdin.close()
            except BrokenPipeError:
                pass

    def _communicate(self, input, endtime, orig_timeout):
        if self._transfer is None:
            self._transfer = _engine.Transfer()
            self._taken = {}
            self._begin_communication(input)
        transfer = self._transfer
        self._save_input(input)
        if self._input:
            transfer.set_input(self._input)
        stdin, stdout, stderr = self.stdin, self.stdout, self.stderr
        if not stdin or stdin.closed or not self._input:
            stdin = None
        if stdout and stdout.closed:
            stdout = None
        if stderr and stderr.closed:
            stderr = None
        while stdin or stdout or stderr:
            done = transfer.run(stdin.fileno() if stdin else -1, stdout.fileno() if stdout else -1,
                                stderr.fileno() if stderr else -1, endtime)
            if not done:
                raise TimeoutExpired(self.args, orig_timeout, transfer.stdout_so_far() or None,
                                     transfer.stderr_so_far() or None)
            if done & 1:
                self._close_stdin()
                stdin = None
            if done & 2:
                stdout.close()
                stdout = None
            if done & 4:
                stderr.close()
                stderr = None
        self._wait_in_time(endtime, orig_timeout)
        return (self._collected(self.stdout, "stdout", transfer.stdout),
                self._collected(self.stderr, "stderr", transfer.stderr))

    def _close_stdin(self):
        try:
            self.stdin.close()
        except BrokenPipeError:
            pass

    def _collected(self, stream, name, take):
        if not stream:
            return None
        if name not in self._taken:  # asked again, communicate() answers the same
            self._taken[name] = take()
        data = self._taken[name]
        return self._translate_newlines(data, stream.encoding, stream.errors) if self.text_mode else data
