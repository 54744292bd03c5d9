"""VQAv2, OK-VQA, VizWiz, TextVQA: agreement with the answers of ten people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from liit.benchmarks._short import ANSWERS, ask_shortly, short_facts
from liit.metrics import Scored
from liit.metrics.vqa import Mode, m4c_normalise, official_normalise, soft_accuracy
from liit.prompts import OCR, UNANSWERABLE
from liit.scoring.benchmark import Benchmark, by_group, mean
from liit.scoring.exam import Facts, Marked, by_item
from liit.scoring.records import Record


def facts_of(record: Record) -> dict[str, Any]:
    """Return answers and groups; ``weights`` holds LXMERT's soft accuracy of every answer."""
    weights = record.fields.get("label")
    if isinstance(weights, dict):
        return {"weights": weights}
    facts = short_facts(record)
    kinds = ("answer_type", "question_type")
    return facts | {"groups": [f"{kind}.{facts[kind]}" for kind in kinds if facts.get(kind)]}


def score(facts: Facts, said: str, mode: Mode = "official") -> Scored:
    """Score one answer by soft accuracy, under the official rule or M4C's (TextVQA)."""
    weights = facts.get("weights")
    if weights is None:
        return soft_accuracy(said, facts["answers"], mode)
    value = float(weights.get(said.strip(), 0.0))
    lenient = float(weights.get(official_normalise(said), 0.0))
    return Scored(value, bool(said.strip()), max(value, lenient))


def score_as_uploaded(facts: Facts, said: str) -> Scored:
    """Score an exam's answer as LLaVA's converters hand it in: normalised by M4C's rule.

    The official scorer normalises only where the annotators disagree: where all ten agree, a
    capital would cost a right answer everything, and LLaVA begins its answers with one.
    """
    return score(facts, m4c_normalise(said))


def _figures_of_vizwiz(marked: Sequence[Marked]) -> Mapping[str, float]:
    """Return the groups, and all of it again as the other circulating copy of the scorer has it."""
    rated = [one for one in marked if "answers" in one.facts]
    other = [
        one._replace(scored=replace(one.scored, value=_over_all(one.facts, one.said)))
        for one in rated
    ]
    named = {f"all_annotators.{name}": value for name, value in by_group(other).items()}
    return {**by_group(marked), **({"all_annotators": mean(other)} if other else {}), **named}


def _over_all(facts: Facts, said: str) -> float:
    return soft_accuracy(said, facts["answers"], leave_out=False).value


def _ocr_line(record: Record) -> str | None:
    tokens = record.fields.get("ocr_tokens")
    return OCR + ", ".join(map(str, tokens)) if tokens else None


exam = by_item(score_as_uploaded)
exam_m4c = by_item(partial(score, mode="m4c"))
# the released code of the paper scores TextVQA with M4C and has no scorer for the others
BENCHMARKS = tuple(
    Benchmark(
        name,
        metric,
        facts_of,
        rule,
        targets=ANSWERS,
        alone=True,
        ask=ask_shortly(*lines),
        figures=_figures_of_vizwiz if name == "vizwiz" else by_group,
        needs="the annotations and the questions (two files in the official layout)",
    )
    for name, metric, rule, *lines in (
        ("okvqa", "VQA soft accuracy, %", score),
        ("vqav2", "VQA soft accuracy, %", score),
        ("vizwiz", "VQA soft accuracy, %", score, lambda _: UNANSWERABLE),
        ("textvqa", "VQA soft accuracy (M4C), %", partial(score, mode="m4c"), _ocr_line),
    )
)
