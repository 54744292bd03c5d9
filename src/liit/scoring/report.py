"""Printing a report for people and as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from liit.scoring.running import Report

_FEW = 10


def as_text(report: Report) -> str:
    """Lay a report out for a terminal."""
    outcome = report.outcome
    head = f"{report.benchmark.name} ({report.profile} profile)"
    if report.of:
        head += f": {report.of}"
    if report.joined is not None and report.joined.key == "position":
        head += ", answers joined by their position in the file: no key is known"
    lines = [head]
    if _state(report) != "scored":
        lines.append(f"  {_state(report)}")
    else:
        lines.append(f"  {report.benchmark.metric}: {outcome.score:.2f}")
        if outcome.lenient is not None:
            lines.append(f"  under the lenient parse: {outcome.lenient:.2f}")
        lines.append(f"  n: {report.n}   unparsed: {report.unparsed}")
    known = {name: value for name, value in outcome.breakdown.items() if math.isfinite(value)}
    lines += [f"  {name:<40} {value:.4f}" for name, value in known.items()]
    lines += [f"  note: {note}" for note in outcome.notes]
    if report.joined is not None:
        lines += _join_lines(report)
    return "\n".join(lines)


def as_json(*reports: Report, items: bool = False) -> str:
    """Return a report as JSON with sorted keys, several as a list; numbers are not rounded."""
    records = [_record(report, items) for report in reports]
    content = _finite(records if len(records) > 1 else records[0])
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)


def _record(report: Report, items: bool) -> dict[str, Any]:
    outcome, joined = report.outcome, report.joined
    record: dict[str, Any] = {
        "task": report.benchmark.name,
        "profile": report.profile,
        "metric": report.benchmark.metric,
        "state": _state(report),
        "score": outcome.score,
        "lenient": outcome.lenient,
        "n": report.n,
        "unparsed": report.unparsed,
        "breakdown": dict(outcome.breakdown),
        "notes": list(outcome.notes),
    }
    if joined is not None:
        record["joined_by"] = joined.key
        record["notes"] = [*outcome.notes, *joined.notes]
        record["score_with_missing_wrong"] = report.score_with_missing_wrong
        record["references_without_answer"] = _names(joined.missing)
        record["answers_without_reference"] = _names([a.record for a in joined.extra])
    if items:
        record["items"] = [
            {
                "key": item.key,
                "value": item.scored.value,
                "parsed": item.scored.parsed,
                "lenient": item.scored.lenient,
                **item.scored.details,
            }
            for item in outcome.items
        ]
    if report.of:
        record["of"] = report.of
    return record


def _finite(value: Any) -> Any:
    """Return the value with null for every figure that does not exist."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _state(report: Report) -> str:
    score = report.outcome.score
    if score is None:
        return "not run"
    return "scored" if math.isfinite(score) else "undefined: no answer counts"


def _join_lines(report: Report) -> list[str]:
    assert report.joined is not None
    joined = report.joined
    lines = [f"  joined by: {joined.key}", *(f"  note: {note}" for note in joined.notes)]
    for what, records in (
        ("references without an answer (not in the score)", joined.missing),
        ("answers without a reference", [answer.record for answer in joined.extra]),
    ):
        if records:
            names = _names(records)
            shown = ", ".join(names) if len(names) <= _FEW else ", ".join(names[:_FEW]) + ", …"
            lines.append(f"  {what}: {len(records)} ({shown})")
    if report.score_with_missing_wrong is not None:
        lines.append(f"  score if these were wrong: {report.score_with_missing_wrong:.2f}")
    return lines


def _names(records: Any) -> list[str]:
    return [record.id or record.image or f"record {record.place}" for record in records]
