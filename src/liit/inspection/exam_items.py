"""The exam items nearest to a sample by their words, and what the evaluated model answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liit.data.encode import Encoder
from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.inspection.facts import in_a_line

SHOWN = 5
"""Exam items that are shown."""


@dataclass(frozen=True)
class NearItem:
    """An exam item, its place in the exam's file, and its cosine to the sample (0..1)."""

    task: str
    row: int
    cosine: float
    sample: Sample


class ExamItems:
    """The items of all exams, to be compared with samples.

    By the cosine of TF-IDF vectors over groups of two to four characters inside words, of questions
    and answers: it needs no model, and works in every language of the stream.
    """

    def __init__(self, exams: Mapping[str, SampleStore]) -> None:
        """Read and weigh all items."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.exams = exams
        self._places = [(task, row) for task, store in exams.items() for row in range(len(store))]
        self._weigher = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
        texts = [_words(item) for store in exams.values() for item in store]
        self._vectors = self._weigher.fit_transform(texts)

    def nearest(self, sample: Sample) -> list[NearItem]:
        """Return the items nearest to a sample, equal ones by exam and place."""
        cosines = (self._vectors @ self._weigher.transform([_words(sample)]).T).toarray()[:, 0]
        best = np.argsort(-np.round(cosines, 9), kind="stable")[:SHOWN].tolist()
        return [
            NearItem(task, row, float(cosine), self.exams[task][row])
            for (task, row), cosine in ((self._places[at], cosines[at]) for at in best)
        ]


def _words(sample: Sample) -> str:
    return "\n".join(in_a_line(turn.text) for turn in sample.turns)


def stored_answers(
    items: Sequence[NearItem],
    exams: Mapping[str, SampleStore],
    encoder: Encoder,
    file: Path,
    weights: str,
) -> list[list[Any]]:
    """Return what a model answered to each item, as evaluation stored it: texts, or likelihoods.

    ``file``: a store of predictions, which is only read; ``weights``: the digest of the model.
    """
    from liit.evaluation.documents import Item
    from liit.evaluation.predictions import answers_to
    from liit.evaluation.prompts import Prompts

    prompts = Prompts(encoder)
    keys = [prompts.prompt(Item(exams[item.task], item.row)).key for item in items]
    return answers_to(file, weights, keys)
