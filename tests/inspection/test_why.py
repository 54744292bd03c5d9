"""Why a sample was chosen, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liit.inspection.ranks import Bin, bin_of, rank_of
from liit.inspection.reasons import from_trace, nearest_members
from liit.inspection.retrace import retrace
from liit.pool import Pool
from liit.selection import Method, select
from liit.selection.groups import by_source
from liit.selection.method import Candidates
from liit.selection.picks import bottom, ccs, middle, top
from liit.selection.pools import newest
from liit.selection.representations import hidden_states


def surprise(nll):
    return nll


def doubt(entropy):
    return entropy


POOL = Pool.of({0: ["a", "b", "c"], 1: ["d", "e", "f"]}, 1)
NLL = np.array([5.0, 1.0, 3.0, 4.0, np.nan, 2.0])  # of a to f
TOP = Method(label="x", scorers=(surprise,), pick=top)


def candidates(scores: list[float]) -> Candidates:
    return Candidates(np.array(scores), np.arange(len(scores), dtype=np.uint64))


def test_ranks_count_from_the_top_and_equal_values_share_the_best() -> None:
    values = np.array([0.5, 2.0, 2.0, np.nan, -1.0])
    ranks = [rank_of(values, row) for row in range(5)]
    assert [one.rank for one in ranks] == [3, 1, 1, None, 4]
    assert {one.of for one in ranks} == {4}
    assert ranks[3].value is None and ranks[0].value == 0.5


def test_a_bin_is_that_of_the_even_cover() -> None:
    # 20 scores 0 to 19: one is trimmed at either end, and 1 to 18 are cut into 50 bins of 0.34
    seen = candidates([float(score) for score in range(20)])
    assert bin_of(seen, np.array([1, 9]), 1) == Bin(1, 1, 1)
    assert bin_of(seen, np.array([1]), 18) == Bin(50, 1, 0)
    assert bin_of(seen, np.array([]), 9) == Bin(24, 1, 0)  # (9 - 1) / 17 * 50 = 23.5
    assert "lowest 5%" in str(bin_of(seen, np.array([]), 0))
    assert "highest 5%" in str(bin_of(seen, np.array([]), 19))
    assert "undefined" in str(bin_of(candidates([1.0, np.nan, 2.0]), np.array([]), 1))


def test_equal_scores_share_a_bin() -> None:
    found = bin_of(candidates([1.0, 1.0, 1.0, 9.0]), np.array([0, 2, 3]), 1)
    assert found == Bin(1, 3, 2)


@pytest.mark.parametrize(
    ("pick", "chosen", "words"),
    [
        (top, {"a", "d"}, "number 1 of 5 from the highest; the highest are taken"),
        (bottom, {"b", "f"}, "number 5 of 5 from the lowest, which are taken"),
        (middle, {"c", "f"}, "number 1 of 5 from the highest; the middle are taken"),
    ],
)
def test_a_ranking_says_where_a_sample_stood(pick, chosen: set[str], words: str) -> None:
    method = replace(TOP, pick=pick)
    trace = retrace(method, POOL, {"nll": NLL}, 2, 0)
    assert trace.chosen == chosen
    reason = from_trace(method, trace, "a")
    verdict = "Chosen" if "a" in chosen else "Not chosen"
    assert reason.text.startswith(f"{verdict}: of 6 candidates, 2 were taken.")
    assert words in reason.text and reason.scorer == "surprise" and reason.score == 5.0
    assert "undefined" in from_trace(method, trace, "e").text


def test_a_trace_chooses_what_the_selection_chose() -> None:
    rng = np.random.default_rng(0)
    pool = Pool.of({0: [f"a{i:02}" for i in range(30)], 1: [f"b{i:02}" for i in range(30)]}, 1)
    signals = {
        "nll": rng.normal(size=60),
        "entropy": rng.normal(size=60),
        "hidden": rng.normal(size=(60, 4)),
    }
    method = Method(
        label="x",
        represent=hidden_states,
        group=by_source,
        budget=lambda groups, total, generator: np.array([total // 2, total - total // 2]),
        scorers=(surprise, doubt),
        pick=ccs,
    )
    trace = retrace(method, pool, signals, 20, 3)
    selection = select(method, pool, signals, 20, 3)
    assert trace.chosen == set(selection.ids.tolist()) and len(trace.shares) == 2
    for id_, group, scorer, score in zip(
        selection.ids.tolist(), selection.group, selection.scorer, selection.score, strict=True
    ):
        reason = from_trace(method, trace, id_)
        assert reason.text.startswith("Chosen: of the 30 members of group")
        assert (reason.group, reason.scorer, reason.score) == (group, scorer, score)
        assert reason.members == 30 and isinstance(reason.bin, Bin) and reason.bin.taken >= 1


def test_who_is_no_candidate_is_told_apart_from_who_was_not_taken() -> None:
    method = replace(TOP, pool=newest)
    trace = retrace(method, POOL, {"nll": NLL}, 1, 0)
    assert trace.chosen == {"d"}
    assert (
        "Not a candidate: the method chooses from newest: 3" in from_trace(method, trace, "a").text
    )
    assert from_trace(method, trace, "f").text.startswith("Not chosen: of 3 candidates, 1 were")


def test_without_a_direction_a_sample_is_in_the_reserve() -> None:
    hidden = np.array([[1.0, 0], [0, 1], [1, 1], [1, 0], [0, 0], [1, 0.1]])
    method = Method(label="x", represent=hidden_states, group=by_source)
    trace = retrace(method, POOL, {"hidden": hidden}, 2, 0)
    assert "no direction" in from_trace(method, trace, "e").text
    assert nearest_members(trace, "e") == []


def test_neighbours_are_of_the_own_group_and_the_nearest_first() -> None:
    hidden = np.array([[1.0, 0], [1, 1], [1, 0], [2, 0], [0, 1], [3, 3]])
    method = Method(label="x", represent=hidden_states, group=by_source)
    trace = retrace(method, POOL, {"hidden": hidden}, 2, 0)
    found = nearest_members(trace, "a")
    assert [id_ for id_, _ in found] == ["c", "b"]  # d has the same direction, but another group
    assert [cosine for _, cosine in found] == pytest.approx([1.0, np.sqrt(0.5)])
