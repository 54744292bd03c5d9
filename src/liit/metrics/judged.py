"""Scores given by a judge: AlpacaEval's win rate, LLaVA-Bench's ratio. No judge runs here."""

from __future__ import annotations

from collections.abc import Sequence


def win_rate(preferences: Sequence[float | None]) -> tuple[float, int]:
    """Return AlpacaEval's win rate in % and the number of judged pairs.

    2 is a win and 1 a loss; 0 and 1.5 are draws and count half; None was not judged and leaves
    the denominator. Values between 1 and 2 are the weighted annotator's: value - 1.
    """
    judged = [value for value in preferences if value is not None]
    points = [0.5 if value == 0 else value - 1 for value in judged]
    return (100 * sum(points) / len(points) if points else float("nan")), len(judged)


def relative_score(pairs: Sequence[tuple[float, float]], *, rounded_means: bool = False) -> float:
    """LLaVA-Bench: 100 · mean mark of the answer / mean mark of the reference, to one decimal.

    LLaVA's own summary rounds both means to three decimals first (``rounded_means``), which can
    move the result by 0.1. It can exceed 100 and is no accuracy.
    """
    reference = sum(first for first, _ in pairs) / len(pairs)
    answer = sum(second for _, second in pairs) / len(pairs)
    if rounded_means:
        reference, answer = round(reference, 3), round(answer, 3)
    return round(answer / reference * 100, 1) if reference else float("nan")
