"""Multiple choice: ScienceQA, MMLU, MMMU, MMMU-Pro."""

from __future__ import annotations

import itertools
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from liit.metrics import Scored
from liit.metrics.letter import LETTERS, mmlu_letter, option_letter
from liit.metrics.mmmu import mmmu_choice, mmmu_open
from liit.scoring.answers import Answer, read_answers
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_list, records_of, turn_of
from liit.scoring.task import Options, Outcome, Task, mean_outcome
from liit.scoring.tasks.subjects import MMMU_DOMAINS

_GOLD = ("ground_truth", "answer")
_OPTION_LINE = re.compile(r"^\(?([A-Z])[.)] ?(.*)$", re.MULTILINE)


def choices_of(record: Record) -> list[str]:
    """Return the options: a list field, columns A, B, …, else the lines "A. …" of the question."""
    listed = record.first(("choices", "options"))
    if listed is not None:
        return [str(choice) for choice in as_list(listed)]
    columns = itertools.takewhile(record.fields.get, LETTERS)
    texts = [str(record.fields[letter]) for letter in columns]
    if len(texts) > 1:
        return texts
    question = turn_of(record, 0) or record.fields.get("question") or ""
    return [text for _, text in _OPTION_LINE.findall(str(question))]


def gold_letter(record: Record) -> str:
    """Return the right letter: of a LLaVA conversation, a letter field, or an index."""
    if "conversations" in record.fields:
        return (turn_of(record, 1) or "").strip()[:1]
    answer = record.need(("answer", "label", "correct_choice_idx", "ground_truth"), "right option")
    return letter_of(answer)


def letter_of(value: Any) -> str:
    """Return a choice as a letter: 1 and "1" are "B"; -1 (failed) is empty."""
    text = str(value).strip()
    if re.fullmatch(r"-?\d+", text):
        place = int(text)
        return LETTERS[place] if 0 <= place < len(LETTERS) else ""
    return text


def _scienceqa(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options

    def score(pair: Pair) -> Scored:
        said = pair.answer.text
        said = letter_of(said) if re.fullmatch(r"-?\d", said) else said
        return option_letter(said, gold_letter(pair.reference), choices_of(pair.reference))

    outcome = mean_outcome(pairs, score, _scienceqa_groups)
    return Outcome(outcome.score, outcome.lenient, outcome.breakdown, outcome.items)


def _scienceqa_groups(pair: Pair) -> Iterator[str]:
    """Yield ScienceQA's own groups: image, text or no context, subject, grade band."""
    fields = pair.reference.fields
    has_image = bool(fields.get("image")) or "<image>" in (turn_of(pair.reference, 0) or "")
    if has_image:
        yield "IMG"
    if "hint" in fields:
        if fields["hint"]:
            yield "TXT"
        elif not has_image:
            yield "NO"
    if fields.get("subject"):
        yield {"natural science": "NAT", "social science": "SOC"}.get(fields["subject"], "LAN")
    grade = re.fullmatch(r"grade(\d+)", str(fields.get("grade", "")))
    if grade:
        yield "G1-6" if int(grade.group(1)) <= 6 else "G7-12"


def mmlu_references(documents: Sequence[Document]) -> list[Record]:
    """Read MMLU: header-less CSV per subject (q, A-D, letter), or records with a subject."""
    counts: dict[str, int] = defaultdict(int)
    references = []
    for document in documents:
        for record in records_of(document):
            fields = dict(record.fields)
            cells = fields.pop("cells", None)
            if cells is not None and len(cells) >= 6:
                fields |= {"question": cells[0], "choices": cells[1:5], "answer": cells[5]}
            subject = str(fields.setdefault("subject", subject_of(document.name)))
            fields["id"] = f"{subject}/{counts[subject]}"
            counts[subject] += 1
            references.append(Record(fields, document, record.place))
    return references


def subject_of(name: str) -> str:
    """Return the subject that an MMLU file is named after: "test/anatomy_test" is "anatomy"."""
    return re.sub(r"_(test|val|dev|validation)$", "", name.rsplit("/", 1)[-1])


def _mmlu_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; one list per subject, or one list in a file named after it, is unrolled."""
    answers = []
    for document in documents:
        for record in records_of(document):
            value = record.fields.get("value")
            subject = str(record.fields.get("subject") or record.id or "")
            if isinstance(value, list) and record.id:
                for place, said in enumerate(value):
                    unrolled = Record({"id": f"{subject}/{place}"}, document, record.place)
                    answers.append(Answer(unrolled, said, None))
            elif value is not None and record.id is None:
                fields = {"id": f"{subject_of(document.name)}/{record.place - 1}", "value": value}
                answers.append(Answer(Record(fields, document, record.place), value, None))
            else:
                answers.append(_with_subject(record, field))
    return answers


def _with_subject(record: Record, field: str | None) -> Answer:
    single = Document(record.document.path, record.document.name, "rows", [dict(record.fields)])
    answer = read_answers([single], field)[0]
    place, subject = record.id, record.fields.get("subject")
    if subject and place is not None and "/" not in place:
        fields = {**record.fields, "question_id": f"{subject}/{place}"}
        return Answer(Record(fields, record.document, record.place), answer.value, answer.question)
    return answer


def _mmlu(pairs: Sequence[Pair], options: Options) -> Outcome:
    rule = mmlu_letter if options.profile == "paper" else option_letter
    return mean_outcome(
        pairs,
        lambda p: rule(p.answer.text, gold_letter(p.reference), choices_of(p.reference)),
        lambda p: (str(p.reference.fields["subject"]),),
    )


def _mmmu(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Score with the official parser.

    ``paper`` draws a letter for what cannot be parsed, as the official script does: from one
    stream with seed 42 over the items in the order of the files.
    """
    draws = random.Random(42) if options.profile == "paper" else None  # noqa: S311

    def score(pair: Pair) -> Scored:
        gold = [str(g) for g in as_list(pair.reference.need(_GOLD, "right answer"))]
        if _is_open(pair.reference, gold):
            return mmmu_open(pair.answer.text, gold)
        return mmmu_choice(pair.answer.text, gold, _letters(pair), draws)

    return mean_outcome(pairs, score, _mmmu_groups)


def _is_open(record: Record, gold: Sequence[str]) -> bool:
    kind = record.first(("question_type", "answer_type"))
    if kind is None:
        return any(re.fullmatch(r"[A-Z]", answer) is None for answer in gold)
    return "choice" not in str(kind)


def _letters(pair: Pair) -> Mapping[str, str]:
    """Return letter to option text; without texts in the files, texts that match nothing."""
    for record in (pair.answer.record, pair.reference):
        known = record.fields.get("index2ans")
        if isinstance(known, dict) and known:
            return {str(letter): str(text) for letter, text in known.items()}
        if record.first(("options", "choices")) is not None:
            return dict(zip(LETTERS, choices_of(record), strict=False))
    return {letter: f"\0{letter}" for letter in LETTERS[:10]}


def _mmmu_groups(pair: Pair) -> Iterator[str]:
    found = re.fullmatch(r"[a-z]+_(.+?)_\d+", pair.reference.id or "")
    if found is None:
        return
    subject = found.group(1)
    yield subject
    for domain, subjects in MMMU_DOMAINS.items():
        if subject in subjects:
            yield f"Overall-{domain}"


def _mmmu_pro(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Score MMMU-Pro: the letter its own script parsed where it is given, else parsed here."""
    del options

    def score(pair: Pair) -> Scored:
        gold = gold_letter(pair.reference)
        parsed = pair.answer.record.fields.get("pred_indexs")
        if isinstance(parsed, str) and parsed:
            right = float(parsed == gold)
            return Scored(right, True, right)
        return mmmu_choice(pair.answer.text, gold, _letters(pair))

    return mean_outcome(pairs, score, _mmmu_groups)


TASKS = (
    Task("scienceqa", "accuracy, %", _scienceqa, ("answer", "conversations"), alone=True),
    Task(
        "mmlu",
        "accuracy, %",
        _mmlu,
        references=mmlu_references,
        answers=_mmlu_answers,
    ),
    Task("mmmu", "accuracy, %", _mmmu, _GOLD, alone=True),
    Task("mmmu_pro", "accuracy, %", _mmmu_pro, _GOLD, alone=True),
)
