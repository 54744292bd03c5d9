"""Items of the exams as targets: for the one signal that sees what will be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liit import paths
from liit.config import Params
from liit.data.corpus import Corpus
from liit.data.encode import Encoder
from liit.data.sources import image_root
from liit.data.store import SampleStore
from liit.errors import LiitError

ITEMS = 64
"""Items of an exam that stand for it, as many as LESS takes of a dataset."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Items of every exam with their reference answers, and which are whose."""

    corpus: Corpus
    ids: Mapping[str, Sequence[str]]

    @property
    def all_ids(self) -> list[str]:
        """The ids of all items, sorted."""
        return sorted(id_ for ids in self.ids.values() for id_ in ids)

    def means(self, gradients: NDArray[Any]) -> Tensor:
        """Return each exam's mean gradient [exams, d], given those of :attr:`all_ids`.

        Items without an answer do not count; an exam that has no other is left out. Raises
        LiitError if none is left.
        """
        row = {id_: place for place, id_ in enumerate(self.all_ids)}
        means = []
        for ids in self.ids.values():
            own = gradients[[row[id_] for id_ in ids]].astype(np.float32)
            own = own[np.isfinite(own).all(axis=1)]
            if len(own):
                means.append(own.mean(axis=0))
        if not means:
            raise LiitError(
                f"no item of {', '.join(self.ids) or 'any exam'} has an answer.",
                next_step="give params.yaml an exam whose items are prepared, references and all.",
            )
        return torch.from_numpy(np.stack(means))


def open_targets(params: Params, encoder: Encoder) -> Targets:
    """Open up to :data:`ITEMS` items of each prepared exam, evenly spaced by id."""
    stores = {
        exam.task: SampleStore(paths.exam_store(exam.task), image_root(params, exam))
        for exam in params.prepared_exams
    }
    ids = {task: _spaced(sorted(store.column("id"))) for task, store in stores.items()}
    return Targets(Corpus(list(stores.values()), encoder), ids)


def _spaced(ids: list[str]) -> list[str]:
    places = np.linspace(0, len(ids) - 1, min(ITEMS, len(ids))).astype(np.int64)
    return [ids[place] for place in places]
