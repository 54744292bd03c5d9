"""MM-Vet and AlpacaEval, read from a judge's files. No judge runs here.

Files without a judge's verdicts give the state "not run", never a number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from liit.errors import LiitError
from liit.scoring.answers import Answer, refuse_mixed
from liit.scoring.benchmark import Benchmark, Options, Outcome, not_run
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import as_list


def win_rate(preferences: Sequence[float | None]) -> tuple[float, int]:
    """Return AlpacaEval's win rate in % and the number of judged pairs.

    2 is a win and 1 a loss; 0 and 1.5 are draws and count half; None was not judged and leaves
    the denominator. Values between 1 and 2 are the weighted annotator's: value - 1.
    """
    judged = [value for value in preferences if value is not None]
    points = [0.5 if value == 0 else value - 1 for value in judged]
    return (100 * sum(points) / len(points) if points else float("nan")), len(judged)


def _mmvet(references: Sequence[Document], grades: Sequence[Document], options: Options) -> Outcome:
    """100 · mean grade per judge run, then the mean; per capability if the questions are given."""
    (field,) = options.fields("score")
    records = all_records(grades)
    marks = [(record, found) for record in records if (found := _grades(record.fields.get(field)))]
    if not marks:
        return not_run(f"judge's grades (field '{field}')")
    refuse_mixed([Answer(record, str(found), record.question) for record, found in marks])
    runs = Counter(len(found) for _, found in marks).most_common(1)[0][0]
    odd = next(((record, len(found)) for record, found in marks if len(found) != runs), None)
    if odd is not None:
        raise LiitError(
            f"{odd[0].where} has {odd[1]} grades where most records have {runs}",
            next_step="complete or remove the record",
        )
    totals = [100 * sum(found[run] for _, found in marks) / len(marks) for run in range(runs)]
    breakdown = {f"run {run + 1}": total for run, total in enumerate(totals)}
    skills: dict[str, list[float]] = defaultdict(list)
    known = {r.id: r for r in all_records(references)}
    for record, found in marks:
        question = known.get(record.id)
        for skill in as_list(question.fields.get("capability", [])) if question else []:
            skills[str(skill)].extend(found[:runs])
    breakdown |= {name: 100 * sum(v) / len(v) for name, v in sorted(skills.items())}
    notes = _left_out(len(records) - len(marks), f"grades (field '{field}')")
    return Outcome(sum(totals) / len(totals), None, breakdown, notes=notes, n=len(marks))


def _left_out(number: int, what: str) -> list[str]:
    return [f"{number} records have no {what} and are left out"] if number else []


def _grades(value: Any) -> list[float]:
    return [float(mark) for mark in as_list(value)] if value is not None else []


def _alpaca_eval(
    _references: Sequence[Document], annotations: Sequence[Document], options: Options
) -> Outcome:
    """Win rate; pairs that the judge left open (preference None) leave the denominator."""
    (field,) = options.fields("preference")
    records = all_records(annotations)
    judged = [record for record in records if field in record.fields]
    if not judged:
        return not_run(f"judge's annotations (field '{field}')")
    refuse_mixed([Answer(r, r.fields.get("output_2", r.fields[field]), r.question) for r in judged])
    preferences = [_preference(record.fields[field]) for record in judged]
    rate, total = win_rate(preferences)
    texts = [str(text) for record in judged if (text := record.fields.get("output_2")) is not None]
    known = [value for value in preferences if value is not None]
    breakdown = {
        "n_total": float(total),
        "n_wins": float(sum(value > 1.5 for value in known)),
        "n_wins_base": float(sum(0 < value < 1.5 for value in known)),
        "n_draws": float(sum(value in (0, 1.5) for value in known)),
        "n_not_judged": float(len(judged) - total),
    }
    if len(texts) == len(judged):
        breakdown["avg_length"] = float(int(sum(map(len, texts)) / len(texts)))
    notes = _left_out(len(records) - len(judged), f"verdict (field '{field}')")
    return Outcome(rate, None, breakdown, notes=notes, n=total)


def _preference(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


BENCHMARKS = (
    Benchmark(
        "mmvet",
        "MM-Vet total, given by a judge",
        collect=_mmvet,
        needs="none; the questions for scores by skill",
    ),
    Benchmark("alpaca_eval", "win rate, %, given by a judge", collect=_alpaca_eval, needs="none"),
)
