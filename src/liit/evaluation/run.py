"""Examine a model on every task: built once per process, called after every step."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from liit.data.encode import Encoder
from liit.errors import LiitError
from liit.evaluation.predictions import PredictionStore
from liit.evaluation.statistics import standard_error

OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of the accuracy matrix.

    ``score``, ``stderr`` and ``lenient`` are 0..100; ``parsed`` is the share (0..1) of answers that
    the strict parse understood; ``version`` is the task's.
    """

    score: float
    stderr: float
    n: int
    parsed: float
    lenient: float
    version: str

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of a result file."""
        return asdict(self)


class Examiner:
    """Asks a model all items of the given lm-eval tasks.

    ``tasks`` are names of YAML files in ``tasks_dir``; their items lie in ``exams_dir`` as
    ``<task>.arrow``, images by path below ``image_roots[task]``. Answers are kept in the file
    ``store`` (see :class:`PredictionStore`). Raises LiitError for an unknown task or a set that was
    not prepared.
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
    ) -> None:
        """Parse the tasks and read their documents (no image is opened)."""
        _go_offline()
        from liit.evaluation.adapter import LlavaLM

        roots = {task: str(root) for task, root in (image_roots or {}).items()}
        self._loaded = _load(tasks, tasks_dir, exams_dir, roots)
        self._model = LlavaLM(encoder, PredictionStore(store), batch_size=batch_size)
        self._samples: dict[str, list[dict[str, Any]]] = {}

    def run(self, model: Any, weights_digest: str) -> dict[str, Cell]:
        """Return one cell per task; ``weights_digest`` must differ whenever the weights do."""
        from lm_eval.evaluator import evaluate

        self._model.examine(model, weights_digest)
        with _no_bars():
            results = evaluate(self._model, self._loaded, bootstrap_iters=0)
        assert results is not None
        self._samples = results["samples"]
        return {
            task: _cell(rows, str(results["versions"][task]))
            for task, rows in self._samples.items()
        }

    def predictions(self) -> Iterator[dict[str, Any]]:
        """Yield every answer of the last run, JSON-ready, by task and in file order."""
        for task, rows in self._samples.items():
            for row in rows:
                yield {
                    "task": task,
                    "id": row["doc"]["id"],
                    "question": row["doc"]["text"],
                    "reference": row["doc"]["target"],
                    "prediction": row["filtered_resps"][0],
                    "score": row["score"],
                    "parsed": bool(row["parsed"]),
                    "lenient": row["lenient"],
                }


def _cell(rows: list[dict[str, Any]], version: str) -> Cell:
    scores = [float(row["score"]) for row in rows]
    return Cell(
        score=100 * fmean(scores),
        stderr=100 * standard_error(scores),
        n=len(rows),
        parsed=fmean(float(row["parsed"]) for row in rows),
        lenient=100 * fmean(float(row["lenient"]) for row in rows),
        version=version,
    )


def _load(
    tasks: Sequence[str], tasks_dir: Path, exams_dir: Path, image_roots: dict[str, str]
) -> Any:
    from lm_eval.tasks import TaskManager

    places = {"exams_dir": str(exams_dir), "image_roots": image_roots}
    manager = TaskManager(include_path=[tasks_dir], include_defaults=False, metadata=places)
    for task in tasks:
        if task not in manager.all_tasks:
            raise LiitError(
                f"There is no task {task!r} in {tasks_dir} (or its YAML is broken).",
                next_step=f"use one of {', '.join(manager.all_tasks)}.",
            )
    loaded = manager.load(list(tasks))
    for task in loaded["tasks"].values():
        if task.config.num_fewshot is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=0)
    return loaded


def _go_offline() -> None:
    """Keep lm-eval and its libraries from the network, and from hashing images for its logs."""
    for name in OFFLINE:
        os.environ.setdefault(name, "1")
    os.environ.setdefault("LMEVAL_HASHMM", "0")
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
