"""GQA, and what is scored like it (OCR-VQA): the whole answer, case and final dot apart."""

from __future__ import annotations

from liit.benchmarks._short import ANSWERS, ask_shortly, short_facts
from liit.metrics import Scored
from liit.metrics.exact import exact_match
from liit.scoring.benchmark import Benchmark
from liit.scoring.exam import Facts, by_item
from liit.scoring.records import Record


def score(facts: Facts, said: str) -> Scored:
    """Score one answer by exact match with one of the references."""
    return exact_match(said, facts["answers"])


def facts_of(record: Record) -> Facts:
    """Return the answers, and GQA's own groups: yes/no or open, semantic and structural type."""
    facts = short_facts(record)
    types = facts.get("types")
    if not isinstance(types, dict):
        return facts
    openness = "binary" if facts["answers"][0].lower() in ("yes", "no") else "open"
    kinds = [f"{kind}.{types[kind]}" for kind in ("semantic", "structural") if types.get(kind)]
    return {**facts, "groups": [openness, *kinds]}


exam = by_item(score)
BENCHMARKS = tuple(
    Benchmark(name, "accuracy, %", facts_of, score, targets=ANSWERS, alone=True, ask=ask)
    for name, ask in (("gqa", ask_shortly()), ("ocrvqa", ask_shortly()), ("exact", None))
)
