"""What learners cost beside plain training, and what their penalties come to."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from liit.reporting.learner_records import measured_of
from liit.reporting.report_data import ReportData
from liit.reporting.run_records import MethodRow, RunRecord
from liit.reporting.section import DASH, Section, TextTable, number, ratio


def learner_cost_section(data: ReportData) -> Section:
    """Return what each learner trains, takes and keeps, beside plain training."""
    rows, methods = [], []
    for row in data.shown:
        learner = row.definition.learner
        if learner is None or "parameters" not in (spent := _spent(data, row)):
            continue
        measured = measured_of(learner, data.side_by_side, data.first_result["scale"])
        rows.append([row.label, *_cost_cells(spent, measured)])
        methods.append(row.method)
    note = (
        "Trained and all numbers of the model at the last step. The seconds before and after "
        "training, in which importances are measured or records compared, and the state that all "
        "steps keep on disk beside their adapters are medians over seeds. "
    ) + _where_measured(data)
    header = ["Method", "Trained", "All", "Step time × plain", "Memory × plain"]
    header += ["Before and after s", "State MB"]
    return Section("learners", "What learners cost", note, TextTable(header, rows, methods))


def penalty_section(data: ReportData) -> Section:
    """Return strength and normalisation of each penalty together, and what it came to."""
    rows, methods = [], []
    for row in data.shown:
        learner = row.definition.learner
        if learner is None or not learner.changes("loss"):
            continue
        strength = getattr(learner, "strength", None)
        came_to = data.penalties.get(row.method)
        told = DASH if strength is None else f"{strength:g}"
        normalised = getattr(learner, "normalisation", DASH)
        rows.append([row.label, told, normalised, number(came_to, 2)])
        methods.append(row.method)
    note = (
        "What is added to the loss is the strength times what the normalisation says: a strength "
        "alone compares no two learners. Penalty / loss is the mean over all optimiser steps of "
        "the stream and seeds; its curve lies beside the adapters, and a dash stands where these "
        "are not on the machine that wrote the report."
    )
    header = ["Method", "Strength", "Normalisation", "Penalty / loss"]
    return Section("penalties", "Penalties", note, TextTable(header, rows, methods))


def _spent(data: ReportData, row: MethodRow) -> dict[str, float]:
    """Return what training a row took over the stream, the median over seeds whose costs are known.

    A record that was lost and made again knows none.
    """
    known = (_trainings(run) for run in data.runs[row.method].values())
    if not (runs := [steps for steps in known if steps]):
        return {}
    spent = {
        name: median(sum(float(one.get(name, 0)) for one in steps) for steps in runs)
        for name in ("aside_seconds", "state_bytes")
    }
    last = runs[0][-1]
    kept = ("trained_parameters", "parameters")
    return spent | {name: float(last[name]) for name in kept if name in last}


def _trainings(run: RunRecord) -> list[Mapping[str, Any]]:
    return [phases["training"] for phases in run.costs.values() if "training" in phases]


def _cost_cells(spent: Mapping[str, float], measured: Mapping[str, float]) -> list[str]:
    return [
        f"{spent['trained_parameters']:.0f}",
        f"{spent['parameters']:.0f}",
        ratio(measured.get("step_time_over_plain"), 2),
        ratio(measured.get("memory_over_plain"), 2),
        number(spent["aside_seconds"]),
        number(spent["state_bytes"] / 1e6),
    ]


def _where_measured(data: ReportData) -> str:
    """Return where the ratios to plain training come from; rows are timed on different days."""
    record = data.side_by_side
    if not record or record["scale"] != data.first_result["scale"]:
        return (
            "Step time and memory over those of plain training are told where "
            "`benchmarks/learners.py` has measured them at this scale, which it has not."
        )
    machine = record["machine"]
    return (
        "Step time (an optimiser step) and memory (all tensors, at a step's peak) are over those "
        "of plain training, measured side by side, by turns: `benchmarks/learners.py`, at step "
        f"{record['step']} of the stream, on {machine['processor']}, {machine['cores']} cores. A "
        "dash: not measured there, as of learners that only choose what is trained on."
    )
