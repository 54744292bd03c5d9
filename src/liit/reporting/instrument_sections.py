"""What signals are worth against the truth, as the report shows `reports/instrument.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.reporting.claim_parts import claim_parts
from liit.reporting.section import DASH, Section, TextTable
from liit.reporting.side_record import claims_of, read_side_record, with_rows

FIELDS = ("scale", "models", "settings", "pools", "representations", "claims")


def instrument_sections(root: Path, scale: str) -> list[Section]:
    """Return the sections on signals against the truth; none if they were not judged at ``scale``.

    Raises LiitError for a damaged record.
    """
    read = read_side_record(root / paths.INSTRUMENT, scale, FIELDS)
    if read is None:
        return []
    record, figures = read
    table = TextTable(
        ["Pool and model", "Samples compared by", "k", "AMI with skill", "AMI with dataset"],
        list(_rows(record)),
    )
    title = "Signals against the truth"
    return [
        _mechanisms(record),
        Section(
            "truth", title, _note(record), table, with_rows(figures, _numbers(record)), in_bar=True
        ),
    ]


def _numbers(record: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Return what each figure draws."""
    groups = record["representations"]
    alone = [{name: one for name, one in row.items() if name != "grid"} for row in groups]
    names = ("equal_budgets", "scores", "copies")
    rest = {f"{name}.svg": record.get(name, []) for name in names}
    return {"groups.svg": alone, "grid.svg": groups, **rest}


def _mechanisms(record: Mapping[str, Any]) -> Section:
    note = (
        "What the paper says of signals (§3.1, §3.2, §4.2 and §4.3, Figures 2, 4 and 5B), judged "
        "without any training against what is known of the samples. Differences are "
        "in hundredths of AMI, AUROC, variance or evenness, with 95 % intervals over clustering "
        "seeds or over redrawn samples, for each pool and model; verdicts follow the same rule."
    )
    table, html = claim_parts(claims_of(record, record["settings"]["seeds"]), "in hundredths")
    return Section("mechanisms", "The paper's claims about mechanisms", note, table, html=html)


def _note(record: Mapping[str, Any]) -> str:
    models = ", ".join(model["name"] for model in record["models"])
    alone = " No run was on this machine, so there is no model but the base." * (
        len(record["models"]) == 1
    )
    seeds = record["settings"]["seeds"]
    return (
        f"Models: {models}.{alone} Groups are those of k-means with k at the elbow, as Adapt-∞ "
        f"makes them; adjusted mutual information (AMI) is 0 by chance and 1 where groups and "
        f"names are the same, with the 95 % interval over {seeds} clustering seeds."
    )


def _rows(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield a row per pool, model and space, those of whole pools and few samples by their size."""
    for row in record["representations"]:
        place = f"t = {row['step']}, {row['model']}, {row['rows']:,} samples"
        ks = "/".join(map(str, row["k"]))
        yield [place, row["space"], ks, *(_ami(row["ami"][name]) for name in ("skill", "dataset"))]


def _ami(value: Mapping[str, float | None] | None) -> str:
    if value is None or value["mean"] is None:
        return DASH
    ends = [value["mean"], value["low"], value["high"]]
    mean, *interval = (DASH if end is None else f"{round(end, 3) + 0.0:.3f}" for end in ends)
    return f"{mean} [{', '.join(interval)}]" if value["low"] is not None else mean
