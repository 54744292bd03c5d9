"""Ask a model every task: built once per process, called after every step."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from liit.data.encode import Encoder
from liit.evaluation.marks import Mark, builtin_marks, own_marks
from liit.evaluation.predictions import PredictionStore
from liit.evaluation.statistics import standard_error
from liit.evaluation.task_files import OWN, load_tasks

OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
QUIET = {"LMEVAL_HASHMM": "0", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
"""Images are not hashed for lm-eval's logs (twice each, as PNG); its libraries draw no bars."""

CORPUS = "corpus"
"""The score of tasks that are no mean over their items (eval/tasks)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of the accuracy matrix.

    ``score``, ``stderr`` and ``lenient`` are 0..100 (CIDEr goes beyond); ``parsed`` is the share
    (0..1) of answers that the strict parse understood; ``version`` is the task's. ``stderr`` and
    ``lenient`` are of the items' own scores, also where the figure is no mean of them. ``figures``
    holds what the task reports beside it, by name: of grounding both mean IoU and Acc@0.5.
    """

    score: float
    stderr: float
    n: int
    parsed: float
    lenient: float
    version: str
    figures: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of a result file; ``figures`` only where the task has any."""
        entry = asdict(self)
        return entry if self.figures else {k: v for k, v in entry.items() if k != "figures"}


class Evaluator:
    """Asks a model all items of the given lm-eval tasks.

    ``tasks`` are names of tasks or groups in ``tasks_dir``; their items lie in ``exams_dir`` as
    ``<task>.arrow``, images by path below ``image_roots[task]``. Answers are kept in the file
    ``store`` (see :class:`PredictionStore`). lm-eval's own text tasks (``tasks_dir/language``) read
    their published files below ``text_dir``. ``code`` digests what gives the
    answers: another one finds none stored. Raises LiitError for an unknown task or missing items.
    """

    def __init__(
        self,
        encoder: Encoder,
        tasks: Sequence[str],
        *,
        tasks_dir: Path,
        exams_dir: Path,
        store: Path,
        batch_size: int,
        image_roots: Mapping[str, Path] | None = None,
        text_dir: Path | None = None,
        code: str = "",
    ) -> None:
        """Parse the tasks and read their documents (no image is opened)."""
        _go_offline()
        from liit.evaluation.adapter import LlavaLM

        places = {
            "exams_dir": str(exams_dir),
            "image_roots": {task: str(root) for task, root in (image_roots or {}).items()},
            "text_dir": str(text_dir),
        }
        folders = [*(_packaged() if text_dir else []), tasks_dir]
        self._loaded = load_tasks(tasks, folders, places)
        self._tasks = tuple(tasks)
        self._model = LlavaLM(encoder, PredictionStore(store), batch_size=batch_size, code=code)
        self._marks: dict[str, list[Mark]] = {}

    def run(self, model: Any, weights_digest: str) -> dict[str, Cell]:
        """Return one cell per task; ``weights_digest`` must differ whenever the weights do."""
        from lm_eval.evaluator import evaluate

        self._model.examine(model, weights_digest)
        with _no_bars():
            results = evaluate(self._model, self._loaded, bootstrap_iters=0)
        assert results is not None
        self._marks = {task: self._read(task, results["samples"]) for task in self._tasks}
        totals = results["results"]
        return {
            task: _cell(marks, self._totals(task, totals), self._version(task))
            for task, marks in self._marks.items()
        }

    def predictions(self) -> Iterator[dict[str, Any]]:
        """Yield every answer of the last run, JSON-ready, by task and in file order."""
        for marks in self._marks.values():
            yield from map(asdict, marks)

    def _read(self, task: str, samples: Mapping[str, Any]) -> list[Mark]:
        group = self._loaded["groups"].get(task)
        if group is None:
            return own_marks(task, samples[task])
        reading = {key: group.metadata[key] for key in ("metric", "strict", "lenient")}
        members = [member.task_name for member in group.get_all_tasks()]
        return [mark for name in members for mark in builtin_marks(name, samples[name], **reading)]

    def _totals(self, task: str, results: Mapping[str, Any]) -> dict[str, float]:
        """Return the figures that a task of this suite computes over all its items, by name."""
        if task in self._loaded["groups"]:
            return {}
        names = [metric["metric"] for metric in self._loaded["tasks"][task].config.metric_list]
        return {name: results[task][f"{name},none"] for name in names if name not in OWN}

    def _version(self, task: str) -> str:
        group = self._loaded["groups"].get(task)
        found = self._loaded["tasks"][task].config if group is None else group
        return str(found.metadata["version"])


def _cell(marks: list[Mark], totals: dict[str, float], version: str) -> Cell:
    scores, total = [mark.score for mark in marks], totals.pop(CORPUS, None)
    return Cell(
        score=100 * fmean(scores) if total is None else total,
        stderr=100 * standard_error(scores),
        n=len(marks),
        parsed=fmean(mark.parsed for mark in marks),
        lenient=100 * fmean(mark.lenient for mark in marks),
        version=version,
        figures=totals,
    )


def _packaged() -> list[Path]:
    """Return lm-eval's folders of the text tasks that ``language/`` redirects to local files."""
    import lm_eval.tasks

    root = Path(str(lm_eval.tasks.__file__)).parent
    return [root / folder for folder in ("mmlu/default", "gsm8k", "bbh/cot_fewshot", "tydiqa")]


def _go_offline() -> None:
    """Keep lm-eval and its libraries from the network, and quiet."""
    for name, value in (dict.fromkeys(OFFLINE, "1") | QUIET).items():
        os.environ.setdefault(name, value)
    # It warns of every task that custom_dataset takes keywords, and of nothing that matters here.
    logging.getLogger("lm_eval").setLevel(logging.ERROR)


@contextmanager
def _no_bars() -> Iterator[None]:
    """Silence the bar that lm-eval draws per task while it lists requests."""
    import lm_eval.api.task as module

    bar = module.tqdm
    module.tqdm = lambda documents, **_: documents
    try:
        yield
    finally:
        module.tqdm = bar
