# Running a pipeline.
# SPDX-License-Identifier: Apache-2.0
import sys

from brood import _engine, _results
from brood._command import Planned
from brood._completed import CalledProcessError, CompletedProcess
from brood._handles import PIPE


class CompletedPipeline(_results.CompletedProcess):
    """A pipeline that has ended, and how.

    args: the Pipeline. stages: a CompletedProcess of each, its stderr where that was captured.
    stdout: of the last one. returncode and reason: of the rightmost that ended badly under the
    pipeline's rule, else of the last. usage: wall time of the whole, sums of the rest, the largest
    max_rss_bytes. complete: all stages are. accepted: it ended well.
    """

    __module__ = "brood"

    def __init__(self, args, returncode, stdout=None, stderr=None, **details):
        super().__init__(args, returncode, stdout, stderr)
        self.stages = []
        self.reason = "exited"
        self.usage = {}
        self.complete = True
        self.accepted = returncode == 0
        self.__dict__.update(details)

    def check_returncode(self):
        """Raise CalledProcessError, with this as its result, unless the pipeline ended well."""
        if not self.accepted:
            raise CalledProcessError(self)


class _PlannedStages(Planned):
    """The parameters, made for the first stage, are those of every stage."""

    def __init__(self, pipeline, keywords):
        self._pipeline = pipeline
        super().__init__(([*pipeline.stages[0]],), None, keywords)
        self.args = pipeline

    def _start(self, asked):
        super()._start(asked)
        for stage in self._pipeline.stages[1:]:
            if stage:
                sys.audit("subprocess.Popen", stage[0], [*stage], asked[3], asked[2])

    def _result(self, details, text):
        stages = []
        for stage, each in zip(self._pipeline.stages, details.pop("stages")):
            each.pop("attempts")
            each.pop("stdout")  # the next one's input, or the pipeline's
            err = self._output(each.pop("stderr"), self._specs[2], text, each["stderr_omitted"])
            stages.append(CompletedProcess(stage, each.pop("returncode"), None, err, **each))
        stdout = self._output(details.pop("stdout"), self._specs[1], text, stages[-1].stdout_omitted)
        return CompletedPipeline(self.args, details.pop("returncode"), stdout, stages=stages, **details)

    def _output(self, data, spec, text, omitted):
        if spec != PIPE:
            return None
        return self._as_asked(data, omitted > 0) if text else data


def run_pipeline(pipeline, retry, keywords, call):
    """brood.run() of a pipeline; `call` is what the exit knows of it."""
    if not pipeline.stages:
        raise ValueError("pipeline: it has no stages")
    if retry is not None:
        raise ValueError("retry: a pipeline runs once")
    for name in ("shell", "executable"):
        if keywords.get(name):
            raise ValueError(f"{name}: of which stage? Use brood.shell() or the path of the program there")
    plan = _PlannedStages(pipeline, keywords)
    on_line = plan._call_on_line if plan._on_line else None
    wish = _engine.Wish()
    call.started(wish.cancel, lambda: False)
    details, failure = _engine.run_pipeline(plan.asked, [*map(list, pipeline.stages)],
                                            pipeline.rule == "last_stage", on_line, wish)
    return plan._judged(details, failure)
