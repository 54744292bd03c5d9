"""One model at a time: answers of two models in one folder are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from liit.errors import LiitError
from liit.scoring.answers import Answer
from liit.scoring.files import Document


def refuse_two_models(answers: Sequence[Answer]) -> None:
    """Raise LiitError if different answers to one question come from different files."""
    if len({answer.text for answer in answers}) > 1:
        first = answers[0].record
        of_one_file(
            [answer.record.document for answer in answers],
            f"answer {first.id or first.image or first.question!r}, and not alike",
        )


def of_one_file(documents: Sequence[Document], what: str) -> None:
    """Raise LiitError if the documents are different files; ``what`` says what both of them do."""
    files = list(dict.fromkeys(document.path for document in documents))
    if len(files) > 1:
        raise LiitError(
            f"{files[0]} and {files[1]} both {what}: they look like two models",
            next_step="score one file at a time",
        )


def refuse_mixed(answers: Sequence[Answer]) -> None:
    """Raise LiitError if two files hold different answers to one question."""
    alike: dict[Hashable, list[Answer]] = defaultdict(list)
    for answer in answers:
        record = answer.record
        if record.id is not None or answer.question:
            alike[record.id, record.image_path, answer.question].append(answer)
    for group in alike.values():
        refuse_two_models(group)
