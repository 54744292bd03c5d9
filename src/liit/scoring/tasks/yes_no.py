"""Yes/no questions about an image: POPE and MME."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liit.metrics import Scored
from liit.metrics.yesno import mme, mme_scores, pope, pope_answer, pope_counts
from liit.scoring.answers import Answer, read_answers
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record, records_of, with_fields
from liit.scoring.task import Item, Options, Outcome, Task, item_key, mean_outcome, percent

_LABELS = ("label", "answer", "ground_truth", "gt_answer", "gt_ans")


def _label(record: Record) -> str:
    return str(record.need(_LABELS, "yes/no label")).strip().lower()


def _with_category(record: Record) -> Record:
    return with_fields(record, {"category": _category(record)})


def _category(record: Record) -> str:
    """Return POPE's category: a field, or the last word of the file's name."""
    return str(record.fields.get("category") or record.document.name.split("_")[-1])


def _pope(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Mean F1 over the categories; per category the counts and ratios of POPE's evaluator."""
    del options
    items = mean_outcome(pairs, lambda p: pope(p.answer.text, _label(p.reference))).items
    categories = sorted({_category(pair.reference) for pair in pairs})
    breakdown: dict[str, float] = {}
    strict, lenient = [], []
    for category in categories:
        inside = [
            (pair, item)
            for pair, item in zip(pairs, items, strict=True)
            if _category(pair.reference) == category
        ]
        labels = [_label(pair.reference) for pair, _ in inside]
        counts = pope_counts([pope_answer(pair.answer.text) for pair, _ in inside], labels)
        loose = [
            label if item.scored.lenient else _other(label)
            for (_, item), label in zip(inside, labels, strict=True)
        ]
        strict.append(counts["f1"])
        lenient.append(pope_counts(loose, labels)["f1"])
        prefix = f"{category}." if len(categories) > 1 else ""
        breakdown |= {f"{prefix}{name}": value for name, value in counts.items()}
    return Outcome(percent(strict), percent(lenient), breakdown, items)


def _other(label: str) -> str:
    return "no" if label == "yes" else "yes"


def _mme_records(documents: Sequence[Document]) -> list[Record]:
    """Read MME: tables "image, question, label[, answer]" per task, or records.

    The data set's own folders hold one "question, label" table per image instead.
    """
    records = []
    for document in documents:
        for record in records_of(document):
            cells = record.fields.get("cells")
            if cells is None:
                records.append(record)
                continue
            parts = re.split(r"/(?:questions_answers_YN/|images/)?", document.name)
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
            records.append(Record(fields, document, record.place))
    return records


def _mme_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    tables = [document for document in documents if document.kind == "table"]
    others = [document for document in documents if document.kind != "table"]
    answers = [
        Answer(record, record.fields["response"], record.question)
        for record in _mme_records(tables)
        if "response" in record.fields
    ]
    for answer in read_answers(others, field) if others else []:
        # LLaVA writes "task/file.png" as the id
        key = re.sub(r"\.\w+$", "", answer.record.id or "")
        record = Record({**answer.record.fields, "question_id": key}, answer.record.document, 0)
        answers.append(Answer(record, answer.value, answer.question))
    return answers


def _mme(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Perception + cognition; per task accuracy % + accuracy+ %."""
    del options
    items: list[Item] = []
    strict, lenient = [], []
    for pair in pairs:
        scored: Scored = mme(pair.answer.text, _label(pair.reference))
        items.append(Item(f"{item_key(pair)}: {pair.reference.question}", scored))
        where = (str(pair.reference.fields["category"]), str(pair.reference.image))
        strict.append((*where, bool(scored.value)))
        lenient.append((*where, bool(scored.lenient)))
    breakdown, loose = mme_scores(strict), mme_scores(lenient)
    return Outcome(
        breakdown["perception"] + breakdown["cognition"],
        loose["perception"] + loose["cognition"],
        breakdown,
        items,
    )


TASKS = (
    Task("pope", "F1, %, mean over the categories", _pope, _LABELS, complete=_with_category),
    Task(
        "mme",
        "MME score (0..2800)",
        _mme,
        alone=True,
        references=_mme_records,
        answers=_mme_answers,
    ),
)
