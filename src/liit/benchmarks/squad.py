"""Answer spans in SQuAD's layout: SQuAD, TyDi QA GoldP, XQuAD; exact match and token F1."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from liit.metrics import Scored
from liit.metrics.spans import exact_and_f1, mixed_tokens, word_tokens
from liit.scoring.benchmark import GOLD, Benchmark, percent
from liit.scoring.exam import Facts, Marked
from liit.scoring.records import Record, as_list


def score(facts: Facts, said: str, tokens: Callable[[str], list[str]] = word_tokens) -> Scored:
    """Score one answer by token F1, with the exact match beside it."""
    exact, f1 = exact_and_f1(said.strip(), facts["answers"], tokens)
    return Scored(f1, bool(said.strip()), f1, details={"em": exact})


def figures(marked: Sequence[Marked]) -> dict[str, float]:
    """Return the exact match, and both figures by language if there are several."""
    languages: dict[str, list[Scored]] = defaultdict(list)
    for one in marked:
        languages[one.facts["language"]].append(one.scored)
    breakdown = {"em": _exact([one.scored for one in marked])}
    for name, scores in sorted(languages.items()) if len(languages) > 1 else ():
        breakdown[f"{name}.f1"] = percent([scored.value for scored in scores])
        breakdown[f"{name}.em"] = _exact(scores)
        breakdown[f"{name}.n"] = float(len(scores))
    return breakdown


def _exact(scores: Sequence[Scored]) -> float:
    return percent([scored.details["em"] for scored in scores])


def _facts(record: Record) -> dict[str, object]:
    return {"answers": _span_texts(record), "language": _language(record)}


def _span_texts(record: Record) -> list[str]:
    """Return the reference texts of SQuAD's list or the data sets library's mapping."""
    answers = record.need(GOLD, "answers")
    if isinstance(answers, dict):
        answers = answers.get("text", [])
    return [str(a["text"] if isinstance(a, dict) else a) for a in as_list(answers)]


def _language(record: Record) -> str:
    """Return the language at the end of a file's name ("test-ar"), else the name itself."""
    found = re.search(r"[-._]([a-z]{2})$", record.document.name)
    return found.group(1) if found else record.document.name


BENCHMARKS = tuple(
    Benchmark(name, metric, _facts, partial(score, tokens=tokens), figures=figures, targets=GOLD)
    for name, metric, tokens in (
        ("squad", "F1, %", word_tokens),
        ("tydiqa_goldp", "F1, %", word_tokens),
        ("xquad", "F1, % (characters where a script has no spaces)", mixed_tokens),
    )
)
