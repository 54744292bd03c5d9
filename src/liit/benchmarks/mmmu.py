"""MMMU and MMMU-Pro: letters and open answers by the official parser."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from liit import prompts
from liit.benchmarks._mmmu_parser import mmmu_choice, mmmu_open
from liit.benchmarks._options import checked_letter, choices_of, gold_letter
from liit.benchmarks._short import known_texts
from liit.metrics import Scored
from liit.prompts import LETTERS
from liit.scoring.benchmark import Benchmark, Options, Settled, percent
from liit.scoring.exam import ExamItem, Facts, Marked, by_item, is_paper, question_of
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_list

_GOLD = ("ground_truth", "answer")
_NO_TEXTS = [f"\0{letter}" for letter in LETTERS[:10]]  # options of no text: none is ever named
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
    # an answer's record may hold the options in the order in which the model saw them
    choices = facts.get("shown_choices") or facts["choices"]
    options = dict(zip(LETTERS, choices, strict=False))
    return mmmu_choice(said, facts["answers"], options, draws)


def draws_of(profile: str) -> random.Random | None:
    """Return where ``paper`` draws letters from: one stream, seed 42, in the order of the file."""
    return random.Random(42) if profile == "paper" else None  # noqa: S311


def total(marked: Sequence[Marked]) -> float:
    """Return the percentage right."""
    draws = draws_of("paper" if is_paper(marked[0].facts) else "standard")
    return percent([score(one.facts, one.said, draws).value for one in marked])


def facts_of(record: Record) -> dict[str, Any]:
    """Return the right answers, the groups, and the options unless the question is open."""
    gold = known_texts(record, record.need(_GOLD, "right answer"))
    if _is_open(record, gold):
        return {"answers": gold, "choices": [], "groups": _groups(record)}
    choices = _option_texts(record) or _NO_TEXTS
    letters = [checked_letter(record, letter, choices) for letter in gold]
    return {"answers": letters, "choices": choices, "groups": _groups(record)}


def _is_open(record: Record, gold: Sequence[str]) -> bool:
    kind = record.first(("question_type", "answer_type"))
    if kind is None:
        return any(re.fullmatch(r"[A-Z]", answer) is None for answer in gold)
    return "choice" not in str(kind)


def _option_texts(record: Record) -> list[str]:
    """Return the options' texts, if the record has them."""
    known = record.fields.get("index2ans")
    if isinstance(known, dict) and known:
        return [str(text) for _, text in sorted(known.items())]
    return choices_of(record) if record.first(("options", "choices")) is not None else []


def _answer_facts(record: Record) -> dict[str, Any]:
    return {"shown_choices": _option_texts(record), "letter_read": record.fields.get("pred_indexs")}


def _drawing(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> Settled:
    return Settled(replace(benchmark, rule=partial(score, draws=draws_of(options.profile))), pairs)


def facts_of_pro(record: Record) -> dict[str, Any]:
    """Return MMMU-Pro's right letter, options and groups."""
    choices = _option_texts(record) or _NO_TEXTS
    letter = checked_letter(record, gold_letter(record), choices)
    return {"answers": [letter], "choices": choices, "groups": _groups(record)}


def score_pro(facts: Facts, said: str) -> Scored:
    """Score MMMU-Pro: the letter its own script parsed where it is given, else parsed here."""
    letter = facts["letter_read"]
    if isinstance(letter, str) and letter:
        right = float(letter == facts["answers"][0])
        return Scored(right, True, right)
    return score(facts, said)


def _groups(record: Record) -> list[str]:
    """Return subject and domain, which the published id names."""
    found = re.fullmatch(r"[a-z]+_(.+?)_\d+", record.id or "")
    if found is None:
        return []
    subject = found.group(1)
    return [subject, *(f"Overall-{name}" for name, inside in _DOMAINS.items() if subject in inside)]


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
_mmmu = partial(
    Benchmark,
    metric="accuracy, %",
    answer_facts=_answer_facts,
    targets=_GOLD,
    alone=True,
)
BENCHMARKS = (
    _mmmu("mmmu", facts=facts_of, rule=score, settle=_drawing, ask=_ask),
    _mmmu("mmmu_pro", facts=facts_of_pro, rule=score_pro),
)
