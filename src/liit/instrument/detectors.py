"""Scores and similarities as detectors of what the world knows: spoiled, copied, image needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from liit.evaluation.statistics import Estimate
from liit.instrument.truth import Mask, Names, codes, redundant
from liit.seeds import generator
from liit.selection.arrays import Floats, Ints
from liit.selection.geometry import max_similarity_to_earlier
from liit.selection.vectors import Vectors

REDRAWN = 100
"""Draws of samples with replacement behind the interval of what no clustering seed changes."""


def auroc(truth: Mask, scores: Floats) -> float:
    """Return how often a true sample scores above another one, ties half; NaN without both kinds.

    Samples without a score are left out.
    """
    from sklearn.metrics import roc_auc_score

    defined = ~np.isnan(scores)
    truth, scores = truth[defined], scores[defined]
    if not truth.any() or truth.all():
        return float("nan")
    return float(roc_auc_score(truth, scores))


def explained(names: NDArray[np.generic], scores: Floats) -> float:
    """Return the share (0..1) of a score's variance that lies between names: eta squared."""
    defined = ~np.isnan(scores)
    scores, of = scores[defined], codes(names[defined])
    counts = np.bincount(of)
    means = np.bincount(of, weights=scores) / counts
    total = float(((scores - scores.mean()) ** 2).sum())
    between = float((counts * (means - scores.mean()) ** 2).sum())
    return between / total if total > 0 else 0.0


def over_samples(statistic: Callable[[Ints], float], count: int) -> Estimate | None:
    """Return a statistic of rows 0..count-1 with the middle 95 % of it over redrawn samples.

    None where it is undefined for the samples as they are.
    """
    mean = statistic(np.arange(count))
    if np.isnan(mean):
        return None
    draws = generator(0, "instrument", "redrawn")
    values = [statistic(draws.integers(count, size=count)) for _ in range(REDRAWN)]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Estimate(mean, float(low), float(high))


@dataclass(frozen=True)
class CopyDetector:
    """How similar each sample of a pool is to one that stands before it, and whether it should be.

    ``similarity``: the largest cosine to a sample before it [n]. ``copied``: whether one of the
    same content stands before it [n].
    """

    similarity: Floats
    copied: Mask

    def removed(self, kept: int) -> Mask:
        """Return which samples go when ``kept`` of the pool stay: the most similar ones [n]."""
        gone = np.zeros(len(self.copied), dtype=bool)
        gone[np.argsort(-self.similarity, kind="stable")[: len(gone) - kept]] = True
        return gone


def recall(truth: Mask, found: Mask) -> float:
    """Return the share (0..1) of what is true that was found; NaN where nothing is true."""
    return float(found[truth].mean()) if truth.any() else float("nan")


def copy_detector(vectors: Vectors, original: Names, order: Ints) -> CopyDetector:
    """Compare every sample with all before it in ``order`` [n], as SemDeDup and LITE do in groups.

    Undefined vectors count as the most similar, as there.
    """
    similarity = np.minimum(max_similarity_to_earlier(vectors, order), 2.0)  # infinite if undefined
    return CopyDetector(similarity, redundant(original, order))


def copy_numbers(detector: CopyDetector, cuts: Mapping[str, int]) -> dict[str, Estimate | None]:
    """Return the detector's AUROC and its recall at each cut (name -> samples that stay)."""
    count = len(detector.copied)
    numbers = {
        "auroc": over_samples(lambda r: auroc(detector.copied[r], detector.similarity[r]), count)
    }
    for name, kept in cuts.items():
        numbers[name] = over_samples(partial(_recall_of, detector, detector.removed(kept)), count)
    return numbers


def _recall_of(detector: CopyDetector, removed: Mask, rows: Ints) -> float:
    return recall(detector.copied[rows], removed[rows])


def score_numbers(scores: Floats, skill: Names, spoiled: Mask) -> dict[str, Estimate | None]:
    """Return what one score [n] says of spoiled answers, and what skill says of the score.

    AUROC with high scores taken for spoiled, on all samples and on those of skill `vqa` alone.
    """
    vqa, of = np.flatnonzero(skill == "vqa"), codes(skill)
    return {
        "spoiled": over_samples(lambda r: auroc(spoiled[r], scores[r]), len(scores)),
        "spoiled_vqa": over_samples(lambda r: auroc(spoiled[vqa[r]], scores[vqa[r]]), len(vqa)),
        "by_skill": over_samples(lambda r: explained(of[r], scores[r]), len(scores)),
        "by_spoiled": over_samples(lambda r: explained(spoiled[r], scores[r]), len(scores)),
    }
