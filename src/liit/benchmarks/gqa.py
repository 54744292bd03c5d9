"""GQA, and what is scored like it (OCR-VQA): the whole answer, case and final dot apart."""

from __future__ import annotations

from collections.abc import Iterator

from liit.benchmarks._short import ANSWERS, ask_shortly, short_facts
from liit.metrics import Scored
from liit.metrics.exact import exact_match
from liit.scoring.benchmark import Benchmark, by_group
from liit.scoring.exam import Facts, by_item


def score(facts: Facts, said: str) -> Scored:
    """Score one answer by exact match with one of the references."""
    return exact_match(said, facts["answers"])


def groups(facts: Facts) -> Iterator[str]:
    """Yield GQA's own groups: yes/no or open, semantic and structural type."""
    types = facts.get("types")
    if isinstance(types, dict):
        yield "binary" if facts["answers"][0].lower() in ("yes", "no") else "open"
        for kind in ("semantic", "structural"):
            if types.get(kind):
                yield f"{kind}.{types[kind]}"


exam = by_item(score)
BENCHMARKS = tuple(
    Benchmark(
        name,
        "accuracy, %",
        short_facts,
        score,
        figures=by_group(groups),
        targets=ANSWERS,
        alone=True,
        ask=ask,
    )
    for name, ask in (("gqa", ask_shortly()), ("ocrvqa", ask_shortly()), ("exact", None))
)
