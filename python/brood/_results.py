# What a finished command leaves, and the exceptions.
# SPDX-License-Identifier: Apache-2.0
import signal
import types

_MODULE = "brood.subprocess"  # where programs find these names, and pickle with them


class SubprocessError(Exception):
    """Base of this module's exceptions."""

    __module__ = _MODULE


class CalledProcessError(SubprocessError):
    """A checked command ended with a status other than zero.

    Attributes: cmd, returncode, output (alias stdout), stderr.
    """

    __module__ = _MODULE

    def __init__(self, returncode, cmd, output=None, stderr=None):
        self.returncode = returncode
        self.cmd = cmd
        self.output = output
        self.stderr = stderr

    def __str__(self):
        if not self.returncode or self.returncode > 0:
            return "Command '%s' returned non-zero exit status %d." % (self.cmd, self.returncode)
        try:
            how = "%r" % signal.Signals(-self.returncode)
        except ValueError:
            how = "unknown signal %d" % -self.returncode
        return "Command '%s' died with %s." % (self.cmd, how)

    @property
    def stdout(self):
        """The same as output."""
        return self.output

    @stdout.setter
    def stdout(self, value):
        self.output = value


class TimeoutExpired(SubprocessError):
    """A time limit passed before the command ended.

    Attributes: cmd, timeout, output (alias stdout), stderr: bytes so far, or None.
    """

    __module__ = _MODULE

    def __init__(self, cmd, timeout, output=None, stderr=None):
        self.cmd = cmd
        self.timeout = timeout
        self.output = output
        self.stderr = stderr

    def __str__(self):
        return "Command '%s' timed out after %s seconds" % (self.cmd, self.timeout)

    @property
    def stdout(self):
        """The same as output."""
        return self.output

    @stdout.setter
    def stdout(self, value):
        self.output = value


class CompletedProcess:
    """A command that has ended: args, returncode, stdout and stderr (None if not captured)."""

    __module__ = _MODULE

    def __init__(self, args, returncode, stdout=None, stderr=None):
        self.args = args
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self):
        fields = ["args={!r}".format(self.args), "returncode={!r}".format(self.returncode)]
        if self.stdout is not None:
            fields.append("stdout={!r}".format(self.stdout))
        if self.stderr is not None:
            fields.append("stderr={!r}".format(self.stderr))
        return "{}({})".format(type(self).__name__, ", ".join(fields))

    __class_getitem__ = classmethod(types.GenericAlias)

    def check_returncode(self):
        """Raise CalledProcessError unless the returncode is zero."""
        if self.returncode:
            raise CalledProcessError(self.returncode, self.args, self.stdout, self.stderr)
