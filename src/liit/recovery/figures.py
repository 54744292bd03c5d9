"""The figure of the record: what each choice of samples brings back of the skill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from liit.plotting import HUES, INK, MUTED, Drawing, styled
from liit.recovery.choices import LABELS

Record = Mapping[str, Any]


def drawings(record: Record) -> Iterator[Drawing]:
    """Yield the figure with its caption."""
    seeds = len(record["seeds"])
    over = f"mean and 95 % interval over {seeds} seeds" if seeds > 1 else "one seed, no interval"
    yield (
        "choices.svg",
        draw_choices(record),
        f"What comes back of the skill {record['skill']} when the last step is trained on "
        f"{record['samples']:,} samples of {record['dataset']} that are not of it (the paper's "
        f"Figure 9): its accuracy, and what similarity adds to a random choice, paired by seed; "
        f"{over}. Lines mark it at its best before the last step (dashed) and just before that "
        "step (dotted).",
    )


@styled
def draw_choices(record: Record) -> Figure:
    """Draw the skill's score by choice, and its difference to the random one."""
    choices = record["choices"]
    names = [LABELS[row["choice"]] for row in choices] + ["the whole dataset"]
    figure = Figure(figsize=(7.6, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    _dots(left, [row["score"] for row in [*choices, record["whole"]]])
    left.axvline(record["best_before"]["mean"], color=MUTED, linewidth=1, linestyle="--")
    left.axvline(record["before"]["mean"], color=MUTED, linewidth=1, linestyle=":")
    left.set_title(f"accuracy in {record['skill']}")
    _dots(right, [row["over_random"] for row in choices])
    right.axvline(0.0, color=MUTED, linewidth=0.8)
    right.set_title("more than random, points")
    left.set_yticks(range(len(names)), names, color=INK)
    left.set_ylim(len(names) - 0.4, -0.6)
    return figure


def _dots(axes: Axes, values: Sequence[Record | None]) -> None:
    """Draw estimates as dots on lines 0, 1, … with their intervals; undefined ones are left out."""
    for place, value in enumerate(values):
        if value is not None:
            axes.plot(value["mean"], place, "o", color=HUES[0], markersize=4.5)
            if value["low"] is not None:
                axes.hlines(place, value["low"], value["high"], color=HUES[0], linewidth=1.6)
