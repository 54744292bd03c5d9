"""The six skills of the paper, and names in their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PAPER_SKILLS = ("vqa", "kvqa", "multilingual", "grounding", "reasoning", "language")
"""The skills of the three metrics (ICLR 2025, Table 4)."""


def ordered(names: Iterable[str], first: Sequence[str] = PAPER_SKILLS) -> list[str]:
    """Return the names that ``first`` has, in its order, then the others by name."""
    names = set(names)
    return [*(name for name in first if name in names), *sorted(names - set(first))]
