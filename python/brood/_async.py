# brood.async_run: commands awaited under asyncio, carried on by the thread of its loop.
# SPDX-License-Identifier: Apache-2.0
import itertools
import weakref

from brood import _engine
from brood._command import Planned, capturing
from brood._keywords import explained

_carriers = weakref.WeakKeyDictionary()  # asyncio's loop -> a reference to its carrier


class _Command:
    """A command that somebody awaits."""

    def __init__(self, plan, future):
        self.plan, self.future = plan, future
        self.raised = None  # by on_line


class _Waiting:
    """What the engine calls. It holds the awaited commands weakly, as nobody can see cycles that pass
    through the engine."""

    def __init__(self):
        self.commands = weakref.WeakValueDictionary()
        self.left = 0

    def finished(self, token, outcome):
        self.left -= 1
        command = self.commands.pop(token, None)
        if command is not None and not command.future.done():
            command.future.set_result(outcome)

    def line(self, token, stream, text):
        command = self.commands.get(token)
        if command is None:
            return False
        try:
            command.plan._call_on_line(stream, text)
        except BaseException as error:
            command.raised = error
            return False
        return True


class _Carrier:
    """The engine's loop below one of asyncio, which watches its descriptor. It lives while
    there is a command in it: then asyncio's loop, or who awaits the command, holds it."""

    def __init__(self, loop):
        self._loop = loop
        self._waiting = _Waiting()
        self._tokens = itertools.count(1)
        self._engine = _engine.Loop(self._waiting.finished, self._waiting.line)
        self._timer = None
        loop.add_reader(self._engine.fileno(), self.turn)

    def start(self, command):
        """What cancels it."""
        token, plan = next(self._tokens), command.plan
        self._waiting.commands[token] = command
        try:
            wish = self._engine.start(token, plan.asked, plan._on_line is not None)
        except:
            self._leave()
            raise
        self._waiting.left += 1
        plan.asked = None
        self.turn()
        return wish

    def turn(self):
        if self._engine is None:
            return
        seconds = self._engine.turn()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._leave() and seconds is not None and not self._loop.is_closed():
            self._timer = self._loop.call_later(seconds, self.turn)

    def _leave(self):
        """Nothing is left behind between commands."""
        if self._waiting.left:
            return False
        _carriers.pop(self._loop, None)
        if not self._loop.is_closed():
            self._loop.remove_reader(self._engine.fileno())
        self._engine = None
        return True


def _carrier_of(loop):
    reference = _carriers.get(loop)
    carrier = reference and reference()
    if carrier is None:
        carrier = _Carrier(loop)
        _carriers[loop] = weakref.ref(carrier)
    return carrier


@explained
async def async_run(args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, close_fds=True, shell=False,
                    cwd=None, env=None, universal_newlines=None, start_new_session=False, pass_fds=(), *, input=None,
                    capture_output=False, timeout=None, check=False, retry=None, on_line=None, encoding=None,
                    errors=None, text=None, umask=-1, process_group=None, user=None, group=None, extra_groups=None,
                    contain="tree", stop=None, limits=None, nice=None, idle_timeout=None, max_output=None,
                    drain_grace=None, ok_codes=None, best_effort=False, map_fds=None):
    """brood.run(), awaited under asyncio: the same parameters, result and exceptions.

    No thread is used: asyncio's loop watches a descriptor of the engine's, whatever the number of
    commands. Where the task is cancelled the command is stopped by its ladder, with all that
    `contain` reaches, and CancelledError comes once that is done. on_line is called by the loop's
    thread. Not for pipelines.
    """
    keywords = locals()
    for name in ("args", "capture_output", "check", "retry"):
        del keywords[name]
    import asyncio
    capturing(capture_output, keywords)
    plan = Planned((args,), retry, keywords)
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    command, carrier = _Command(plan, future), _carrier_of(loop)
    wish = carrier.start(command)
    try:
        await asyncio.wait((future,))
    except asyncio.CancelledError:
        wish.cancel()
        carrier.turn()
        while not future.done():
            try:
                await asyncio.wait((future,))
            except asyncio.CancelledError:
                pass  # it is on its way
        raise
    except BaseException:  # nobody waits any more: the coroutine is closed
        wish.cancel()
        raise
    if command.raised is not None:
        raise command.raised
    result = plan._judged(*future.result())
    if check:
        result.check_returncode()
    return result
