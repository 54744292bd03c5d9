"""What came back of a lost skill, as the report shows `reports/recovery.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.markdown import escaped
from liit.reporting.claim_parts import claim_parts
from liit.reporting.section import Section, TextTable, interval
from liit.reporting.side_record import claims_of, read_side_record, with_rows

FIELDS = (
    "skill",
    "dataset",
    "seeds",
    "samples",
    "before",
    "best_before",
    "choices",
    "whole",
    "claims",
)
NAMES = {
    "random": "at random",
    "lora_gradient": "by LoRA gradient",
    "projector_gradient": "by projector gradient",
    "hidden_state": "by hidden state",
    "projector_output": "by projector output",
}
HEADER = ("Chosen", "Samples", "Accuracy", "More than random", "Relative gain %", "Of the loss %")


def recovery_sections(root: Path, scale: str) -> list[Section]:
    """Return the sections on the lost skill; none if it was not measured at ``scale``.

    Raises LiitError for a damaged record.
    """
    read = read_side_record(root / paths.RECOVERY, scale, FIELDS)
    if read is None:
        return []
    record, figures = read
    drawn = with_rows(figures, {"choices.svg": record["choices"]})
    table = TextTable(HEADER, _rows(record))
    title = "What brings a lost skill back"
    return [
        Section("recovery", title, _note(record), table, drawn, in_bar=True),
        _claims(record),
    ]


def _rows(record: Mapping[str, Any]) -> list[list[str]]:
    chosen = [(NAMES[row["choice"]], record["samples"], row) for row in record["choices"]]
    rows = [*chosen, ("the whole dataset", record["whole"]["samples"], record["whole"])]
    fields = ("score", "over_random", "relative_gain", "returned")
    return [
        [name, str(count), *(interval(row.get(field)) for field in fields)]
        for name, count, row in rows
    ]


def _note(record: Mapping[str, Any]) -> str:
    seeds = len(record["seeds"])
    over = "With one seed there are no intervals."
    if seeds > 1:
        over = f"Intervals are Student's t, 95 %, over {seeds} seeds."
    return (
        f"The sequential row has {interval(record['before'])} in {escaped(record['skill'])} before "
        f"its last step, and had {interval(record['best_before'])} at its best. From there the "
        f"last step is trained on {record['samples']:,} samples of {escaped(record['dataset'])} "
        "that are not of that skill: drawn at random, or most similar to samples of it in one of "
        "four spaces (appendix C of the paper, Figure 9). Relative gain is in percent of the row's "
        "best at any step; the last column says which share of what was lost is back. The last row "
        f"is the step as the row has it. {over}"
    )


def _claims(record: Mapping[str, Any]) -> Section:
    note = "Differences of the skill's accuracy, paired by seed; verdicts follow the same rule."
    table, html = claim_parts(claims_of(record, len(record["seeds"])), "in points")
    return Section("recovery-claims", "The paper's claims about recovery", note, table, html=html)
