"""POPE: is the object there? F1 of "yes", mean over the categories."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from liit.benchmarks._short import ask_shortly, yes_or_no
from liit.metrics import Scored, ratio
from liit.scoring.benchmark import Benchmark, Options, percent
from liit.scoring.exam import ExamItem, Facts, Marked, by_item
from liit.scoring.records import Record, with_fields

_LABELS = ("label", "answer", "ground_truth", "gt_answer", "gt_ans")


def pope_answer(response: str) -> str:
    """Read "yes" or "no" as POPE's evaluator: "No", "no" or "not" in the first sentence is no."""
    words = response.split(".", maxsplit=1)[0].replace(",", "").split(" ")
    return "no" if {"No", "not", "no"} & set(words) else "yes"


def score(facts: Facts, said: str) -> Scored:
    """Score one answer; unparsed if neither yes nor no stands in it (the rule says "yes").

    The lenient score reads the first yes or no in any case.
    """
    label = facts["answers"][0].strip().lower()
    stated = re.search(r"(?i)\b(yes|no|not)\b", said)
    value = float(pope_answer(said) == label)
    if stated is None:
        return Scored(value, False, 0.0)
    read = "yes" if stated.group(1).lower() == "yes" else "no"
    return Scored(value, True, float(read == label))


def pope_counts(said: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """Confusion counts, accuracy, precision, recall, F1 and yes-ratio (0..1); yes is positive."""
    pairs = list(zip(said, labels, strict=True))
    tp, fp = pairs.count(("yes", "yes")), pairs.count(("yes", "no"))
    tn, fn = pairs.count(("no", "no")), pairs.count(("no", "yes"))
    precision, recall = ratio(tp, tp + fp), ratio(tp, tp + fn)
    return {
        "tp": tp, "fp": fp, "tn": tn, "fn": fn,
        "accuracy": ratio(tp + tn, len(pairs)),
        "precision": precision,
        "recall": recall,
        "f1": ratio(2 * precision * recall, precision + recall),
        "yes_ratio": ratio(tp + fp, len(pairs)),
    }  # fmt: skip


def counts_by_category(marked: Sequence[Marked]) -> dict[str, dict[str, float]]:
    """Return the counts and ratios of POPE's evaluator for each category."""
    inside: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in marked:
        label = one.facts["answers"][0].strip().lower()
        other = "no" if label == "yes" else "yes"
        inside[one.facts["category"]].append((label if one.scored.value else other, label))
    return {name: pope_counts(*zip(*inside[name], strict=True)) for name in sorted(inside)}


def total(marked: Sequence[Marked]) -> float:
    """Mean F1 over the categories, in %."""
    return percent([counts["f1"] for counts in counts_by_category(marked).values()])


def figures(marked: Sequence[Marked]) -> dict[str, float]:
    """Return the counts and ratios, named by category if there are several."""
    categories = counts_by_category(marked)
    return {
        f"{category}.{name}" if len(categories) > 1 else name: value
        for category, counts in categories.items()
        for name, value in counts.items()
    }


def _facts(record: Record) -> dict[str, object]:
    return {"answers": [yes_or_no(record, _LABELS)], "category": _category(record)}


def _category(record: Record) -> str:
    """Return POPE's category: a field, or the last word of the file's name."""
    return str(record.fields.get("category") or record.document.name.split("_")[-1])


def _with_category(record: Record) -> Record:
    return with_fields(record, {"category": _category(record)})


def _ask(record: Record, options: Options) -> ExamItem:
    item = ask_shortly()(record, options)
    return ExamItem(item.prompt, item.answer, item.images, _facts(record))


exam = by_item(score, "corpus")
BENCHMARKS = (
    Benchmark(
        "pope",
        "F1, %, mean over the categories",
        _facts,
        score,
        total,
        figures,
        targets=_LABELS,
        complete=_with_category,
        ask=_ask,
    ),
)
