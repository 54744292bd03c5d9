"""The choice of a scorer must not depend on how a score is scaled; the released one does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from liit.selection.multiway import histogram_entropy, spread
from liit.selection.released import spread_by_scale


def test_entropy_by_hand() -> None:
    # 40 values trimmed to 36: four equal bins of nine -> 2 bits
    four = np.repeat([0.0, 1.0, 2.0, 3.0], [11, 9, 9, 11])
    assert histogram_entropy(four) == pytest.approx(2.0)
    assert histogram_entropy(np.linspace(0, 1, 50_000)) == pytest.approx(np.log2(50), abs=1e-3)
    assert histogram_entropy(np.ones(10)) == 0.0
    assert histogram_entropy(np.array([3.0])) == 0.0


def test_mostly_undefined_scores_cannot_win() -> None:
    values = np.where(np.arange(100) < 49, np.linspace(0, 1, 100), np.nan)
    assert histogram_entropy(values) == -1.0
    assert histogram_entropy(np.full(4, np.nan)) == -1.0
    assert histogram_entropy(np.zeros(0)) == -1.0
    result = spread({"undefined": values, "constant": np.ones(100)})
    assert max(result, key=result.__getitem__) == "constant"


def test_outliers_do_not_flatten_the_histogram() -> None:
    values = np.linspace(0, 1, 1000)
    values[:20], values[-20:] = -1e6, 1e6
    assert histogram_entropy(values) > 5.5


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300))
def test_a_mirrored_score_ties(seed: int, n: int) -> None:
    # quarters are exact, and no value lies on an edge between bins other than the ends
    values = np.random.default_rng(seed).integers(0, 201, size=n) * 0.25 + 0.125
    values = np.concatenate([[0.0] * n, values, [50.5] * n])
    result = spread({"score": values, "mirror": 50.5 - values})
    assert result["score"] == pytest.approx(result["mirror"], abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 300),
    st.floats(1e-6, 1e6),
    st.floats(-1e3, 1e3),
)
def test_scale_and_shift_change_nothing(seed: int, n: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    scores = {"a": rng.normal(size=n), "b": rng.gamma(1.5, size=n), "c": rng.integers(4, size=n)}
    assume(abs(shift) < 1e6 * scale)
    moved = {name: values * scale + shift * scale for name, values in scores.items()}
    assert spread(moved) == pytest.approx(spread(scores), abs=1e-12)
    before, after = spread(scores), spread(moved)
    assert max(before, key=before.__getitem__) == max(after, key=after.__getitem__)


@pytest.mark.parametrize(
    ("scale", "bits"),
    [(0.1, 5.61), (0.5, 5.43), (1.0, 4.67), (2.0, 3.67), (5.0, 2.38), (50.0, 0.0)],
)
def test_released_rule_prefers_small_scales(scale: float, bits: float) -> None:
    # measured on the released code with normal scores: the same shape, six different entropies
    values = np.random.default_rng(0).normal(size=20_000) * scale
    assert spread_by_scale({"x": values})["x"] == pytest.approx(bits, abs=0.06)
    assert histogram_entropy(values) == pytest.approx(5.55, abs=0.03)


def test_released_rule_on_constant_scores() -> None:
    assert spread_by_scale({"x": np.ones(9), "y": np.full(9, np.nan)}) == {"x": 0.0, "y": 0.0}
