"""What is chosen does not depend on how the signals were batched, sharded or ordered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import CPU
from tiny_pool import SETTINGS, World

from liit.pool import Pool
from liit.selection import load, select
from liit.signals import engine
from liit.signals.engine import measure

BUDGET = 24
METHODS = ("adapt_inf", "image_grounding", "el2n")


def selections(
    world: World, folder: Path, order: list[int] | None = None, **changed: Any
) -> dict[str, list[str]]:
    """The ids that each method chooses, from signals measured with ``changed`` settings."""
    methods = {name: load("main", name) for name in METHODS}
    names = frozenset(name for method in methods.values() for name in method.signals)
    found = measure(
        world.model,
        world.corpus,
        world.ids,
        names,
        settings=replace(SETTINGS, **changed),
        devices=CPU,
        folder=folder,
        made_from={},
        seed=0,
    )
    rows = np.array(range(len(world.ids)) if order is None else order)
    steps = np.array([row % 2 for row in range(len(world.ids))])
    pool = Pool(np.array(world.ids)[rows], steps[rows], now=1)
    signals = {name: values[rows] for name, values in found.items()}
    return {
        name: select(method, pool, signals, BUDGET, run_seed=0).ids.tolist()
        for name, method in methods.items()
    }


@pytest.fixture(scope="module")
def usual(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return selections(world, tmp_path_factory.mktemp("usual"))


def test_methods_choose_their_budget_and_not_the_same(usual: dict[str, list[str]]) -> None:
    assert {len(ids) for ids in usual.values()} == {BUDGET}
    assert len({tuple(ids) for ids in usual.values()}) == len(METHODS)


@pytest.mark.parametrize("tokens", [1, 90, 1000, 10**6])
def test_whatever_the_tokens_per_batch(
    world: World, usual: dict[str, list[str]], tmp_path: Path, tokens: int
) -> None:
    assert selections(world, tmp_path, tokens_per_batch=tokens) == usual


def test_whatever_the_shards_and_the_order_of_the_pool(
    world: World,
    usual: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "SHARD_SAMPLES", 7)
    order = np.random.default_rng(3).permutation(len(world.ids)).tolist()
    assert selections(world, tmp_path, order=order) == usual
