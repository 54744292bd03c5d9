"""What the paper prints and rows are compared with: its six skills, and its hours by method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PAPER_SKILLS = ("vqa", "kvqa", "multilingual", "grounding", "reasoning", "language")
"""The skills of the three metrics (ICLR 2025, Table 4)."""
BASELINE = "random"
"""The method whose cost is 1."""


@dataclass(frozen=True, slots=True)
class PaperHours:
    """What a method costs over all steps, with 25k samples a step (ICLR 2025, Table 6)."""

    scoring: float = 0.0
    k_means: float = 0.0
    training: float = 21.0

    @property
    def total(self) -> float:
        """The sum, which the paper prints too."""
        return self.scoring + self.k_means + self.training


SCORING_ONLY = PaperHours(scoring=48.0)
PAPER_HOURS = {
    BASELINE: PaperHours(),
    "el2n": SCORING_ONLY,
    "entropy": SCORING_ONLY,
    "perplexity": SCORING_ONLY,
    "image_grounding": SCORING_ONLY,
    "less": PaperHours(scoring=92.0),
    "coincide": PaperHours(scoring=48.0, k_means=3.5),
    "adapt_inf": PaperHours(scoring=92.0, k_means=3.5),
    "lite_adapt_inf": PaperHours(scoring=34.0, k_means=1.4),
}


def paper_ratio(method: str) -> float | None:
    """Return the paper's hours of a method over those of its random row."""
    hours = PAPER_HOURS.get(method)
    return hours.total / PAPER_HOURS[BASELINE].total if hours else None


def ordered(names: Iterable[str], first: Sequence[str] = PAPER_SKILLS) -> list[str]:
    """Return the names that ``first`` has, in its order, then the others by name."""
    names = set(names)
    return [*(name for name in first if name in names), *sorted(names - set(first))]
