"""Multiple choice by likelihood, in the formats in which small language models are reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from liit.config import Params
from liit.data.template import dateless
from liit.doctor.findings import Finding, judged
from liit.doctor.weights import local_folder
from liit.evaluation.statistics import standard_error
from liit.intake.opening import read_text
from liit.intake.tables import cells_of
from liit.progress import bar

PART = "reference values"
LETTERS = "ABCD"
ITEMS = 300
"""Questions per format, spread evenly over the files: a standard error of 2.6 points."""
BATCH = 16
SUBJECTS = 57


class Question(NamedTuple):
    """One question of MMLU; ``right`` is the place of its answer."""

    subject: str
    text: str
    choices: tuple[str, ...]
    right: int


@dataclass(frozen=True, slots=True)
class Format:
    """How a question is put: its prompt, what is scored behind it, and by what a score is divided.

    ``chat``: the prompt is a user's turn in the checkpoint's template.
    """

    name: str
    prompt: Callable[[Question], str]
    answers: Callable[[Question], Sequence[str]]
    lengths: Callable[[Question], Sequence[int]]
    chat: bool


def _cloze(question: Question) -> str:
    about = question.subject.replace("_", " ")
    return f"The following are questions about {about}.\nQuestion: {question.text}\nAnswer:"


def _letters(question: Question) -> str:
    about = question.subject.replace("_", " ")
    options = "".join(f"{a}. {b}\n" for a, b in zip(LETTERS, question.choices, strict=True))
    return (
        f"The following are multiple choice questions (with answers) about {about}.\n\n"
        f"{question.text}\n{options}Answer:"
    )


FORMATS = tuple(
    Format(f"{name}{' in chat' if chat else ''}", prompt, answers, lengths, chat)
    for name, prompt, answers, lengths in (
        ("cloze", _cloze, lambda q: q.choices, lambda q: [max(1, len(c)) for c in q.choices]),
        ("letters", _letters, lambda _: LETTERS, lambda _: [1] * len(LETTERS)),
    )
    for chat in (False, True)
)
"""Cloze: each choice's text, its likelihood by characters (lighteval); letters: as lm-eval asks."""


@dataclass(frozen=True, slots=True)
class ChoiceCheck:
    """MMLU in every format; the first of ``FORMATS`` has to give what the authors publish.

    Tolerance: two standard errors of the questions asked. ``published`` is in percent.
    """

    name: str
    files: str
    published: float
    source: str

    @property
    def expected(self) -> str:
        """The published value in words."""
        return f"{self.published:g} expected ({self.source})"

    def lacking(self, params: Params) -> str:
        """Return what is missing to measure it, or nothing."""
        if local_folder(params) is None:
            return "no weights"
        folder = Path(params.data_root) / self.files
        return "" if any(folder.glob("*_test.csv")) else f"no {folder}/<subject>_test.csv"

    def measure(self, params: Params) -> Finding:
        """Ask the untouched model every format."""
        from liit.model.load import load_model, load_processor

        folder = local_folder(params) or ""
        model = load_model(folder, dtype=params.model.dtype)
        tokenizer = load_processor(folder).tokenizer
        questions = questions_of(Path(params.data_root) / self.files)
        hits = {one.name: answered(model, tokenizer, questions, one) for one in FORMATS}
        return self.judge(hits, len({question.subject for question in questions}))

    def judge(self, hits: dict[str, list[bool]], subjects: int) -> Finding:
        """Return the finding for the right and wrong answers of each format."""
        scores = {name: 100 * fmean(marks) for name, marks in hits.items()}
        margins = {name: 200 * standard_error(list(map(float, m))) for name, m in hits.items()}
        near = [n for n in scores if abs(scores[n] - self.published) <= margins[n]]
        first = next(iter(hits))
        told = ", ".join(f"{name} {scores[name]:.1f} ± {margins[name]:.1f}" for name in hits)
        detail = (
            f"{told} over {len(hits[first])} questions of {subjects} of {SUBJECTS} subjects "
            f"(two standard errors); {self.expected}; within: {', '.join(near) or 'none'}"
        )
        step = "check the weights (`liit unpack --sha256`) and the tokenizer before training"
        return judged(PART, self.name, first in near, detail, step)


def questions_of(folder: Path) -> list[Question]:
    """Read ``<subject>_test.csv`` (question, choices, letter; no header), ``ITEMS`` at most."""
    found = [
        Question(path.stem.removesuffix("_test"), row[0], tuple(row[1:5]), LETTERS.index(row[5]))
        for path in sorted(folder.glob("*_test.csv"))
        for row in cells_of(read_text(path), ",", path)
    ]
    places = np.unique(np.linspace(0, len(found) - 1, min(ITEMS, len(found))).astype(np.int64))
    return [found[place] for place in places.tolist()]


def answered(model: Any, tokenizer: Any, questions: Sequence[Question], way: Format) -> list[bool]:
    """Return for each question whether the right answer is the likeliest, in a format."""
    rows = [
        pair
        for one in questions
        for pair in _rows(tokenizer, way, way.prompt(one), way.answers(one))
    ]
    found = iter(log_likelihoods(model, tokenizer, rows, way.name))
    hits = []
    for question in questions:
        scores = [next(found) / length for length in way.lengths(question)]
        hits.append(int(np.argmax(scores)) == question.right)
    return hits


def _rows(
    tokenizer: Any, way: Format, prompt: str, answers: Sequence[str]
) -> list[tuple[list[int], list[int]]]:
    """Return the token ids of the prompt and of each answer behind it."""
    text = prompt
    if way.chat:
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(
            turn, tokenize=False, add_generation_prompt=True, **dateless(tokenizer)
        )
    gap = "" if way.chat else " "

    def ids(words: str) -> list[int]:
        return list(tokenizer(words, add_special_tokens=False)["input_ids"])

    asked = ids(text)
    return [(asked, ids(f"{gap}{answer}")) for answer in answers]


def log_likelihoods(
    model: Any, tokenizer: Any, rows: Sequence[tuple[list[int], list[int]]], title: str
) -> list[float]:
    """Return ln p(answer | prompt), in nats, of pairs of token ids; the longest are asked first."""
    import torch

    from liit.evaluation.decoding import next_log_probabilities

    order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]) - len(rows[i][1]))
    found = [0.0] * len(rows)
    with torch.inference_mode(), bar(title, len(rows)) as done:
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            ids = [rows[i][0] + rows[i][1] for i in places]
            batch = tokenizer.pad({"input_ids": ids}, padding_side="left", return_tensors="pt")
            last = max(len(rows[i][1]) for i in places) + 1
            tables = next_log_probabilities(model, dict(batch.to(model.device)), last=last)
            for i, table in zip(places, tables, strict=True):
                answer = torch.tensor(rows[i][1], device=table.device)
                before = table[-len(answer) - 1 : -1]
                found[i] = float(before[torch.arange(len(answer)), answer].sum())
            done(start + len(places))
    return found
