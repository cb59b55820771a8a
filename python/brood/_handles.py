# The descriptors of a command's standard streams: made, found and closed.
# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import sys

PIPE = -1
STDOUT = -2
DEVNULL = -3


def close_quietly(streams, numbers):
    for stream in streams:
        try:
            stream.close()
        except OSError:
            pass
    for number in numbers:
        try:
            os.close(number)
        except OSError:
            pass


class Handles:
    """The part of Popen that prepares the streams."""

    def _get_devnull(self):
        if not hasattr(self, "_devnull"):
            self._devnull = os.open(os.devnull, os.O_RDWR)
        return self._devnull

    def _pipe(self):
        read_end, write_end = os.pipe()
        if self.pipesize > 0:
            try:
                fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, self.pipesize)
            except:
                close_quietly((), (read_end, write_end))
                raise
        return read_end, write_end

    def _get_handles(self, stdin, stdout, stderr):
        """The six descriptors: p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite; or -1."""
        p2cread = p2cwrite = c2pread = c2pwrite = errread = errwrite = -1
        opened = []
        try:
            if stdin is None:
                pass
            elif stdin == PIPE:
                p2cread, p2cwrite = pair = self._pipe()
                opened += pair
            else:
                p2cread = self._target(stdin)
            if stdout is None:
                pass
            elif stdout == PIPE:
                c2pread, c2pwrite = pair = self._pipe()
                opened += pair
            else:
                c2pwrite = self._target(stdout)
            if stderr is None:
                pass
            elif stderr == PIPE:
                errread, errwrite = pair = self._pipe()
                opened += pair
            elif stderr == STDOUT:
                # Where stdout goes; without one given, this process's own.
                errwrite = c2pwrite if c2pwrite != -1 else sys.__stdout__.fileno()
            else:
                errwrite = self._target(stderr)
        except:
            close_quietly((), opened)
            if hasattr(self, "_devnull"):
                os.close(self._devnull)
                del self._devnull
            raise
        return p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite

    def _target(self, stream):
        if stream == DEVNULL:
            return self._get_devnull()
        return stream if isinstance(stream, int) else stream.fileno()

    def _close_pipe_fds(self, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite):
        """Close the command's ends here. After this, a failure must not close them again."""
        devnull = getattr(self, "_devnull", None)
        self._closed_child_pipe_fds = True
        if p2cread != -1 and p2cwrite != -1 and p2cread != devnull:
            os.close(p2cread)
        if c2pwrite != -1 and c2pread != -1 and c2pwrite != devnull:
            os.close(c2pwrite)
        if errwrite != -1 and errread != -1 and errwrite != devnull:
            os.close(errwrite)
        if devnull is not None:
            os.close(devnull)
