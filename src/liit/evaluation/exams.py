"""The exams of params.yaml: opened for one encoder and asked of one model."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from liit import paths
from liit.code import digest_phase
from liit.config import Params
from liit.data.encode import Encoder
from liit.data.sources import image_root
from liit.evaluation.evaluator import Evaluator
from liit.files import digest_json
from liit.model.load import Theta

PREDICTIONS = paths.SCRATCH / "predictions"


def open_evaluator(params: Params, encoder: Encoder, name: str) -> Evaluator:
    """Open every exam of params.yaml; answers are kept in a store of that name."""
    text = params.evaluate.text_dir
    roots = {exam.task: root for exam in params.exams if (root := image_root(params, exam))}
    return Evaluator(
        encoder,
        [exam.task for exam in params.exams],
        tasks_dir=paths.TASKS,
        exams_dir=paths.EXAMS,
        store=PREDICTIONS / f"{name}.sqlite",
        batch_size=params.evaluate.batch_size,
        image_roots=roots,
        text_dir=None if text is None else Path(params.data_root) / text,
        code=digest_json([digest_phase("answers"), version("torch"), version("transformers")])[:16],
    )


def open_merged(params: Params, theta: Theta) -> Any:
    """Return θ with its last adapter merged, where evaluation asks it: on the accelerator."""
    from liit.model.load import device_of, load_theta

    model = load_theta(theta, dtype=params.model.dtype, merged=True)
    return model.to(device_of(params.devices.accelerator))


def evaluate_exams(params: Params, evaluator: Evaluator, theta: Theta) -> dict[str, Any]:
    """Ask θ every exam and return the cells of the accuracy matrix, JSON-ready, by task."""
    cells = evaluator.run(open_merged(params, theta), theta.digest)
    return {task: cell.as_dict() for task, cell in cells.items()}
