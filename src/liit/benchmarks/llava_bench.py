"""LLaVA-Bench: a judge's marks of the answer in % of those of the reference. No judge runs here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from liit.errors import LiitError
from liit.scoring.benchmark import Benchmark, Options, Outcome, not_run
from liit.scoring.exam import ExamItem, image_paths, question_of
from liit.scoring.files import Document
from liit.scoring.layouts import all_records, records_of
from liit.scoring.records import Record
from liit.scoring.references import as_reference


def relative_score(pairs: Sequence[tuple[float, float]], *, rounded_means: bool = False) -> float:
    """LLaVA-Bench: 100 · mean mark of the answer / mean mark of the reference, to one decimal.

    LLaVA's own summary rounds both means to three decimals first (``rounded_means``), which can
    move the result by 0.1. It can exceed 100 and is no accuracy.
    """
    reference = sum(first for first, _ in pairs) / len(pairs)
    answer = sum(second for _, second in pairs) / len(pairs)
    if rounded_means:
        reference, answer = round(reference, 3), round(answer, 3)
    return round(answer / reference * 100, 1) if reference else float("nan")


def _llava_bench(
    _references: Sequence[Document], reviews: Sequence[Document], options: Options
) -> Outcome:
    """Relative score per review file and category; the mean over the files."""
    rounded = options.profile == "paper"
    breakdown: dict[str, float] = {}
    overall, counted = [], 0
    for document in reviews:
        groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for category, pair in _reviews(document, options.fields("tuple", "score", "scores")):
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
        return not_run("judge's reviews (field 'tuple' or 'score')")
    notes = ["a ratio of a judge's marks, not an accuracy; it can exceed 100"]
    if left := sum(1 for document in reviews for _ in records_of(document)) - counted:
        notes.append(f"{left} records have no pair of marks and are left out")
    score = sum(overall) / len(overall)
    return Outcome(score, None, breakdown, notes=notes, n=counted)


def _reviews(document: Document, names: Sequence[str]) -> Iterator[tuple[str, tuple[float, float]]]:
    for record in records_of(document):
        marks = record.first(names)
        if marks is None:
            continue
        try:
            first, second = (float(mark) for mark in (() if isinstance(marks, str) else marks))
        except (TypeError, ValueError) as fault:
            raise LiitError(
                f"{record.where}: the marks are not two numbers: {marks!r}",
                next_step="give them as [reference, answer]",
            ) from fault
        # a failed review is marked (-1, -1) and must not be averaged in
        if first >= 0 and second >= 0:
            yield str(record.fields.get("category", "")), (first, second)


def _references(documents: Sequence[Document]) -> list[Record]:
    """Read questions (with an image) and the reference answers to them by id."""
    everything = all_records(documents)
    answers = {r.id: r.fields.get("text") for r in everything if "answer_id" in r.fields}
    asked = [as_reference(r) for r in everything if r.image and "category" in r.fields]
    return [replace(r, fields={**r.fields, "answer": answers.get(r.id)}) for r in asked]


def _ask(record: Record, _options: Options) -> ExamItem:
    answer = str(record.fields.get("answer") or "")
    if not answer:
        raise LiitError(
            f"{record.where} has no reference answer",
            next_step="name answers_gpt4.jsonl beside questions.jsonl",
        )
    facts = {"answers": [answer], "category": record.fields["category"]}
    return ExamItem(question_of(record), answer, [image_paths(record)], facts)


BENCHMARKS = (
    Benchmark(
        "llava_bench",
        "relative score, %, given by a judge",
        references=_references,
        ask=_ask,
        collect=_llava_bench,
        needs="none",
    ),
)
