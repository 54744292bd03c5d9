"""The session's tiny model and pool."""

from __future__ import annotations

import pytest
import torch
from tiny_pool import World, build


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    torch.set_num_threads(1)
    return build(tmp_path_factory.mktemp("world"))
