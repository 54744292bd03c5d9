"""`liit plan`: the cost of every method of a table, beside the paper's hours at its own scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from liit.config import Params
from liit.errors import LiitError
from liit.paper import BASELINE, PAPER_HOURS, paper_ratio
from liit.planning.estimate import GB, CostEstimate, adapter_bytes, estimate, signals_memory
from liit.planning.operations import forward_operations
from liit.planning.shape import shape_of
from liit.planning.speed import Speed, measure_speed, stated
from liit.planning.workload import Arrival, arrivals, questions
from liit.selection import load, names, tables
from liit.units import count, duration, size

PAPER_SCALE = "llava-1.5-7b"


@dataclass(frozen=True, slots=True)
class Plan:
    """The estimates of some methods, and what they rest on."""

    params: Params
    stream: Sequence[Arrival]
    speed: Speed
    devices: int
    estimates: Sequence[CostEstimate]
    exams: Sequence[Arrival]

    @property
    def evaluation_seconds(self) -> float:
        """What asking all exams once takes, as forward passes over questions and answers."""
        shape = shape_of(self.params.model)
        once = sum(exam.size * forward_operations(shape, exam.lengths) for exam in self.exams)
        return once / self.speed.signals / self.devices


def plan_table(
    params: Params,
    table: str,
    methods: Sequence[str] | None,
    *,
    prepared: bool,
    devices: int | None,
    tflops: float | None,
) -> Plan:
    """Return the estimates of ``methods`` (default: the rows of ``table``).

    ``prepared``: what lies in data/ and base/ belongs to ``params``. ``devices`` defaults to those
    of ``params``; ``tflops`` is what one of them does per second, in 10¹² operations, and is
    measured if None. Raises LiitError for an unknown method or table.
    """
    number = params.devices.devices * params.devices.num_nodes if devices is None else devices
    if number < 1:
        raise LiitError(f"{number} devices cannot work.", next_step="give --devices 1 or more.")
    shape = shape_of(params.model)
    stream = arrivals(params, shape.positions, prepared=prepared)
    speed = stated(tflops) if tflops else measure_speed(params, shape, _mean_tokens(stream))
    estimates = [
        estimate(
            params, name, load(_table_of(name, table), name), stream, speed=speed, devices=number
        )
        for name in methods or params.rows(table)
    ]
    exams = questions(params, shape.positions, prepared=prepared)
    return Plan(params, stream, speed, number, estimates, exams)


def _table_of(method: str, table: str) -> str:
    """Return where a method's file is: a further table shows rows of the main one beside its own.

    An unknown method stays with ``table``, whose error names the nearest.
    """
    return next((other for other in (table, *tables()) if method in names(other)), table)


def _mean_tokens(stream: Sequence[Arrival]) -> float:
    """Return the mean length of a sample of the stream."""
    total = sum(arrival.size for arrival in stream)
    return sum(arrival.size * arrival.lengths.tokens for arrival in stream) / total


def as_json(plan: Plan) -> dict[str, Any]:
    """Return what `--json` prints: what the estimates rest on, and their fields by method."""
    baseline = _baseline(plan)
    return {
        "scale": plan.params.scale,
        "budget": plan.params.budget,
        "devices": plan.devices,
        "speed": asdict(plan.speed),
        "seconds_per_evaluation": plan.evaluation_seconds if plan.exams else None,
        "not_prepared": _not_prepared(plan.stream),
        "methods": [
            {**asdict(row), "seconds": row.seconds, "ratio": baseline and row.seconds / baseline}
            for row in plan.estimates
        ],
    }


def _baseline(plan: Plan) -> float | None:
    """Return the seconds of the random row, if it is planned."""
    return next((row.seconds for row in plan.estimates if row.method == BASELINE), None)


def render(plan: Plan) -> Group:
    """Return the table and the notes below it."""
    beside_paper = plan.params.scale == PAPER_SCALE
    title = f"scale {plan.params.scale}, B = {plan.params.budget:,}"
    table = Table(box=box.SIMPLE_HEAD, title=title, padding=0)
    table.add_column("method", no_wrap=True)
    heads = ["scored", "FLOP", "signals", "train", "total", "×"]
    for head in [*heads, *(["paper", "×"] if beside_paper else []), "disk"]:
        table.add_column(head, justify="right", no_wrap=True)
    baseline = _baseline(plan)
    for row in plan.estimates:
        table.add_row(
            row.method,
            count(row.scored),
            f"{row.signal_operations + row.training_operations:.1e}".replace("+", ""),
            duration(row.signal_seconds),
            duration(row.training_seconds),
            duration(row.seconds),
            _times(row.seconds / baseline if baseline else None),
            *(_paper_columns(row.method) if beside_paper else ()),
            size(row.signals_disk_gb + row.state_disk_gb),
        )
    return Group(table, Text("\n".join(_notes(plan))))


def _paper_columns(method: str) -> tuple[str, str]:
    hours = PAPER_HOURS.get(method)
    return f"{hours.total:g} h" if hours else "–", _times(paper_ratio(method))


def _times(ratio: float | None) -> str:
    if ratio is None:
        return "–"
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def _notes(plan: Plan) -> list[str]:
    alone = [row.method for row in plan.estimates if row.devices < plan.devices]
    refusing = _methods_by(plan, lambda row: row.refused)
    refusing.pop("", None)
    signals = max(row.signals_memory_gb for row in plan.estimates)
    shape = shape_of(plan.params.model)
    every_layer = signals_memory(plan.params, shape, frozenset({"gradient_all"})) / GB
    adapter = adapter_bytes(plan.params, shape) / GB
    kept = ", and what learners keep" * any(row.state_disk_gb for row in plan.estimates)
    notes = [
        *(
            f"Passes: {' and '.join(passes) or 'none'} for {', '.join(methods)}."
            for passes, methods in _methods_by(plan, lambda row: row.passes).items()
        ),
        f"× is the total over that of {BASELINE}.",
        f"Memory per device: signals {size(signals)}, training {_training_memory(plan)}.",
        *(
            [f"The stages base_signals and instrument, with every layer: {size(every_layer)}."]
            if signals
            else []
        ),
        f"Disk is what the signals of all steps take{kept}; an adapter takes {size(adapter)}.",
        f"Speed: {plan.speed.source}; {_tera(plan.speed)}; {plan.devices} device(s).",
        *([f"On one device, whatever there are: {', '.join(alone)}."] if alone else []),
        *(f"Will not run as params stand: {', '.join(m)}: {why}" for why, m in refusing.items()),
    ]
    notes += _assumptions(plan.stream, f"sample of {', '.join(_not_prepared(plan.stream))}")
    notes += _assumptions(plan.exams, "question")
    if plan.exams:
        asked, times = (
            sum(exam.size for exam in plan.exams),
            1 + sum(row.evaluations for row in plan.estimates),
        )
        shares = 1 + sum(row.evaluations * plan.devices / row.devices for row in plan.estimates)
        rows, asking = sum(row.seconds for row in plan.estimates), shares * plan.evaluation_seconds
        several = len(plan.params.seeds) > 1
        of_one = f", one seed of {len(plan.params.seeds)}" * several
        notes.append(
            f"All rows{of_one}: {duration(rows)}, and {duration(asking)} for {asked:,} questions "
            f"asked {times} times, which is not in the table; together {duration(rows + asking)}."
        )
    notes.append(
        "Not counted: clustering, picking, evaluation, loading, and signals that methods share."
    )
    if plan.params.scale == PAPER_SCALE:
        notes.append("Paper: Adapt-∞, Table 6 (8 × A100, k-means included).")
    return notes


def _assumptions(arrivals: Sequence[Arrival], what: str) -> list[str]:
    """Say what was assumed of those that are not prepared, which is the same of all."""
    return [
        f"Not prepared here, so assumed: {one.lengths.blind:g} text tokens, "
        f"{one.lengths.answers:g} of them answers, and "
        f"{f'{one.lengths.images:g}' if one.lengths.images else 'no'} image per {what}."
        for one in arrivals
        if not one.measured
    ][:1]


def _not_prepared(arrivals: Sequence[Arrival]) -> list[str]:
    return [one.name for one in arrivals if not one.measured]


def _methods_by(plan: Plan, key: Callable[[CostEstimate], Any]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    for row in plan.estimates:
        found.setdefault(key(row), []).append(row.method)
    return found


def _training_memory(plan: Plan) -> str:
    """Return one size, or each with the methods that take it."""
    found = _methods_by(plan, lambda row: size(row.training_memory_gb))
    if len(found) == 1:
        return str(*found)
    return "; ".join(f"{memory} for {', '.join(methods)}" for memory, methods in found.items())


def _tera(speed: Speed) -> str:
    signals, training = speed.signals / 1e12, speed.training / 1e12
    if signals == training:
        return f"{signals:.3g} TFLOP/s"
    return f"{signals:.3g} TFLOP/s in the signals passes, {training:.3g} in training"
