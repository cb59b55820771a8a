# The types of the drop-in: results and exceptions are the standard module's own, Popen is a class below its Popen.
# SPDX-License-Identifier: Apache-2.0
import subprocess as _standard
from subprocess import (
    DEVNULL as DEVNULL,
    PIPE as PIPE,
    STDOUT as STDOUT,
    CalledProcessError as CalledProcessError,
    CompletedProcess as CompletedProcess,
    SubprocessError as SubprocessError,
    TimeoutExpired as TimeoutExpired,
    call as call,
    check_call as check_call,
    check_output as check_output,
    getoutput as getoutput,
    getstatusoutput as getstatusoutput,
    list2cmdline as list2cmdline,
    run as run,
)
from typing import AnyStr

class Popen(_standard.Popen[AnyStr]): ...

def install() -> None: ...
