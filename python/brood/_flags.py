# Command lines as text, and the interpreter's own flags for child interpreters.
# SPDX-License-Identifier: Apache-2.0
import os
import sys


def list2cmdline(seq):
    """One string from a list of arguments, by the quoting rules of Microsoft's C runtime."""
    words = []
    for word in map(os.fsdecode, seq):
        quoted = []
        backslashes = 0
        for character in word:
            if character == "\\":
                backslashes += 1
                continue
            if character == '"':  # backslashes before a quote count double, and the quote takes one
                backslashes = backslashes * 2 + 1
            quoted.append("\\" * backslashes + character)
            backslashes = 0
        if not word or " " in word or "\t" in word:
            words.append('"' + "".join(quoted) + "\\" * (backslashes * 2) + '"')
        else:
            words.append("".join(quoted) + "\\" * backslashes)
    return " ".join(words)


def _optim_args_from_interpreter_flags():
    """The -O flags of this interpreter, for a child that is to run with the same."""
    return ["-" + "O" * sys.flags.optimize] if sys.flags.optimize > 0 else []


_FLAG_LETTERS = {"debug": "d", "dont_write_bytecode": "B", "no_site": "S", "verbose": "v",
                 "bytes_warning": "b", "quiet": "q"}


def _warning_flags():
    """-W flags of what sys.warnoptions has beyond what other flags imply."""
    options = sys.warnoptions[:]
    bytes_filter = {0: None, 1: "default::BytesWarning"}.get(sys.flags.bytes_warning,
                                                             "error::BytesWarning")
    if bytes_filter in options:
        options.remove(bytes_filter)
    if sys.flags.dev_mode and "default" in options:
        options.remove("default")
    return ["-W" + option for option in options]


def _args_from_interpreter_flags():
    """The settings of sys.flags, sys.warnoptions and sys._xoptions as command line arguments."""
    flags = sys.flags
    args = _optim_args_from_interpreter_flags()
    for name, letter in _FLAG_LETTERS.items():
        level = getattr(flags, name)
        if level > 0:
            args.append("-" + letter * level)
    if flags.isolated:
        args.append("-I")
    else:
        if flags.ignore_environment:
            args.append("-E")
        if flags.no_user_site:
            args.append("-s")
        if getattr(flags, "safe_path", False):
            args.append("-P")
    args += _warning_flags()
    x_options = getattr(sys, "_xoptions", {})
    if flags.dev_mode:
        args += ["-X", "dev"]
    for name in sorted(x_options):
        if name != "dev":
            value = x_options[name]
            args += ["-X", name if value is True else "%s=%s" % (name, value)]
    return args
