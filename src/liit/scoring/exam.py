"""From the answer to one exam item to the numbers that lm-eval averages for its task.

An item's *facts* are what scoring needs of its reference: the ``extra`` of the prepared sample, and
what ``liit score`` reads from a reference record. A benchmark's rule is a function of facts and
answer; both ways to score call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from liit.metrics import Scored

Facts = Mapping[str, Any]
Rule = Callable[[Facts, str], Scored]
Process = Callable[[Mapping[str, Any], Sequence[str]], dict[str, Any]]


class Marked(NamedTuple):
    """One scored answer, all that figures are computed from; ``key`` names it in a report."""

    facts: Facts
    said: str
    scored: Scored
    key: str = ""


def three(scored: Scored) -> dict[str, Any]:
    """Return the three numbers of every task: strict score, parsed or not, lenient score."""
    return {"score": scored.value, "parsed": float(scored.parsed), "lenient": scored.lenient}


def by_item(rule: Rule, *corpus: str) -> Process:
    """Return a task's ``process_results``.

    ``corpus`` names the figures that an aggregation of the task computes over all items.
    """

    def process(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        facts, said = document["extra"], results[0]
        scored = rule(facts, said)
        return {**three(scored), **dict.fromkeys(corpus, Marked(facts, said, scored))}

    return process


def is_paper(facts: Facts) -> bool:
    """Tell whether an item is scored as Adapt-∞'s released code does."""
    return bool(facts.get("profile") == "paper")
