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


def relative_score(pairs: Sequence[tuple[float, float]]) -> float:
    """LLaVA-Bench: 100 · mean score of the answer / mean score of the reference.

    Means are rounded to three decimals and the result to one, as LLaVA's summary does; it can
    exceed 100 and is no accuracy.
    """
    reference = round(sum(first for first, _ in pairs) / len(pairs), 3)
    answer = round(sum(second for _, second in pairs) / len(pairs), 3)
    return round(answer / reference * 100, 1)
