"""What samples say of themselves, as signals: from the prepared stores, without a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liit.data.corpus import Corpus
from liit.data.sample import Role, Sample
from liit.progress import tracked

_OF_SAMPLE: Mapping[str, Callable[[Sample], Any]] = {
    "answer_characters": lambda sample: sum(map(len, _said(sample, "assistant"))),
    "images": lambda sample: len(sample.images),
    "turns": lambda sample: len(_said(sample, "user")),
    "source": lambda sample: sample.source,
    "questions": lambda sample: "\n".join(_said(sample, "user")),
    "answers": lambda sample: "\n".join(_said(sample, "assistant")),
}
_OF_TOKENS: Mapping[str, Callable[[Corpus, str], int]] = {
    "answer_tokens": Corpus.answer_length,
    "tokens": lambda corpus, id_: abs(corpus.length(id_)),
}


def facts_of(corpus: Corpus, ids: Sequence[str], names: Collection[str]) -> dict[str, NDArray[Any]]:
    """Return the facts of ``liit.selection.signal_names.FACTS`` by name, aligned with ``ids``.

    Numbers are float64 [n], texts objects [n]; what is not named is not read.
    """
    values: dict[str, list[Any]] = {name: [] for name in sorted(names)}
    for id_ in tracked(ids, "facts") if names else ():
        sample = corpus.sample(id_)
        for name, column in values.items():
            of_sample = _OF_SAMPLE.get(name)
            column.append(of_sample(sample) if of_sample else _OF_TOKENS[name](corpus, id_))
    return {name: _column(column) for name, column in values.items()}


def _column(values: list[Any]) -> NDArray[Any]:
    is_text = any(isinstance(value, str) for value in values)
    return np.array(values, dtype=object if is_text else np.float64)


def _said(sample: Sample, role: Role) -> list[str]:
    return [turn.text for turn in sample.turns if turn.role == role]
