"""How much of a lost skill comes back from samples that are like it (Adapt-∞, appendix C).

From the sequential row's model before its last step, the last step is trained on equally many
samples of the last dataset: drawn at random, or most similar to the lost skill in one of four
spaces. None of them is of the skill itself.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from liit import paths
from liit.config import Params
from liit.errors import LiitError, nearest
from liit.evaluation.evaluator import Evaluator
from liit.evaluation.exams import open_evaluator
from liit.evaluation.matrix import skill_scores
from liit.progress import say
from liit.recovery.arms import FOLDER, Arm, Sequential
from liit.recovery.choices import LABELS, RANDOM, SIGNALS, drawn, most_similar, similarities
from liit.recovery.figures import drawings
from liit.recovery.lost import lost_skill
from liit.recovery.record import Outcome, Recovery, record_of
from liit.recovery.samples import candidates, is_shown, samples_to_train, target_ids
from liit.reporting.side_record import write_side_record
from liit.results import tasks_by_skill
from liit.selection.files import digest_ids
from liit.selection.select import Selection
from liit.signals.shared import measured_under
from liit.stream import Stream

Tasks = Mapping[str, Sequence[str]]
"""The tasks of each skill."""


def recover_skill(params: Params, seeds: Sequence[int], skill: str | None = None) -> None:
    """Write `reports/recovery.json` and its figure.

    ``skill``: None for the one that was lost most (:func:`liit.recovery.lost.lost_skill`). If none
    was lost the record has its scale alone, and there is no figure. Raises LiitError where a
    sequential run is not here, and for a skill that cannot be asked for.
    """
    params = _on_one_device(params)
    stream = Stream(params)
    rows = [Sequential(params, stream, seed) for seed in seeds]
    for row in rows:
        row.expect_made()
    paper, extra = tasks_by_skill(params)
    tasks = {**paper, **extra}
    skill = _lost(rows, tasks) if skill is None else _known(stream, tasks, skill)
    if skill is None:
        say("the sequential row lost no skill whose samples have images: nothing to recover")
        write_side_record(paths.RECOVERY, {"scale": params.scale}, [])
        return
    say(f"lost skill: {skill}")
    record = record_of(params.scale, stream, skill, _recoveries(params, rows, skill, tasks[skill]))
    write_side_record(paths.RECOVERY, record, drawings(record))


def _on_one_device(params: Params) -> Params:
    devices = dataclasses.replace(params.devices, devices=1, num_nodes=1, strategy="auto")
    return dataclasses.replace(params, devices=devices)


def _lost(rows: Sequence[Sequential], tasks: Tasks) -> str | None:
    """Return the lost skill of those that have samples with images before the last dataset."""
    stream = rows[0].stream
    shown = [skill for skill in tasks if is_shown(stream, skill)]
    curves = [skill_scores(row.rows()[: stream.last], tasks) for row in rows]
    return lost_skill(curves, shown)


def _known(stream: Stream, tasks: Tasks, skill: str) -> str:
    if skill not in tasks:
        raise LiitError(
            f"No exam of params.yaml asks for the skill {skill!r}{nearest(skill, list(tasks))}.",
            next_step=f"use one of {', '.join(sorted(tasks))}.",
        )
    if not is_shown(stream, skill):
        raise LiitError(
            f"No sample before {stream.names[stream.last]} is of skill {skill!r} and has an image.",
            next_step="name a skill that the stream teaches with images.",
        )
    return skill


def _recoveries(
    params: Params, rows: Sequence[Sequential], skill: str, tasks: Sequence[str]
) -> list[Recovery]:
    exams = tuple(exam for exam in params.exams if exam.task in tasks)
    encoder = rows[0].stream.corpus.encoder

    @cache
    def evaluator() -> Evaluator:
        return open_evaluator(dataclasses.replace(params, exams=exams), encoder, "recovery")

    return [_recovery(params, row, skill, tasks, evaluator) for row in rows]


def _recovery(
    params: Params,
    row: Sequential,
    skill: str,
    tasks: Sequence[str],
    evaluator: Callable[[], Evaluator],
) -> Recovery:
    """Train and ask every choice of one seed."""
    stream, seed, of_skill = row.stream, row.seed, {skill: tasks}
    outcomes: dict[str, Outcome] = {}
    targets = target_ids(stream, skill, seed)
    for name, selection in _selections(params, row, skill, targets).items():
        home = FOLDER / skill / str(seed) / name
        arm = Arm(params, stream, seed, label=LABELS[name], home=home, exams=evaluator)
        (score,) = skill_scores([arm.learn(selection)], of_skill)[skill]
        outcomes[name] = _outcome(stream, name, selection, score)
    curve = skill_scores(row.rows(), of_skill)[skill]
    weights = row.theta(stream.last - 1).digest
    return Recovery(seed, weights, len(targets), curve, outcomes)


def _selections(
    params: Params, row: Sequential, skill: str, targets: Sequence[str]
) -> dict[str, Selection]:
    """Return each choice's samples, in the order of :data:`LABELS`."""
    stream, seed = row.stream, row.seed
    pool = candidates(stream, skill)
    count = samples_to_train(params.budget, pool)
    ids = sorted([*pool.ids.tolist(), *targets])
    before, title = row.theta(stream.last - 1), f"recovery seed {seed}"
    signals = measured_under(before, stream.corpus, ids, SIGNALS, params, title=title)
    return {
        RANDOM: drawn(pool, count, seed),
        **{
            space: most_similar(pool, similarity, count, space)
            for space, similarity in similarities(signals, ids, pool, targets).items()
        },
    }


def _outcome(stream: Stream, name: str, selection: Selection, score: float) -> Outcome:
    ids = selection.ids.tolist()
    skills = Counter(stream.origins[id_][1] or "unlabelled" for id_ in ids)
    undefined = 0 if name == RANDOM else int(np.isnan(selection.score).sum())
    return Outcome(score, digest_ids(ids), dict(sorted(skills.items())), undefined)
