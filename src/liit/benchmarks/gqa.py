"""GQA, and what is scored like it (OCR-VQA): the whole answer, case and final dot apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liit.benchmarks._short import ANSWERS, ask_shortly, short_facts
from liit.metrics import Scored
from liit.metrics.exact import exact_match, states
from liit.metrics.vqa import official_normalise
from liit.scoring.benchmark import Benchmark, by_group, percent
from liit.scoring.exam import Facts, Marked, by_item
from liit.scoring.records import Record


def score(facts: Facts, said: str) -> Scored:
    """Score one answer by exact match with one of the references."""
    return exact_match(said, facts["answers"])


def facts_of(record: Record) -> Facts:
    """Return the answers, and GQA's own groups: semantic and structural type, binary or open.

    GQA's scorer calls open what asks for an object or attribute (``query``) and all else binary.
    """
    facts = short_facts(record)
    types = facts.get("types")
    if not isinstance(types, dict):
        return facts
    openness = "open" if types.get("structural") == "query" else "binary"
    kinds = [f"{kind}.{types[kind]}" for kind in ("semantic", "structural") if types.get(kind)]
    return {**facts, "groups": [openness, *kinds]}


def _with_contained(marked: Sequence[Marked]) -> Mapping[str, float]:
    """Add the share of answers that hold a reference as whole words, as MultimodalOCR scores.

    Both sides are normalised as VQA answers are; whole sentences score 0 by exact match.
    """
    return {**by_group(marked), "contained": percent([_contains(one) for one in marked])}


def _contains(one: Marked) -> float:
    said = official_normalise(one.said)
    wanted = [official_normalise(answer) for answer in one.facts["answers"]]
    return float(any(states(said, answer) for answer in wanted if answer))


exam = by_item(score)
BENCHMARKS = tuple(
    Benchmark(
        name, "accuracy, %", facts_of, score, figures=figures, targets=ANSWERS, alone=True, ask=ask
    )
    for name, figures, ask in (
        ("gqa", by_group, ask_shortly()),
        ("ocrvqa", _with_contained, ask_shortly()),
        ("exact", by_group, None),
    )
)
