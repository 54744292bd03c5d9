"""Answer spans in SQuAD's layout: SQuAD, TyDi QA GoldP, XQuAD; exact match and token F1."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence

from liit.metrics import Scored
from liit.metrics.spans import exact_and_f1, mixed_tokens, word_tokens
from liit.scoring.benchmark import (
    GOLD,
    Benchmark,
    ItemScore,
    Options,
    Outcome,
    Scoring,
    item_key,
    percent,
    text_of,
)
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_list


def _squad(tokens: Callable[[str], list[str]]) -> Scoring:
    def score(pairs: Sequence[Pair], options: Options) -> Outcome:
        del options
        groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
        items = []
        for pair in pairs:
            said = pair.answer.text.strip()
            exact, f1 = exact_and_f1(said, _span_texts(pair.reference), tokens)
            groups[_language(pair.reference)].append((exact, f1))
            items.append(ItemScore(item_key(pair), Scored(f1, bool(said), f1), {"em": exact}))
        breakdown = {"em": percent([item.details["em"] for item in items])}
        if len(groups) > 1:
            for name, values in sorted(groups.items()):
                breakdown[f"{name}.f1"] = percent([f1 for _, f1 in values])
                breakdown[f"{name}.em"] = percent([exact for exact, _ in values])
                breakdown[f"{name}.n"] = float(len(values))
        f1 = percent([item.scored.value for item in items])
        return Outcome(f1, f1, breakdown, items)

    return score


def _span_texts(record: Record) -> list[str]:
    """Return the reference texts of SQuAD's list or the data sets library's mapping."""
    answers = record.need(GOLD, "answers")
    if isinstance(answers, dict):
        answers = answers.get("text", [])
    return [text_of(a["text"] if isinstance(a, dict) else a) for a in as_list(answers)]


def _language(record: Record) -> str:
    """Return the language at the end of a file's name ("test-ar"), else the name itself."""
    found = re.search(r"[-._]([a-z]{2})$", record.document.name)
    return found.group(1) if found else record.document.name


BENCHMARKS = (
    Benchmark("squad", "F1, %", _squad(word_tokens), GOLD),
    Benchmark("tydiqa_goldp", "F1, %", _squad(word_tokens), GOLD),
    Benchmark(
        "xquad", "F1, % (characters where a script has no spaces)", _squad(mixed_tokens), GOLD
    ),
)
