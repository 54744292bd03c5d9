"""Every dataset, exam and exam's items, one test each."""

from __future__ import annotations

import pytest
from drawn import exam, training_set

from liit.data.sample import Sample
from liit.data.world import DATASETS, EXAMS


@pytest.fixture(scope="session", params=sorted(DATASETS))
def dataset(request: pytest.FixtureRequest) -> list[Sample]:
    return training_set(request.param)


@pytest.fixture(scope="session", params=sorted(EXAMS))
def task(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def exam_items(task: str) -> list[Sample]:
    return exam(task)
