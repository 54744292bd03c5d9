"""Benchmarks that a judge scores: LLaVA-Bench, MM-Vet, AlpacaEval, read from the judge's files.

No judge runs here. Files without a judge's verdicts give the state "not run", never a number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from liit.errors import LiitError
from liit.metrics.judged import relative_score, win_rate
from liit.scoring.files import Document
from liit.scoring.records import Record, as_list, records_of
from liit.scoring.task import Options, Outcome, Task


def _not_run(what: str) -> Outcome:
    return Outcome(None, notes=[f"not run: no {what} in these files"], n=0)


def _llava_bench(
    references: Sequence[Document], reviews: Sequence[Document], options: Options
) -> Outcome:
    """Relative score per review file and category; the mean over the files."""
    del references
    rounded = options.profile == "paper"
    breakdown: dict[str, float] = {}
    overall, counted = [], 0
    for document in reviews:
        groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for category, pair in _reviews(document):
            groups["all"].append(pair)
            if category:
                groups[category].append(pair)
        counted += len(groups["all"])
        for category, pairs in sorted(groups.items()):
            if pairs:
                prefix = f"{document.name}." if len(reviews) > 1 else ""
                breakdown[f"{prefix}{category}"] = relative_score(pairs, rounded_means=rounded)
        if groups["all"]:
            overall.append(relative_score(groups["all"], rounded_means=rounded))
    if not overall:
        return _not_run("judge's reviews (field 'tuple' or 'score')")
    notes = ["a ratio of a judge's marks, not an accuracy; it can exceed 100"]
    score = sum(overall) / len(overall)
    return Outcome(score, None, breakdown, notes=notes, n=counted)


def _reviews(document: Document) -> Iterator[tuple[str, tuple[float, float]]]:
    for record in records_of(document):
        marks = record.first(("tuple", "score", "scores"))
        if marks is None:
            continue
        try:
            first, second = (float(mark) for mark in marks)
        except (TypeError, ValueError) as fault:
            raise LiitError(
                f"{record.where}: the marks are not two numbers: {marks!r}",
                next_step="give them as [reference, answer]",
            ) from fault
        # a failed review is marked (-1, -1) and must not be averaged in
        if first >= 0 and second >= 0:
            yield str(record.fields.get("category", "")), (first, second)


def _mmvet(references: Sequence[Document], grades: Sequence[Document], options: Options) -> Outcome:
    """100 · mean grade per judge run, then the mean; per capability if the questions are given."""
    del options
    records = [record for document in grades for record in records_of(document)]
    graded = [record for record in records if _grades(record)]
    if not graded:
        return _not_run("judge's grades (field 'score')")
    runs = min(len(_grades(record)) for record in graded)
    totals = [100 * sum(_grades(r)[run] for r in graded) / len(graded) for run in range(runs)]
    breakdown = {f"run {run + 1}": total for run, total in enumerate(totals)}
    skills: dict[str, list[float]] = defaultdict(list)
    known = {r.id: r for document in references for r in records_of(document)}
    for record in graded:
        question = known.get(record.id)
        for skill in as_list(question.fields.get("capability", [])) if question else []:
            skills[str(skill)].extend(_grades(record)[:runs])
    breakdown |= {name: 100 * sum(v) / len(v) for name, v in sorted(skills.items())}
    return Outcome(sum(totals) / len(totals), None, breakdown, n=len(graded))


def _grades(record: Record) -> list[float]:
    value: Any = record.fields.get("score")
    return [float(mark) for mark in as_list(value)] if value is not None else []


def _alpaca_eval(
    references: Sequence[Document], annotations: Sequence[Document], options: Options
) -> Outcome:
    """Win rate; pairs that the judge left open (preference None) leave the denominator."""
    del references, options
    records = [record for document in annotations for record in records_of(document)]
    judged = [record for record in records if "preference" in record.fields]
    if not judged:
        return _not_run("judge's annotations (field 'preference')")
    preferences = [_preference(record) for record in judged]
    rate, total = win_rate(preferences)
    lengths = [len(str(record.fields.get("output_2", ""))) for record in judged]
    known = [value for value in preferences if value is not None]
    breakdown = {
        "n_total": float(total),
        "n_wins": float(sum(value > 1.5 for value in known)),
        "n_wins_base": float(sum(0 < value < 1.5 for value in known)),
        "n_draws": float(sum(value in (0, 1.5) for value in known)),
        "n_not_judged": float(len(judged) - total),
        "avg_length": float(int(sum(lengths) / len(lengths))),
    }
    return Outcome(rate, None, breakdown, n=total)


def _preference(record: Record) -> float | None:
    value = record.fields["preference"]
    return None if value in (None, "") else float(value)


TASKS = (
    Task("llava_bench", "relative score, %, given by a judge", collect=_llava_bench),
    Task("mmvet", "MM-Vet total, given by a judge", collect=_mmvet),
    Task("alpaca_eval", "win rate, %, given by a judge", collect=_alpaca_eval),
)
