"""Small draws of every dataset and exam, shared by the tests."""

from __future__ import annotations

from functools import cache

import pytest

from liit.data.sample import Sample
from liit.data.world import DATASETS, EXAMS, draw_dataset, draw_exam

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


@pytest.fixture(scope="session", params=sorted(DATASETS))
def dataset(request: pytest.FixtureRequest) -> list[Sample]:
    return training_set(request.param)


@pytest.fixture(scope="session", params=sorted(EXAMS))
def task(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def exam_items(task: str) -> list[Sample]:
    return exam(task)
