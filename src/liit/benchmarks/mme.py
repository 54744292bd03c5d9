"""MME: yes/no questions in pairs about an image; accuracy and accuracy+ of fourteen tasks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from liit.benchmarks._short import ANSWERS, ask_shortly, yes_or_no
from liit.metrics import Scored, ratio
from liit.scoring.answers import Answer, read_answers
from liit.scoring.benchmark import Benchmark, item_key
from liit.scoring.exam import Facts, Marked, by_item
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import Record

PERCEPTION = (
    "existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark",
    "artwork", "OCR",
)  # fmt: skip
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
BEST = 2800
"""Fourteen tasks of 200 points each."""


def mme_answer(response: str) -> str | None:
    """Read "yes" or "no" as MME's tool: the answer itself, or its first four characters."""
    said = response.strip().lower()
    start = said if said in ("yes", "no") else said[:4]
    return "yes" if "yes" in start else "no" if "no" in start else None


def score(facts: Facts, said: str) -> Scored:
    """Score one answer; the lenient score reads the first yes or no anywhere."""
    wanted = facts["answers"][0].strip().lower()
    read = mme_answer(said)
    stated = re.search(r"(?i)\b(yes|no)\b", said)
    lenient = read or (stated.group(1).lower() if stated else None)
    return Scored(float(read == wanted), read is not None, float(lenient == wanted))


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
        scores[task] = 100 * ratio(sum(answers), len(answers)) + 100 * ratio(sum(plus), len(plus))
    scores["perception"] = sum(scores.get(task, 0.0) for task in PERCEPTION)
    scores["cognition"] = sum(scores.get(task, 0.0) for task in COGNITION)
    return scores


def scores_of(marked: Sequence[Marked]) -> dict[str, float]:
    """Return MME's scores of the answers."""
    return mme_scores([
        (one.facts["category"], one.facts["question_id"], bool(one.scored.value)) for one in marked
    ])  # fmt: skip


def points(marked: Sequence[Marked]) -> float:
    """Perception and cognition."""
    scores = scores_of(marked)
    return scores["perception"] + scores["cognition"]


def total(marked: Sequence[Marked]) -> float:
    """Perception and cognition in % of what can be had."""
    return 100 * points(marked) / BEST


def _facts(record: Record) -> dict[str, object]:
    label = yes_or_no(record, ANSWERS)
    category, image = str(record.fields["category"]), str(record.image)
    return {"answers": [label], "category": category, "question_id": image}


def _references(documents: Sequence[Document]) -> list[Record]:
    """Read MME: tables "image, question, label[, answer]" per task, or records.

    The data set's own folders hold one "question, label" table per image instead.
    """
    records = []
    for record in all_records(documents):
        cells = record.fields.get("cells")
        if cells is None:
            records.append(record)
            continue
        parts = re.split(r"/(?:questions_answers_YN/|images/)?", record.document.name)
        if len(cells) == 2:
            fields = {"image": parts[-1], "question": cells[0], "answer": cells[1]}
            task = parts[-2] if len(parts) > 1 else parts[-1]
        else:
            fields = dict(zip(("image", "question", "answer"), cells, strict=False))
            task = parts[-1]
            if len(cells) > 3:
                fields["response"] = "\t".join(cells[3:])
        stem = re.sub(r"\.\w+$", "", fields["image"])
        fields |= {"id": f"{task}/{stem}", "category": task}
        records.append(Record(fields, record.document, record.place))
    return records


def _answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    tables = [document for document in documents if document.kind == "table"]
    others = [document for document in documents if document.kind != "table"]
    answers = [
        Answer(record, record.fields["response"], record.question)
        for record in _references(tables)
        if "response" in record.fields
    ]
    for answer in read_answers(others, field) if others else []:
        # LLaVA writes "task/file.png" as the id
        key = re.sub(r"\.\w+$", "", answer.record.id or "")
        record = Record({**answer.record.fields, "question_id": key}, answer.record.document, 0)
        answers.append(Answer(record, answer.value, answer.question))
    return answers


exam = by_item(score, "corpus")
BENCHMARKS = (
    Benchmark(
        "mme",
        "MME score (0..2800)",
        _facts,
        score,
        points,
        scores_of,
        key=lambda record: f"{item_key(record)}: {record.question}",
        targets=ANSWERS,
        alone=True,
        references=_references,
        answers=_answers,
        ask=ask_shortly(),
        pairs=True,
        needs="the folder of one table per task",
    ),
)
