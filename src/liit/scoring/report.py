"""Printing a report for people and as JSON."""

from __future__ import annotations

import json
from typing import Any

from liit.scoring.benchmark import Report

_FEW = 10


def as_text(report: Report) -> str:
    """Lay a report out for a terminal."""
    outcome = report.outcome
    lines = [f"{report.benchmark.name} ({report.profile} profile)"]
    if outcome.score is None:
        lines.append("  not run")
    else:
        lines.append(f"  {report.benchmark.metric}: {outcome.score:.2f}")
        if outcome.lenient is not None:
            lines.append(f"  under the lenient parse: {outcome.lenient:.2f}")
        lines.append(f"  n: {report.n}   unparsed: {report.unparsed}")
    lines += [f"  {name:<40} {value:.4f}" for name, value in outcome.breakdown.items()]
    lines += [f"  note: {note}" for note in outcome.notes]
    if report.joined is not None:
        lines += _join_lines(report)
    return "\n".join(lines)


def as_json(report: Report, *, items: bool = False) -> str:
    """Return a report as JSON with sorted keys; numbers are not rounded."""
    outcome, joined = report.outcome, report.joined
    record: dict[str, Any] = {
        "task": report.benchmark.name,
        "profile": report.profile,
        "metric": report.benchmark.metric,
        "state": "not run" if outcome.score is None else "scored",
        "score": outcome.score,
        "lenient": outcome.lenient,
        "n": report.n,
        "unparsed": report.unparsed,
        "breakdown": dict(outcome.breakdown),
        "notes": list(outcome.notes),
    }
    if joined is not None:
        record["joined_by"] = joined.key
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
                **item.details,
            }
            for item in outcome.items
        ]
    return json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=True)


def _join_lines(report: Report) -> list[str]:
    assert report.joined is not None
    joined = report.joined
    lines = [f"  joined by: {joined.key}"]
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
