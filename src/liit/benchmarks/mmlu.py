"""MMLU: the option's letter, by subject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from liit.benchmarks._options import ask_for_letter, option_facts
from liit.metrics import Scored
from liit.metrics.letter import lenient_letter, option_letter
from liit.prompts import LETTERS
from liit.scoring.answers import Answer, answer_of, usual_field
from liit.scoring.benchmark import Benchmark, by_group
from liit.scoring.exam import Facts, Marked, by_item, is_paper
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import Record


def score(facts: Facts, said: str) -> Scored:
    """Score one letter by LLaVA's rule; ``paper``: the letter has to be the whole answer."""
    rule = whole_letter if is_paper(facts) else option_letter
    return rule(said, facts["letter"], facts["choices"])


def whole_letter(said: str, letter: str, choices: Sequence[str]) -> Scored:
    """Score by the rule of Adapt-∞'s code for MMLU: without dots, the answer is the letter."""
    bare = said.strip().replace(".", "").upper()
    strict = bare if len(bare) == 1 and bare in LETTERS[: len(choices)] else None
    lenient = strict or lenient_letter(said, choices)
    return Scored(float(strict == letter), strict is not None, float(lenient == letter))


def figures(marked: Sequence[Marked]) -> dict[str, float]:
    """Return the accuracy by subject, and its mean over the subjects."""
    subjects = by_group(marked)
    return {**subjects, "mean over subjects": sum(subjects.values()) / len(subjects)}


def _references(documents: Sequence[Document]) -> list[Record]:
    """Read MMLU: header-less CSV per subject (q, A-D, letter), or records with a subject."""
    counts, references = Counter[str](), []
    for record in all_records(documents):
        fields = dict(record.fields)
        cells = fields.pop("cells", None)
        if cells is not None and len(cells) >= 6:
            fields |= {"question": cells[0], "choices": cells[1:5], "answer": cells[5]}
        subject = str(fields.setdefault("subject", _subject_of(record.document.name)))
        fields["id"] = f"{subject}/{counts[subject]}"
        counts[subject] += 1
        references.append(replace(record, fields=fields))
    return references


def _subject_of(name: str) -> str:
    """Return the subject that an MMLU file is named after: "test/anatomy_test" is "anatomy"."""
    return re.sub(r"_(test|val|dev|validation)$", "", name.rsplit("/", 1)[-1])


def _answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; one list per subject, or one list in a file named after it, is unrolled."""
    answers, records = [], all_records(documents)
    field = field or usual_field(records)
    for record in records:
        value, subject = record.fields.get("value"), record.fields.get("subject")
        if isinstance(value, list) and record.id:
            for place, said in enumerate(value):
                answers.append(_numbered(record, f"{subject or record.id}/{place}", said))
        elif value is not None and record.id is None:
            named = f"{_subject_of(record.document.name)}/{record.place - 1}"
            answers.append(_numbered(record, named, value))
        else:
            answers.append(_with_subject(record, field))
    return answers


def _numbered(record: Record, name: str, value: object) -> Answer:
    return Answer(replace(record, fields={"id": name, "value": value}), value, None)


def _with_subject(record: Record, field: str | None) -> Answer:
    answer = answer_of(record, field)
    place, subject = record.id, record.fields.get("subject")
    if subject and place is not None and "/" not in place:
        fields = {**record.fields, "question_id": f"{subject}/{place}"}
        return replace(answer, record=replace(record, fields=fields))
    return answer


exam = by_item(score)
BENCHMARKS = (
    Benchmark(
        "mmlu",
        "accuracy, %",
        lambda record: option_facts(record) | {"groups": [record.fields["subject"]]},
        score,
        figures=figures,
        references=_references,
        answers=_answers,
        ask=ask_for_letter,
        needs="the folder of one CSV file per subject",
    ),
)
