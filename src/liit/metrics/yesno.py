"""Yes/no benchmarks: POPE and MME."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from liit.metrics import Scored

PERCEPTION = (
    "existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark",
    "artwork", "OCR",
)  # fmt: skip
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")


def pope_answer(response: str) -> str:
    """Read "yes" or "no" as POPE's evaluator: "No", "no" or "not" in the first sentence is no."""
    words = response.split(".", maxsplit=1)[0].replace(",", "").split(" ")
    return "no" if {"No", "not", "no"} & set(words) else "yes"


def pope(response: str, label: str) -> Scored:
    """Score one POPE answer; unparsed if neither yes nor no stands in it (the rule says "yes").

    The lenient score reads the first yes or no in any case.
    """
    stated = re.search(r"(?i)\b(yes|no|not)\b", response)
    value = float(pope_answer(response) == label.strip().lower())
    if stated is None:
        return Scored(value, False, 0.0)
    read = "yes" if stated.group(1).lower() == "yes" else "no"
    return Scored(value, True, float(read == label.strip().lower()))


def pope_counts(said: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """Confusion counts, accuracy, precision, recall, F1 and yes-ratio (0..1); yes is positive."""
    pairs = list(zip(said, labels, strict=True))
    tp, fp = pairs.count(("yes", "yes")), pairs.count(("yes", "no"))
    tn, fn = pairs.count(("no", "no")), pairs.count(("no", "yes"))
    precision, recall = _ratio(tp, tp + fp), _ratio(tp, tp + fn)
    return {
        "tp": tp, "fp": fp, "tn": tn, "fn": fn,
        "accuracy": _ratio(tp + tn, len(pairs)),
        "precision": precision,
        "recall": recall,
        "f1": _ratio(2 * precision * recall, precision + recall),
        "yes_ratio": _ratio(tp + fp, len(pairs)),
    }  # fmt: skip


def mme_answer(response: str) -> str | None:
    """Read "yes" or "no" as MME's tool: the answer itself, or its first four characters."""
    said = response.strip().lower()
    start = said if said in ("yes", "no") else said[:4]
    return "yes" if "yes" in start else "no" if "no" in start else None


def mme(response: str, label: str) -> Scored:
    """Score one MME answer; the lenient score reads the first yes or no anywhere."""
    wanted = label.strip().lower()
    said = mme_answer(response)
    stated = re.search(r"(?i)\b(yes|no)\b", response)
    lenient = said or (stated.group(1).lower() if stated else None)
    return Scored(float(said == wanted), said is not None, float(lenient == wanted))


def mme_scores(items: Sequence[tuple[str, str, bool]]) -> dict[str, float]:
    """MME's scores from (task, image, correct): per task accuracy% + accuracy+%, then the sums.

    accuracy+ counts images all of whose (two) questions are right. 0..200 per task; perception
    sums up ten tasks, cognition four.
    """
    tasks: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for task, image, correct in items:
        tasks[task][image].append(correct)
    scores = {}
    for task, images in tasks.items():
        answers = [correct for answers in images.values() for correct in answers]
        plus = [len(answers) > 1 and all(answers) for answers in images.values()]
        scores[task] = 100 * _ratio(sum(answers), len(answers)) + 100 * _ratio(sum(plus), len(plus))
    scores["perception"] = sum(scores.get(task, 0.0) for task in PERCEPTION)
    scores["cognition"] = sum(scores.get(task, 0.0) for task in COGNITION)
    return scores


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
