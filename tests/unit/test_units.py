"""Numbers as the terminal shows them."""

from __future__ import annotations

import pytest

from liit.units import count, duration, size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3.21, "3.2 s"),
        (99.96, "100.0 s"),
        (300, "5.0 min"),
        (3000, "50 min"),
        (0, "–"),
        (7200, "2.0 h"),
    ],
)
def test_durations(value: float, shown: str) -> None:
    assert duration(value) == shown


def test_counts_and_sizes() -> None:
    assert [count(9_999), count(16_526_000), count(125_000)] == ["9,999", "16.5 M", "125 k"]
    sizes = [size(0), size(0.00021), size(0.0121), size(52.14), size(270.9), size(1354)]
    assert sizes == ["–", "0.2 MB", "12 MB", "52.1 GB", "271 GB", "1.4 TB"]
