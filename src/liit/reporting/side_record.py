"""The record of what a stage of its own measured beside the rows: numbers, claims and figures.

It lies below `reports/` as JSON, its figures in the folder of the same name; the stage has that
name too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from liit.evaluation.statistics import Estimate
from liit.files import read_record, write_json
from liit.plotting import Drawing, read_drawings, save_drawings
from liit.progress import say
from liit.reporting.claims import Claim
from liit.reporting.section import ReportFigure

DIGITS = 5
"""Decimals that are kept: the next ones are below every interval."""


def write_side_record(path: Path, record: Mapping[str, Any], drawings: Iterable[Drawing]) -> None:
    """Write the figures, then the record, and say each claim's verdict."""
    save_drawings(drawings, path.with_suffix(""))
    write_json(path, record)
    for claim in record.get("claims", ()):
        say(f"{claim['verdict']}: {claim['claim']}")


def read_side_record(
    path: Path, scale: str, fields: Sequence[str]
) -> tuple[dict[str, Any], list[ReportFigure]] | None:
    """Return the record and its figures; None if nothing was measured at ``scale``.

    Raises LiitError for a damaged record, and for one without all of ``fields``.
    """
    if not path.is_file():
        return None
    record = read_record(path, "scale", next_step=_again(path))
    if record["scale"] != scale or len(record) == 1:
        return None
    record = read_record(path, *fields, next_step=_again(path))
    return record, figures_in(path.with_suffix(""), _again(path))


def figures_in(folder: Path, next_step: str) -> list[ReportFigure]:
    """Return the figures that a stage drew into a folder below the report."""
    drawn = read_drawings(folder, next_step=next_step)
    return [ReportFigure(name, *kept, folder=folder.name) for name, kept in drawn.items()]


def with_rows(
    figures: Iterable[ReportFigure], rows: Mapping[str, Iterable[Mapping[str, Any]]]
) -> list[ReportFigure]:
    """Return figures with the numbers in them, which a record keeps as objects, by figure."""
    return [replace(one, rows=flat(rows.get(one.name, ()))) for one in figures]


def flat(objects: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Return objects as a table, its header first; what is inside others gets a dotted name."""
    lines = [dict(_leaves(one)) for one in objects]
    header = list(dict.fromkeys(name for line in lines for name in line))
    return [header, *([line.get(name) for name in header] for line in lines)] if lines else []


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        yield name, " ".join(map(str, value))
    else:
        yield name, value


def rounded(value: Estimate | None) -> dict[str, float | None] | None:
    """Return an estimate as a record holds it; no zero is negative."""
    if value is None:
        return None
    ends = {"mean": value.mean, "low": value.low, "high": value.high}
    return {name: None if end is None else round(end, DIGITS) + 0.0 for name, end in ends.items()}


def claims_as_json(claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """Return claims as a record holds them."""
    return [
        {
            "claim": claim.claim,
            "verdict": claim.verdict,
            "differences": [[text, rounded(value)] for text, value in claim.differences.items()],
            "missing": list(claim.missing),
        }
        for claim in claims
    ]


def claims_of(record: Mapping[str, Any], seeds: int) -> list[Claim]:
    """Return a record's claims, judged over so many seeds."""
    return [
        Claim(
            one["claim"],
            {text: Estimate(**value) for text, value in one["differences"]},
            seeds,
            tuple(one["missing"]),
        )
        for one in record["claims"]
    ]


def _again(path: Path) -> str:
    return f"run `dvc repro {path.stem}`."
