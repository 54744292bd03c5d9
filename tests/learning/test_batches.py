"""Batches: every sample once per epoch, the same global batches on any number of ranks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liit.data.module import GroupedBatches
from liit.errors import LiitError


def sampler(lengths: list[int], rank: int = 0, ranks: int = 1, micro: int = 2) -> GroupedBatches:
    return GroupedBatches(lengths, batch_size=8, micro=micro, rank=rank, ranks=ranks, seed=3)


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=200))
def test_every_sample_once_per_epoch(lengths: list[int]) -> None:
    one = sampler(lengths)
    for epoch in range(2):
        batches = one.global_batches(epoch)
        assert len(batches) == one.steps
        assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))


@given(st.lists(st.integers(1, 300), min_size=8, max_size=120), st.sampled_from([2, 4]))
def test_ranks_share_the_batches_of_one(lengths: list[int], ranks: int) -> None:
    alone = list(sampler(lengths))
    shares = [list(sampler(lengths, rank, ranks)) for rank in range(ranks)]
    assert len({len(share) for share in shares}) == 1
    together = [micro for step in zip(*shares, strict=True) for micro in step]
    assert together == alone
    assert all(micro for micro in together)


def test_epochs_differ_and_repeat() -> None:
    lengths = list(range(40))
    first, again = sampler(lengths), sampler(lengths)
    assert list(first) == list(again)
    assert list(first) == list(again) != list(sampler(lengths))


def test_similar_lengths_stand_together() -> None:
    lengths = [(-1) ** row * (row % 50 + 1) for row in range(256)]
    spreads = []
    for batch in sampler(lengths).global_batches(0):
        kinds = [lengths[row] for row in batch]
        spreads.append(max(kinds) - min(kinds))
    assert sorted(spreads)[len(spreads) // 2] <= 8


def test_ranks_that_cannot_share_a_batch_are_refused() -> None:
    with pytest.raises(LiitError, match="3 ranks cannot share 4 micro-batches"):
        sampler([1] * 9, rank=0, ranks=3)
