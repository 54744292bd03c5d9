"""What came back of the skill, as `reports/recovery.json` holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from liit.evaluation.statistics import Estimate, over_seeds
from liit.recovery.choices import LABELS, RANDOM
from liit.recovery.lost import drop
from liit.reporting.claims import Claim
from liit.reporting.side_record import DIGITS, claims_as_json, rounded
from liit.stream import Stream

BEST, SECOND = "lora_gradient", "projector_output"
"""The choices that the paper finds best and second."""


@dataclass(frozen=True)
class Outcome:
    """What a choice came to: the skill's score (0..100), and what was chosen.

    ``sha256``: digest of the ids. ``by_skill``: samples of each skill. ``undefined``: samples
    without a direction in the space, which it took as too few have one.
    """

    score: float
    sha256: str
    by_skill: Mapping[str, int]
    undefined: int = 0

    @property
    def samples(self) -> int:
        """How many were chosen."""
        return sum(self.by_skill.values())


@dataclass(frozen=True)
class Recovery:
    """One seed: the digest of the model before the last step, and each choice's outcome.

    ``targets``: how many samples of the skill others were compared with. ``curve``: the skill's
    score in the sequential row, t = 0 first.
    """

    seed: int
    weights: str
    targets: int
    curve: Sequence[float]
    outcomes: Mapping[str, Outcome]

    @property
    def before(self) -> float:
        """The score before the last step."""
        return self.curve[-2]

    @property
    def lost(self) -> float:
        """How far it had fallen by then, in points."""
        return drop(self.curve[:-1])

    def relative_gain(self, score: float) -> float | None:
        """Return a score in percent of the best one of the row at any step; None if that is 0."""
        best = max(self.curve)
        return 100 * score / best if best else None

    def returned(self, score: float) -> float | None:
        """Return which share of what was lost is back, in percent; None where nothing was lost."""
        return 100 * (score - self.before) / self.lost if self.lost > 0 else None


def record_of(
    scale: str, stream: Stream, skill: str, recoveries: Sequence[Recovery]
) -> dict[str, Any]:
    """Return the whole record; scores 0..100, gains and shares in percent, differences in points.

    Intervals are Student's t over seeds; one seed has none.
    """
    return {
        "scale": scale,
        "skill": skill,
        "step": stream.last,
        "dataset": stream.names[stream.last],
        "seeds": [one.seed for one in recoveries],
        "samples": recoveries[0].outcomes[RANDOM].samples,
        "before": _over(recoveries, lambda one: one.before),
        "best_before": _over(recoveries, lambda one: max(one.curve[:-1])),
        "choices": [_choice(name, recoveries) for name in LABELS],
        "whole": {
            "samples": len(stream.stores[stream.last]),
            **_numbers(recoveries, lambda one: one.curve[-1]),
        },
        "runs": [_run(one) for one in recoveries],
        "claims": claims_as_json(claims(recoveries)),
    }


def claims(recoveries: Sequence[Recovery]) -> list[Claim]:
    """Return what appendix C says of Figure 9, as differences of the skill's score in points."""
    others = [name for name in LABELS if name != BEST]
    best = "Samples with similar LoRA gradients bring most of the skill back"
    second = "Samples with similar projector outputs come second"
    gaps = {
        f"{best} (appendix C; Figure 9).": [_gap(recoveries, BEST, name) for name in others],
        f"{second} (appendix C; Figure 9).": [
            _gap(recoveries, SECOND, name) for name in others if name != SECOND
        ],
    }
    return [Claim(text, dict(of_claim), len(recoveries)) for text, of_claim in gaps.items()]


def _gap(recoveries: Sequence[Recovery], more: str, less: str) -> tuple[str, Estimate]:
    """Return by how many points one choice is above another, paired by seed."""
    gaps = [one.outcomes[more].score - one.outcomes[less].score for one in recoveries]
    return f"{LABELS[more]} − {LABELS[less]}", over_seeds(gaps)


def _choice(name: str, recoveries: Sequence[Recovery]) -> dict[str, Any]:
    return {
        "choice": name,
        **_numbers(recoveries, lambda one: one.outcomes[name].score),
        "over_random": None if name == RANDOM else rounded(_gap(recoveries, name, RANDOM)[1]),
    }


def _numbers(recoveries: Sequence[Recovery], score: Callable[[Recovery], float]) -> dict[str, Any]:
    return {
        "score": _over(recoveries, score),
        "relative_gain": _over(recoveries, lambda one: one.relative_gain(score(one))),
        "returned": _over(recoveries, lambda one: one.returned(score(one))),
    }


def _over(
    recoveries: Sequence[Recovery], number: Callable[[Recovery], float | None]
) -> dict[str, float | None] | None:
    """Return a number's mean and interval over seeds; None where a seed has none."""
    values = [value for one in recoveries if (value := number(one)) is not None]
    return rounded(over_seeds(values)) if len(values) == len(recoveries) else None


def _run(one: Recovery) -> dict[str, Any]:
    return {
        "seed": one.seed,
        "weights": one.weights,
        "targets": one.targets,
        "curve": [round(score, DIGITS) for score in one.curve],
        "choices": {
            name: {**asdict(outcome), "score": round(outcome.score, DIGITS)}
            for name, outcome in one.outcomes.items()
        },
    }
