"""The exams of a campaign: opened for one encoder, digested for the stamps, named by skill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from liit import paths
from liit.code import digest_of
from liit.config import Params
from liit.data.encode import Encoder
from liit.data.prepare import image_root
from liit.evaluation.run import Cell, Examiner
from liit.files import digest_file, digest_folder, digest_json, write_json

PREDICTIONS = paths.SCRATCH / "predictions"
PAPER_SKILLS = ("vqa", "kvqa", "multilingual", "grounding", "reasoning", "language")
"""The six skills that the paper's metrics average over (Table 4); all others are extra."""


def open_examiner(params: Params, encoder: Encoder, store: Path) -> Examiner:
    """Open every exam of the campaign; answers are kept in the file ``store``."""
    text = params.evaluate.text_dir
    roots = {exam.task: root for exam in params.exams if (root := image_root(params, exam))}
    return Examiner(
        encoder,
        [exam.task for exam in params.exams],
        tasks_dir=paths.TASKS,
        exams_dir=paths.EXAMS,
        store=store,
        batch_size=params.evaluate.batch_size,
        image_roots=roots,
        text_dir=None if text is None else Path(params.data_root) / text,
    )


def evaluation_digest(params: Params) -> str:
    """Digest the tasks, metrics, adapter code and items: all that scores depend on but weights."""
    items = {exam.task: digest_file(paths.exam_store(exam.task)) for exam in params.prepared_exams}
    if params.evaluate.text_dir is not None:
        items["text"] = digest_folder(Path(params.data_root) / params.evaluate.text_dir)
    model = params.model
    return digest_json(
        [digest_of("evaluation"), items, model.system_prompt, model.max_length, model.template]
    )


def tasks_by_skill(params: Params) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the tasks of the paper's skills and those of the extra skills."""
    paper: dict[str, list[str]] = {}
    extra: dict[str, list[str]] = {}
    for exam in params.exams:
        group = paper if exam.skill in PAPER_SKILLS else extra
        group.setdefault(exam.skill, []).append(exam.task)
    return paper, extra


def write_exam(path: Path, made_from: dict[str, Any], cells: dict[str, Cell]) -> None:
    """Write the cells of one examination with the stamp of what they were made from."""
    write_json(
        path,
        {"made_from": made_from, "cells": {task: cell.as_dict() for task, cell in cells.items()}},
    )
