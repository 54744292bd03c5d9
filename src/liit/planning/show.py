"""The estimates as a table for the terminal, beside the paper's hours at its own scale."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from liit.config import Params
from liit.paper import BASELINE, PAPER_HOURS
from liit.planning.calibration import Rates
from liit.planning.estimate import GB, Estimate, adapter_bytes
from liit.planning.geometry import geometry_of
from liit.planning.workload import ASSUMED, Arrival

PAPER_SCALE = "llava-1.5-7b"


def render(
    params: Params,
    estimates: Sequence[Estimate],
    stream: Sequence[Arrival],
    *,
    rates: Rates,
    devices: int,
) -> Group:
    """Return the table and what it rests on."""
    beside = params.scale == PAPER_SCALE
    title = f"scale {params.scale}, B = {params.budget:,}"
    table = Table(box=box.SIMPLE_HEAD, title=title, padding=0)
    table.add_column("method", no_wrap=True)
    heads = ["scored", "FLOP", "signals", "train", "total", "×"]
    for head in [*heads, *(["paper", "×"] if beside else []), "disk"]:
        table.add_column(head, justify="right", no_wrap=True)
    baseline = next((one.seconds for one in estimates if one.method == BASELINE), None)
    for one in estimates:
        table.add_row(
            one.method,
            count(one.scored),
            f"{one.signal_operations + one.training_operations:.1e}".replace("+", ""),
            duration(one.signal_seconds),
            duration(one.training_seconds),
            duration(one.seconds),
            _times(one.seconds / baseline) if baseline else "–",
            *(_published(one.method) if beside else ()),
            size(one.signals_disk_gb),
        )
    return Group(table, Text("\n".join(_notes(params, estimates, stream, rates, devices))))


def count(number: int) -> str:
    """Return a number of samples, in thousands or millions where it is large."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.0f} k" if number < 1e6 else f"{number / 1e6:.1f} M"


def duration(seconds: float) -> str:
    """Return seconds, minutes or hours, to two or three digits; a dash for nothing."""
    if seconds == 0:
        return "–"
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min" if seconds < 600 else f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _notes(
    params: Params,
    estimates: Sequence[Estimate],
    stream: Sequence[Arrival],
    rates: Rates,
    devices: int,
) -> list[str]:
    notes = [f"Passes: {line}" for line in _passes(estimates)]
    signals = max(one.signals_memory_gb for one in estimates)
    training = max(one.training_memory_gb for one in estimates)
    notes += [
        f"× is the total over that of {BASELINE}.",
        f"Memory per device: signals {size(signals)}, training {size(training)}.",
        f"Disk is what the signals of all steps take; an adapter takes {size(_adapter(params))}.",
    ]
    notes.append(f"Speed: {rates.source}; {_rates(rates)}; {devices} device(s).")
    guessed = [one.name for one in stream if not one.measured]
    if guessed:
        text, answers, images = ASSUMED
        notes.append(
            f"Not prepared here, so assumed: {text:g} text tokens, {answers:g} of them answers, "
            f"and {images:g} image per sample of {', '.join(guessed)}."
        )
    notes.append(
        "Not counted: clustering, picking, evaluation, loading, and signals that methods share."
    )
    if params.scale == PAPER_SCALE:
        notes.append("Paper: Adapt-∞, Table 6 (8 × A100, k-means included).")
    return notes


def _passes(estimates: Sequence[Estimate]) -> list[str]:
    of: dict[tuple[str, ...], list[str]] = {}
    for one in estimates:
        of.setdefault(one.passes, []).append(one.method)
    return [
        f"{' and '.join(passes) or 'none'} for {', '.join(names)}." for passes, names in of.items()
    ]


def _rates(rates: Rates) -> str:
    signals, training = rates.signals / 1e12, rates.training / 1e12
    if signals == training:
        return f"{signals:.3g} TFLOP/s"
    return f"{signals:.3g} TFLOP/s in the signals passes, {training:.3g} in training"


def _published(method: str) -> tuple[str, str]:
    hours = PAPER_HOURS.get(method)
    if hours is None:
        return "–", "–"
    return f"{hours.total:g} h", _times(hours.total / PAPER_HOURS[BASELINE].total)


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def _adapter(params: Params) -> float:
    return adapter_bytes(params, geometry_of(params.model)) / GB


def size(gigabytes: float) -> str:
    """Return bytes as MB, GB or TB; a dash for none."""
    if gigabytes == 0:
        return "–"
    if gigabytes < 1:
        return f"{gigabytes * 1000:.1f} MB" if gigabytes < 0.01 else f"{gigabytes * 1000:.0f} MB"
    if gigabytes < 100:
        return f"{gigabytes:.1f} GB"
    return f"{gigabytes:.0f} GB" if gigabytes < 1000 else f"{gigabytes / 1000:.1f} TB"
