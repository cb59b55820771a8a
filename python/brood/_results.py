# What a finished command leaves, and the exceptions: the standard module's own.
# SPDX-License-Identifier: Apache-2.0
from brood._standard import standard

SubprocessError = standard.SubprocessError
CalledProcessError = standard.CalledProcessError
TimeoutExpired = standard.TimeoutExpired
CompletedProcess = standard.CompletedProcess
