"""MMMU and MMMU-Pro: letters and open answers by the official parser."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

from liit import prompts
from liit.benchmarks._mmmu_parser import mmmu_choice, mmmu_open
from liit.benchmarks._options import checked_letter, choices_of, gold_letter
from liit.metrics import Scored
from liit.prompts import LETTERS
from liit.scoring.asking import ExamItem, question_of
from liit.scoring.benchmark import Benchmark, Options, Outcome, mean_outcome, percent
from liit.scoring.exam import Facts, Marked, by_item, is_paper
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_list

_GOLD = ("ground_truth", "answer")
_DOMAINS = {
    "Art and Design": ("Art", "Art_Theory", "Design", "Music"),
    "Business": ("Accounting", "Economics", "Finance", "Manage", "Marketing"),
    "Science": ("Biology", "Chemistry", "Geography", "Math", "Physics"),
    "Health and Medicine": (
        "Basic_Medical_Science", "Clinical_Medicine", "Diagnostics_and_Laboratory_Medicine",
        "Pharmacy", "Public_Health",
    ),
    "Humanities and Social Science": ("History", "Literature", "Sociology", "Psychology"),
    "Tech and Engineering": (
        "Agriculture", "Architecture_and_Engineering", "Computer_Science", "Electronics",
        "Energy_and_Power", "Materials", "Mechanical_Engineering",
    ),
}  # fmt: skip


def score(facts: Facts, said: str, draws: random.Random | None = None) -> Scored:
    """Score one answer with the official parser; without choices it is an open one.

    What cannot be read is wrong, or a letter drawn from ``draws``.
    """
    if not facts["choices"]:
        return mmmu_open(said, facts["answers"])
    options = dict(zip(LETTERS, facts["choices"], strict=False))
    return mmmu_choice(said, facts["answers"], options, draws)


def draws_of(profile: str) -> random.Random | None:
    """Return where ``paper`` draws letters from: one stream, seed 42, in the order of the file."""
    return random.Random(42) if profile == "paper" else None  # noqa: S311


def total(marked: Sequence[Marked]) -> float:
    """Return the percentage right."""
    draws = draws_of("paper" if is_paper(marked[0].facts) else "standard")
    return percent([score(facts, said, draws).value for facts, said, _ in marked])


def facts_of(record: Record) -> dict[str, Any]:
    """Return the right answers, and the options unless the question is open."""
    gold = [str(answer) for answer in as_list(record.need(_GOLD, "right answer"))]
    if _is_open(record, gold):
        return {"answers": gold, "choices": []}
    choices = _option_texts(record)
    return {"answers": [checked_letter(record, one, choices) for one in gold], "choices": choices}


def _is_open(record: Record, gold: Sequence[str]) -> bool:
    kind = record.first(("question_type", "answer_type"))
    if kind is None:
        return any(re.fullmatch(r"[A-Z]", answer) is None for answer in gold)
    return "choice" not in str(kind)


def _option_texts(*records: Record) -> list[str]:
    """Return the options' texts; without any in the files, texts that match nothing."""
    for record in records:
        known = record.fields.get("index2ans")
        if isinstance(known, dict) and known:
            return [str(text) for _, text in sorted(known.items())]
        if record.first(("options", "choices")) is not None:
            return choices_of(record)
    return [f"\0{letter}" for letter in LETTERS[:10]]


def _facts_of_pair(pair: Pair) -> dict[str, Any]:
    facts = facts_of(pair.reference)
    if facts["choices"]:
        facts["choices"] = _option_texts(pair.answer.record, pair.reference)
    return facts


def _score(pairs: Sequence[Pair], options: Options) -> Outcome:
    draws = draws_of(options.profile)
    return mean_outcome(
        pairs, lambda pair: score(_facts_of_pair(pair), pair.answer.text, draws), _groups
    )


def _score_pro(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Score MMMU-Pro: the letter its own script parsed where it is given, else parsed here."""
    del options

    def rule(pair: Pair) -> Scored:
        gold = gold_letter(pair.reference)
        parsed = pair.answer.record.fields.get("pred_indexs")
        if isinstance(parsed, str) and parsed:
            right = float(parsed == gold)
            return Scored(right, True, right)
        choices = _option_texts(pair.answer.record, pair.reference)
        return score({"answers": [gold], "choices": choices}, pair.answer.text)

    return mean_outcome(pairs, rule, _groups)


def _groups(pair: Pair) -> Iterator[str]:
    """Yield subject and domain, which the published id names."""
    found = re.fullmatch(r"[a-z]+_(.+?)_\d+", pair.reference.id or "")
    if found is not None:
        subject = found.group(1)
        yield subject
        yield from (f"Overall-{name}" for name, inside in _DOMAINS.items() if subject in inside)


def _ask(record: Record, options: Options) -> ExamItem:
    """Ask with the images in front; ``paper`` shows the first one, and none if options do."""
    choices = choices_of(record)
    gold = [str(answer) for answer in as_list(record.need(_GOLD[::-1], "answer"))]
    facts: dict[str, Any] = {"answers": gold, "choices": choices}
    if choices:
        facts["letter"] = gold[0]
    prompt = prompts.mmmu_question(question_of(record), choices)
    numbers = sorted({int(number) for number in re.findall(r"<image (\d)>", prompt)})
    if options.profile == "paper":
        numbers = [] if len(re.findall(r"<image \d>", " ".join(choices))) > 1 else numbers[:1]
    prompt = re.sub(r"<image (\d)>", r"image \1", prompt)
    images = [_image(record, number) for number in numbers]
    return ExamItem(prompt, gold[0], images, facts, record.fields.get("subject"))


def _image(record: Record, number: int) -> list[str] | bytes:
    value = record.fields.get(f"image_{number}")
    if isinstance(value, dict) and value.get("bytes"):
        return bytes(value["bytes"])
    if isinstance(value, dict):
        value = value.get("path")
    name = value if isinstance(value, str) and value else f"{record.id}_{number}.png"
    return [name, f"images/{name}"]


exam = by_item(score, "corpus")
BENCHMARKS = (
    Benchmark("mmmu", "accuracy, %", _score, _GOLD, alone=True, ask=_ask),
    Benchmark("mmmu_pro", "accuracy, %", _score_pro, _GOLD, alone=True),
)
