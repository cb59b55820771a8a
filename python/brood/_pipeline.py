# Commands and pipelines as values.
# SPDX-License-Identifier: Apache-2.0
import os
import shlex


def _word(word):
    return word if isinstance(word, (str, bytes)) else os.fspath(word)


def _quoted(words):
    return " ".join(shlex.quote(os.fsdecode(word)) for word in words)


def _stages(operand):
    """The stages that an operand of | stands for; None if it is none."""
    if isinstance(operand, Pipeline):
        return operand.stages
    return (Command(operand),) if isinstance(operand, (list, tuple)) else None


def _joined(first, second):
    first, second = _stages(first), _stages(second)
    return NotImplemented if first is None or second is None else Pipeline((*first, *second))


class Command(tuple):
    """A program and its arguments: a tuple, to be given wherever a list of them is taken.

    Its output as the input of another: command("ls") | command("wc", "-l"), a Pipeline.
    """

    __module__ = "brood"
    __slots__ = ()

    def __new__(cls, words):
        if isinstance(words, (str, bytes)):
            raise TypeError("a command is a list of words; a line for the shell is brood.shell(line)")
        return super().__new__(cls, map(_word, words))

    def __or__(self, following):
        return _joined(self, following)

    def __ror__(self, before):
        return _joined(before, self)

    def __str__(self):
        return _quoted(self)

    def __repr__(self):
        return f"command({', '.join(map(repr, self))})"


def command(*words):
    """command("git", "log"): a Command of these words."""
    return Command(words)


def shell(line, *arguments):
    """The Command that has /bin/sh run a line; arguments are its $0, $1, ..."""
    end = ("--",) if line[:1] in ("-", "+") else ()
    return Command(("/bin/sh", "-c", *end, line, *arguments))


class Pipeline:
    """Commands, each of which reads what the one before it writes. An immutable value.

    stages: commands or lists of words. rule: which of them decide how brood.run() takes the end:
    "every_stage", where one that died of SIGPIPE because a later one had read enough is forgiven, or
    "last_stage".
    """

    __module__ = "brood"
    __slots__ = ("_stages", "_rule")

    def __init__(self, stages, rule="every_stage"):
        if rule not in ("every_stage", "last_stage"):
            raise ValueError(f"rule: neither 'every_stage' nor 'last_stage', but {rule!r}")
        self._stages = tuple(map(Command, stages))
        self._rule = rule

    @property
    def stages(self):
        """The commands, in order."""
        return self._stages

    @property
    def rule(self):
        """Who decides."""
        return self._rule

    def judged_by(self, rule):
        """The same stages under another rule."""
        return Pipeline(self._stages, rule)

    def __or__(self, following):
        stages = _stages(following)
        return NotImplemented if stages is None else Pipeline(self._stages + stages, self._rule)

    def __ror__(self, before):
        stages = _stages(before)
        return NotImplemented if stages is None else Pipeline(stages + self._stages, self._rule)

    def __eq__(self, other):
        if not isinstance(other, Pipeline):
            return NotImplemented
        return (self._stages, self._rule) == (other._stages, other._rule)

    def __hash__(self):
        return hash((self._stages, self._rule))

    def __reduce__(self):
        return Pipeline, (self._stages, self._rule)

    def __str__(self):
        return " | ".join(map(str, self._stages))

    def __repr__(self):
        stages = " | ".join(map(repr, self._stages)) or "Pipeline([])"
        return stages if self._rule == "every_stage" else f"({stages}).judged_by({self._rule!r})"
