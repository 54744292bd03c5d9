"""From the answer to one exam item to the numbers that lm-eval averages for its task.

An item's *facts* are what scoring needs of its reference: the ``extra`` of the prepared sample, and
what ``liit score`` reads from a reference record. A benchmark's rule is a function of facts and
answer; both ways to score call it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from liit.errors import LiitError
from liit.metrics import Scored
from liit.scoring.records import IMAGES, QUESTIONS, Record, as_key

Facts = Mapping[str, Any]
Rule = Callable[[Facts, str], Scored]
Process = Callable[[Mapping[str, Any], Sequence[str]], dict[str, Any]]


class Marked(NamedTuple):
    """One scored answer, all that figures are computed from; ``key`` names it in a report."""

    facts: Facts
    said: str
    scored: Scored
    key: str = ""


def three(scored: Scored) -> dict[str, Any]:
    """Return the three numbers of every task: strict score, parsed or not, lenient score."""
    return {"score": scored.value, "parsed": float(scored.parsed), "lenient": scored.lenient}


def by_item(rule: Rule, *corpus: str) -> Process:
    """Return a task's ``process_results``.

    ``corpus`` names the figures that an aggregation of the task computes over all items.
    """

    def process(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        facts, said = document["extra"], results[0]
        scored = rule(facts, said)
        return {**three(scored), **dict.fromkeys(corpus, Marked(facts, said, scored))}

    return process


def is_paper(facts: Facts) -> bool:
    """Tell whether an item is scored as Adapt-∞'s released code does."""
    return bool(facts.get("profile") == "paper")


@dataclass(frozen=True, slots=True)
class ExamItem:
    """One item before it becomes a sample; ``images`` are path candidates or encoded bytes."""

    prompt: str
    answer: str
    images: Sequence[Sequence[str] | bytes] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    skill: str | None = None


def question_of(record: Record) -> str:
    """Return a record's question as it is asked."""
    text = record.need(QUESTIONS, "question")
    return str(text[0] if isinstance(text, list) else text)


def image_paths(record: Record, release: int = 2014) -> list[str]:
    """Return where a record's image may lie, the usual place first.

    A named file is looked for as it is, also below its task's folder (MME); a COCO name without the
    annotation's number that refer's files put behind it, a number under the names of both releases
    and as it is (Visual Genome, GQA).
    """
    named = record.first(("image", "file_name", "filename", "image_name", "image_path", "img_id"))
    given = as_key(record.first(IMAGES))
    named_coco = r"(.*/)?(COCO_(\w+?2014)_\d{12})(?:_\d+)?(\.\w+)?"
    if coco := re.fullmatch(named_coco, str(named or given)):
        name = f"{coco[2]}{coco[4] or '.jpg'}"
        return list(dict.fromkeys([f"{coco[1] or ''}{name}", name, f"{coco[3]}/{name}"]))
    if isinstance(named, str) and re.search(r"\.\w{2,4}$", named):
        bare, category = named.rsplit("/", 1)[-1], record.fields.get("category")
        below = [f"{category}/{bare}", f"{category}/images/{bare}"] if category else []
        return [named, bare, *below]
    key = record.image
    if key is None:
        raise LiitError(f"{record.where} names no image", next_step="give it in a field image_id")
    if key.isdigit():
        number = f"{int(key):012d}"
        old = [f"COCO_{part}2014_{number}.jpg" for part in ("val", "train")]
        folders = [f"{name.split('_')[1]}/{name}" for name in old]
        new = [f"{number}.jpg", f"val2017/{number}.jpg", f"train2017/{number}.jpg"]
        coco_names = [*new, *old, *folders] if release == 2017 else [*old, *folders, *new]
        return [*coco_names, f"{given}.jpg", f"{given}.png"]
    return [f"{key}.jpg", f"{key}.png"]
