"""Evaluation sets as lm-eval sees them: light documents that point at samples on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.errors import LiitError, nearest


@dataclass(frozen=True, slots=True)
class Item:
    """One sample of an evaluation set by its place: what a document holds instead of images."""

    exam: SampleStore
    row: int

    def sample(self) -> Sample:
        """Read the sample; its images are not opened."""
        return self.exam[self.row]

    def __str__(self) -> str:
        """Return file and row: lm-eval hashes documents by their text."""
        return f"{self.exam.path.name}:{self.row}"


class Documents(list[dict[str, Any]]):
    """The documents of one evaluation set, in file order.

    Keys: ``id``, ``item``, ``text`` (last user turn), ``target`` (last assistant turn), ``extra``.
    lm-eval asks a dataset for its ``features`` to tell a column's name from a template.
    """

    features = dict.fromkeys(("id", "item", "text", "target", "extra"))

    def __init__(self, exam: SampleStore) -> None:
        """Read everything but the images."""
        super().__init__(_document(Item(exam, row), sample) for row, sample in enumerate(exam))


def load(
    *, exam: str, exams_dir: str, image_roots: dict[str, str], **_metadata: Any
) -> dict[str, Documents]:
    """Return the documents of ``exams_dir/exam.arrow`` as the split ``test`` (``custom_dataset``).

    ``exam`` comes from the task's YAML, the rest from the task manager's metadata. Raises LiitError
    if the set has not been prepared.
    """
    prepared = [file.stem for file in sorted(Path(exams_dir).glob("*.arrow"))]
    if prepared and exam not in prepared:
        raise LiitError(
            f"A task asks the exam {exam!r}, which is not prepared{nearest(exam, prepared)}.",
            next_step="let dataset_kwargs of its YAML name an exam of params.yaml, and run "
            "`liit prepare`.",
        )
    root = image_roots.get(exam)
    store = SampleStore(Path(exams_dir) / f"{exam}.arrow", None if root is None else Path(root))
    return {"test": Documents(store)}


def _document(item: Item, sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "item": item,
        "text": sample.turns[-2].text,
        "target": sample.turns[-1].text,
        "extra": sample.extra,
    }
