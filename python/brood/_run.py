# brood.run: a command or a pipeline from its start to its result.
# SPDX-License-Identifier: Apache-2.0
from brood._command import Popen, capturing
from brood._exit import until_over
from brood._keywords import explained
from brood._pipeline import Pipeline


class _Run(Popen):
    """Whose output nobody asks for before the end."""

    __module__ = "brood"
    _keeps_output = False
    _watched = True


@explained
def run(args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, close_fds=True, shell=False, cwd=None,
        env=None, universal_newlines=None, start_new_session=False, pass_fds=(), *, input=None, capture_output=False,
        timeout=None, check=False, retry=None, on_line=None, encoding=None, errors=None, text=None, umask=-1,
        process_group=None, user=None, group=None, extra_groups=None, contain="tree", stop=None, limits=None, nice=None,
        idle_timeout=None, max_output=None, drain_grace=None, ok_codes=None, best_effort=False, map_fds=None):
    """Run a command to its end and return a brood.CompletedProcess.

    The parameters of subprocess.run, and those of brood.Popen. After a timeout the command is
    stopped by its ladder, with all that `contain` reaches, and TimeoutExpired carries the result.
    retry: a brood.Retry, a dict of its parameters, a number of attempts, or "5,1s,x2"; the result's
    `attempts` are those before it, and on_line is called by another thread then.

    A brood.Pipeline in place of the command: all its stages, to a brood.CompletedPipeline.
    """
    keywords = locals()
    for name in ("args", "capture_output", "check", "retry"):
        del keywords[name]
    capturing(capture_output, keywords)
    with until_over() as call:
        if isinstance(args, Pipeline):
            from brood._stages import run_pipeline
            result = run_pipeline(args, retry, keywords, call)
        elif retry is not None:
            from brood._pool import run_again
            result = run_again(args, retry, keywords)
        else:
            process = _Run(args, **keywords)
            call.started(process._command.request_stop, process._has_ended)
            if process.stdin:
                process.stdin.close()
            result = process.finish()
    if check:
        result.check_returncode()
    return result
