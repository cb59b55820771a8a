# Text defaults: the encoding that is used when none is named, and numbers of seconds.
# SPDX-License-Identifier: Apache-2.0
import locale
import os
import sys
import warnings

_HERE = os.path.dirname(__file__)


def text_encoding():
    """The locale's encoding, with an EncodingWarning for our caller if those are asked for."""
    if sys.flags.warn_default_encoding:
        frame = sys._getframe()
        level = 1
        while frame and os.path.dirname(frame.f_code.co_filename) == _HERE:
            frame = frame.f_back
            level += 1
        warnings.warn("'encoding' argument not specified.", EncodingWarning, level)
    if sys.flags.utf8_mode:
        return "utf-8"
    return locale.getencoding()


def seconds(timeout, name="timeout"):
    """Any real number as a float or an int; None stays."""
    if timeout is None or isinstance(timeout, (int, float)):
        return timeout
    if not hasattr(timeout, "__float__"):
        raise TypeError(f"{name} must be a number, not {type(timeout).__name__}")
    return float(timeout)
