"""Small draws of every dataset and exam, shared by the tests."""

from __future__ import annotations

from functools import cache

from liit.data.sample import Sample
from liit.data.world import DATASETS, draw_dataset, draw_exam

DUPLICATES, LOW_QUALITY, SIZE, ITEMS = 0.2, 0.1, 700, 60


def even_shares(name: str) -> dict[str, float]:
    return dict.fromkeys(DATASETS[name], 1 / len(DATASETS[name]))


@cache
def training_set(name: str) -> list[Sample]:
    return list(
        draw_dataset(
            name,
            SIZE,
            3,
            duplicates=DUPLICATES,
            low_quality=LOW_QUALITY,
            skills=even_shares(name),
        )
    )


@cache
def exam(task: str) -> list[Sample]:
    return list(draw_exam(task, ITEMS, 3))
