"""The sequential row, and its last step trained on other samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from liit import paths, stamps
from liit.base import EXAM
from liit.config import Params
from liit.costs import Meter
from liit.errors import LiitError
from liit.evaluation.evaluator import Evaluator
from liit.evaluation.matrix import Rows
from liit.files import is_up_to_date, read_record, write_json
from liit.progress import say
from liit.run import EVALUATION, Run
from liit.selection.files import write_selection
from liit.selection.select import Selection
from liit.stream import Stream

SEQUENTIAL = "sequential"
FOLDER = paths.SCRATCH / "recovery"


class Sequential(Run):
    """A run of the sequential row that was made before; ``stream`` is shared by all seeds."""

    def __init__(self, params: Params, stream: Stream, seed: int) -> None:
        super().__init__(params, paths.MAIN, SEQUENTIAL, seed)
        self.stream = stream

    def expect_made(self) -> None:
        """Raise LiitError unless every step's weights and scores are here, of these parameters."""
        for t in self.steps:
            folder, weights = self.folder(paths.adapter, t), self.theta(t).digest
            asked = stamps.evaluation(self.params, self.stream.exam_digests, weights)
            if not (self.is_trained(t) and is_up_to_date(folder / EVALUATION, asked)):
                raise LiitError(
                    f"{folder} was made from other parameters, data or code.",
                    next_step=f"run `liit run {SEQUENTIAL} --seed {self.seed}`.",
                )

    def rows(self) -> Rows:
        """Return the scores of every task after each step, t = 0 first."""
        again = f"run `liit run {SEQUENTIAL} --seed {self.seed}`."
        files = [self.folder(paths.adapter, t) / EVALUATION for t in self.steps]
        records = [
            read_record(EXAM, "cells", next_step="run `dvc repro base`."),
            *(read_record(file, "cells", next_step=again) for file in files),
        ]
        return [scores_of(record["cells"]) for record in records]


class Arm(Sequential):
    """The last step of the sequential row, trained on a choice of samples instead of all.

    All but the samples is as in that step: where it starts, recipe and seeds. What it makes lies in
    ``home`` and is skipped while its stamps hold; costs are not kept.
    """

    def __init__(
        self,
        params: Params,
        stream: Stream,
        seed: int,
        *,
        label: str,
        home: Path,
        exams: Callable[[], Evaluator],
    ) -> None:
        """``label`` says how the samples are chosen; ``exams`` opens the skill's, once needed."""
        super().__init__(params, stream, seed)
        self.label, self.home, self._exams = label, home, exams

    def learn(self, selection: Selection) -> Mapping[str, float]:
        """Train on the selection, and return the score of each task of the skill."""
        last = self.stream.last
        write_selection(self.folder(paths.selection, last), selection)
        self.train(last)
        self.evaluate(last)
        file = self.folder(paths.adapter, last) / EVALUATION
        return scores_of(read_record(file, "cells", next_step="run `liit recovery`.")["cells"])

    def folder(self, kind: Callable[[str, int, str], Path], t: int) -> Path:
        """Return a folder of its own for the last step, the row's for those before."""
        return self.home / kind.__name__ if t == self.stream.last else super().folder(kind, t)

    @cached_property
    def _evaluator(self) -> Evaluator:
        return self._exams()

    def _finish(self, t: int, meter: Meter, stamp_file: Path, content: Mapping[str, Any]) -> None:  # noqa: ARG002
        write_json(stamp_file, content)

    def _say(self, t: int, what: str) -> None:
        say(f"[bold]recovery[/] seed {self.seed} · t = {t} · {self.label} · {what}")


def scores_of(cells: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return task -> score of a row of result cells."""
    return {task: cell["score"] for task, cell in cells.items()}
