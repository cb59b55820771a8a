# The types of the drop-in are the standard module's own.
# SPDX-License-Identifier: Apache-2.0
from subprocess import (
    DEVNULL as DEVNULL,
    PIPE as PIPE,
    STDOUT as STDOUT,
    CalledProcessError as CalledProcessError,
    CompletedProcess as CompletedProcess,
    Popen as Popen,
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
