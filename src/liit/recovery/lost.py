"""Which skill the sequential row lost before its last step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from liit.paper import ordered

Curves = Mapping[str, Sequence[float]]
"""Each skill's score (0..100) after every step, t = 0 first."""


def drop(scores: Sequence[float]) -> float:
    """Return a skill's best score before the last of these steps less that at it, in points."""
    *earlier, last = scores
    return max(earlier) - last if earlier else 0.0


def lost_skill(by_seed: Collection[Curves], skills: Collection[str]) -> str | None:
    """Return which of the skills fell most on average over seeds; None if none of them fell.

    ``by_seed``: the sequential row's curves up to the step before the last one. The paper takes
    multilingual VQA and does not say by which rule (Adapt-∞, appendix C).
    """
    falls = {skill: fmean(drop(one[skill]) for one in by_seed) for skill in ordered(skills)}
    most = max(falls, key=falls.__getitem__, default=None)
    return most if most is not None and falls[most] > 0 else None
