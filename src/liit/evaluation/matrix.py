"""The paper's three metrics, computed from the accuracy matrix alone (ICLR 2025, §5.1).

Beside them, what the literature of continual learning defines for a matrix of skills and steps, in
which no column is the task of one step (:mod:`liit.metrics.continual` has the rest).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from liit.errors import LiitError

Rows = Sequence[Mapping[str, float]]
"""R: one mapping task -> score (0..100) per step, t = 0 first."""

Skills = Mapping[str, Sequence[str]]
"""The tasks that stand for each skill; other tasks of a row are ignored."""

SkillMetric = Callable[[Rows, Skills], float | None]
"""A metric of a matrix and its skills; None where it is undefined."""


@dataclass(frozen=True, slots=True)
class RelativeGain:
    """Mean percentage of the upper bound, and the skills left out because theirs is 0.

    ``value`` is None when no skill is left.
    """

    value: float | None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForgettingRate:
    """Mean percentage lost per step and skill; ``value`` is None where no step follows another.

    ``zero_before`` counts the terms set to 0 because the score before was already 0.
    """

    value: float | None
    zero_before: int = 0


def skill_scores(rows: Rows, skills: Skills) -> dict[str, list[float]]:
    """Return P[s][t]: the mean over the tasks of skill ``s`` at step ``t``, 0..100.

    Raises LiitError if a score is missing, negative, infinite or NaN: nothing is imputed.
    """
    if not rows or not skills or not all(skills.values()):
        raise LiitError(
            "The accuracy matrix has no steps, or a skill has no tasks.",
            next_step="evaluate the run and give every skill at least one task.",
        )
    return {
        skill: [fmean(_score(rows, step, task) for task in tasks) for step in range(len(rows))]
        for skill, tasks in skills.items()
    }


def average_accuracy(rows: Rows, skills: Skills) -> float:
    """Return the mean over skills at the last step, 0..100."""
    return fmean(scores[-1] for scores in skill_scores(rows, skills).values())


def incremental_accuracy(rows: Rows, skills: Skills) -> float | None:
    """Return the mean over all steps of the mean over all skills, 0..100; None for one step.

    The average incremental accuracy (Rebuffi et al. 2017), every skill seen from t = 0 on.
    """
    scores = skill_scores(rows, skills)
    return fmean(map(fmean, scores.values())) if len(rows) > 1 else None


def forgetting(rows: Rows, skills: Skills) -> float | None:
    """Return the mean over all skills of the best score before the last step minus the last.

    In points, -100..100, below 0 where the last step gains; None for one step. Chaudhry et al.
    2018, equation 3, divided by the number of skills.
    """
    scores = skill_scores(rows, skills).values()
    return fmean(max(s[:-1]) - s[-1] for s in scores) if len(rows) > 1 else None


def upper_bound(sequential: Rows, skills: Skills) -> dict[str, float]:
    """Return the best value of each skill at any step (t = 0 included) of the sequential run.

    A skill's tasks are averaged before the maximum over steps; the paper does not say it.
    """
    return {skill: max(scores) for skill, scores in skill_scores(sequential, skills).items()}


def relative_gain(rows: Rows, skills: Skills, bound: Mapping[str, float]) -> RelativeGain:
    """Return the mean over skills of 100 * last score / upper bound; it can exceed 100.

    ``bound`` comes from :func:`upper_bound` of the sequential run *of the same seed*. A skill
    whose bound is 0 is left out, with a warning.
    """
    scores = skill_scores(rows, skills)
    left_out = tuple(skill for skill in scores if bound[skill] == 0)
    if left_out:
        warnings.warn(
            f"Sequential training never scored on {', '.join(left_out)}: "
            "left out of the relative gain.",
            stacklevel=2,
        )
    ratios = [100 * s[-1] / bound[skill] for skill, s in scores.items() if skill not in left_out]
    return RelativeGain(fmean(ratios) if ratios else None, left_out)


def forgetting_rate(rows: Rows, skills: Skills) -> ForgettingRate:
    """Return the magnitude of the mean relative drop between neighbouring steps, in percent.

    The mean runs over all skills and all T transitions, also those before a skill's dataset
    arrives; gains count as 0 and never make up for drops. One row alone (multi-task) has no
    transition, hence None.
    """
    if len(rows) < 2:
        skill_scores(rows, skills)
        return ForgettingRate(None)
    drops: list[float] = []
    zero_before = 0
    for scores in skill_scores(rows, skills).values():
        for before, after in pairwise(scores):
            zero_before += before == 0
            drops.append(0.0 if before == 0 else max(before - after, 0.0) / before)
    return ForgettingRate(100 * fmean(drops), zero_before)


def _score(rows: Rows, step: int, task: str) -> float:
    score = rows[step].get(task)
    if score is None:
        raise LiitError(
            f"The accuracy matrix has no score for task {task!r} at step {step}.",
            next_step="evaluate that step; missing scores are never filled in.",
        )
    if not math.isfinite(score) or score < 0:
        raise LiitError(
            f"The accuracy matrix holds {score} for task {task!r} at step {step}.",
            next_step="look for NaN losses in that step's training, then evaluate it again.",
        )
    return score
