"""One pool under one model, judged: its groups, its scores and its near-copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from liit.evaluation.statistics import Estimate
from liit.instrument.detectors import (
    CopyDetector,
    auroc,
    copy_detector,
    copy_numbers,
    over_samples,
    score_numbers,
)
from liit.instrument.groups import SEEDS, Agreement, judge_groups
from liit.instrument.measure import GROUNDING, MIDDLE, SCORES, JudgedPool
from liit.instrument.truth import Truth
from liit.seeds import generator
from liit.selection.adapt import LITE_ADAPT_INF
from liit.selection.arrays import Floats
from liit.selection.method import Groups, Representation
from liit.selection.vectors import Vectors, unit

CONTROLS = ("random numbers", "the skill itself")
"""Spaces whose agreement with the skills is known: none, and all there is."""
CONTROL_WIDTH = 32
Numbers = Mapping[str, Estimate | None]


@dataclass
class Judgement:
    """What came out for a pool.

    ``agreements``: space -> one per clustering seed. ``whole``: the same of the middle layer's
    gradients with all samples in groups, where all were measured. ``scores``: score ->
    :func:`score_numbers`, with the values themselves in ``values``. ``copies``: space ->
    :func:`copy_numbers`, at the ``cuts``: method -> samples that stay; empty unless the whole pool
    was measured and copies in it are known.
    ``grounding``: AUROC of image grounding for answers that need the image.
    """

    pool: JudgedPool
    truth: Truth
    grouped: Truth
    agreements: dict[str, list[Agreement]] = field(default_factory=dict)
    whole: list[Agreement] = field(default_factory=list)
    scores: dict[str, Numbers] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    copies: dict[str, Numbers] = field(default_factory=dict)
    detectors: dict[str, CopyDetector] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    grounding: Estimate | None = None

    @property
    def methods_groups(self) -> tuple[list[Agreement], Truth]:
        """The groups that are most like those of Adapt-∞, and the truth of what is in them."""
        if self.whole:
            return self.whole, self.truth
        return self.agreements[MIDDLE], self.grouped


def cuts_of(pool: JudgedPool, budget: int) -> dict[str, int]:
    """Return how many samples of a whole pool SemDeDup's row and LITE's pool keep."""
    assert LITE_ADAPT_INF.prune is not None
    lite = round(LITE_ADAPT_INF.prune.factor * budget)
    return {"semdedup": min(budget, pool.size), "lite": min(lite, pool.size)}


def judge(
    pool: JudgedPool, truth: Truth, budget: int, workers: Executor, *, few: bool = False
) -> tuple[Judgement, list[Future[None]]]:
    """Start judging a pool; the judgement is filled once the jobs that come back are done.

    ``few``: judge the groups alone.
    """
    judged = Judgement(pool, truth, truth.take(pool.rows))
    jobs: list[Callable[[], None]] = []
    share = max(1, round(budget * len(pool.rows) / pool.size))
    for space, vectors in _vectors(judged, with_controls=not few).items():
        done = judged.agreements[space] = []
        jobs.append(partial(_group, done, vectors, judged.grouped, share))
    if not few:
        scores = {name: _scores(pool, name) for name in SCORES}
        # image grounding is 0 for all text, which says nothing
        judged.values |= {name: of for name, of in scores.items() if _tells_apart(of)}
        jobs += [partial(_judge_score, judged, name) for name in judged.values]
        if GROUNDING in judged.values:
            jobs.append(partial(_judge_grounding, judged))
    if len(pool.measured) == pool.size and not few:
        every = pool.measured.vectors(pool.spaces[MIDDLE])
        jobs.append(partial(_group, judged.whole, every, truth, budget))
        if len(np.unique(truth.original)) < pool.size:
            judged.cuts |= cuts_of(pool, budget)
            jobs += [partial(_judge_copies, judged, *space) for space in pool.spaces.items()]
    return judged, [workers.submit(job) for job in jobs]


def _vectors(judged: Judgement, *, with_controls: bool) -> dict[str, Vectors]:
    pool = judged.pool
    spaces = {
        space: pool.measured.vectors(represent).take(pool.rows)
        for space, represent in pool.spaces.items()
    }
    if with_controls:
        count = len(pool.rows)
        noise = generator(0, "instrument", "control").normal(size=(count, CONTROL_WIDTH))
        names, of = np.unique(judged.grouped.skill, return_inverse=True)
        known = np.eye(len(names))[of]
        for control, rows in zip(CONTROLS, (noise, known), strict=True):
            spaces[control] = Vectors((rows.astype(np.float32),), unit).in_memory()
    return spaces


def _scores(pool: JudgedPool, name: str) -> Floats:
    nobody = Groups(np.zeros(len(pool.measured), dtype=np.int64))
    return pool.measured.scores(SCORES[name], nobody)


def _tells_apart(scores: Floats) -> bool:
    return len(np.unique(scores[~np.isnan(scores)])) > 1


def _group(done: list[Agreement], vectors: Vectors, truth: Truth, budget: int) -> None:
    done += [judge_groups(vectors, truth, seed, budget) for seed in SEEDS]


def _judge_score(judged: Judgement, name: str) -> None:
    truth = judged.truth
    judged.scores[name] = score_numbers(judged.values[name], truth.skill, truth.spoiled)


def _judge_grounding(judged: Judgement) -> None:
    known = np.flatnonzero(~np.isnan(judged.truth.needs_image))
    needs = judged.truth.needs_image[known] == 1.0
    scores = judged.values[GROUNDING][known]
    judged.grounding = over_samples(lambda r: auroc(needs[r], scores[r]), len(known))


def _judge_copies(judged: Judgement, space: str, represent: Representation) -> None:
    measured = judged.pool.measured
    # LITE's order: by arrival, then by a hash of the id
    order = np.lexsort((measured.keys, measured.pool.step))
    detector = copy_detector(measured.vectors(represent), judged.truth.original, order)
    judged.detectors[space] = detector
    judged.copies[space] = copy_numbers(detector, judged.cuts)
