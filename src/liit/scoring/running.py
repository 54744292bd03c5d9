"""From reference files and answer files to a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from liit.errors import LiitError
from liit.scoring.answers import Answer, refuse_mixed
from liit.scoring.benchmark import (
    MISFITS,
    Benchmark,
    Options,
    Outcome,
    Profile,
    percent,
    reference_records,
    score_pairs,
)
from liit.scoring.files import Document, read_documents
from liit.scoring.join import Joined, join, paired_with_themselves
from liit.scoring.records import Record
from liit.scoring.references import lend


@dataclass(frozen=True, slots=True)
class Report:
    """What ``liit score`` prints; ``of`` names the file where several are given."""

    benchmark: Benchmark
    profile: Profile
    outcome: Outcome
    joined: Joined | None = None
    of: str = ""

    @property
    def n(self) -> int:
        """How many items the score is over."""
        return self.outcome.n

    @property
    def unparsed(self) -> int:
        """How many answers the strict parse could not read."""
        return sum(not item.scored.parsed for item in self.outcome.items)

    @property
    def score_with_missing_wrong(self) -> float | None:
        """The score if references without an answer counted as wrong; None unless it is a mean."""
        values = [item.scored.value for item in self.outcome.items]
        missing = len(self.joined.missing) if self.joined else 0
        score = self.outcome.score
        if not missing or score is None or abs(percent(values) - score) > 1e-9:
            return None
        return score * len(values) / (len(values) + missing)


def run_benchmark(
    benchmark: Benchmark,
    references: Sequence[str | Path],
    predictions: Sequence[str | Path],
    options: Options | None = None,
) -> Report:
    """Score prediction files against reference files.

    References may be left out where the prediction files hold them. LiitError for unreadable
    files, for records without the fields the task needs, and if nothing can be joined.
    """
    options = options or Options()
    given = read_documents(predictions)
    known = read_documents(references) if references else []
    with _layout_known(benchmark, [*known, *given]):
        return _report(benchmark, known, given, options)


def run_each(
    benchmark: Benchmark,
    references: Sequence[str | Path],
    predictions: Sequence[str | Path],
    options: Options,
) -> list[Report]:
    """Return one report, or one per result where each of several files holds one of its own."""
    if benchmark.each is None:
        return [run_benchmark(benchmark, references, predictions, options)]
    given = read_documents(predictions)
    with _layout_known(benchmark, given):
        named = benchmark.each(given, options)
    several = len(named) > 1
    return [
        Report(benchmark, options.profile, outcome, of=name if several else "")
        for name, outcome in named
    ]


@contextmanager
def _layout_known(benchmark: Benchmark, documents: Sequence[Document]) -> Iterator[None]:
    """Turn what a value of an unexpected kind raises into a LiitError that names the files."""
    try:
        yield
    except MISFITS as fault:
        files = ", ".join(str(document.path) for document in documents[:4])
        raise LiitError(
            f"{benchmark.name}: a record of {files} is not in a known layout "
            f"({type(fault).__name__}: {fault})",
            next_step="compare the files with the benchmark's official ones",
        ) from fault


def _report(
    benchmark: Benchmark, known: Sequence[Document], given: Sequence[Document], options: Options
) -> Report:
    if benchmark.collect is not None:
        return Report(benchmark, options.profile, benchmark.collect(known, given, options))
    if not known and not benchmark.alone:
        raise LiitError(
            f"{benchmark.name} needs its reference file", next_step="name it with --references FILE"
        )
    answers = benchmark.answers(given, options.answer_field)
    if known:
        records, questions = reference_records(benchmark, known)
        answers = lend(answers, questions)
        joined = join(records, answers)
        if not joined.pairs:
            refuse_mixed(answers)
            raise _nothing_joined(records, answers)
        missing = [one for one in joined.missing if not benchmark.leaves_out(one)]
        joined = replace(joined, missing=missing)
    else:
        joined = paired_with_themselves(answers)
    outcome = score_pairs(benchmark, joined.pairs, options)
    notes = [*outcome.notes, *_declared(given, outcome), *_lent_by_none(benchmark, joined)]
    return Report(benchmark, options.profile, replace(outcome, notes=notes), joined)


def _declared(documents: Sequence[Document], outcome: Outcome) -> list[str]:
    """Say where the accuracy or count that a prediction file declares is not the one found."""
    notes = []
    for document in documents if len(documents) == 1 else []:
        content = document.content if isinstance(document.content, dict) else {}
        stated, score = content.get("acc", content.get("accuracy")), outcome.score
        if not isinstance(stated, (int, float)) or score is None:
            continue
        if min(abs(stated - score), abs(100 * stated - score)) > 0.05:
            notes.append(f"{document.path} declares an accuracy of {stated}: this is another")
        count = content.get("count")
        if isinstance(count, int) and count != len(outcome.items):
            notes.append(f"{document.path} declares {count} answers: {len(outcome.items)} scored")
    return notes


def _lent_by_none(benchmark: Benchmark, joined: Joined) -> list[str]:
    """Hint at the question file where answers that found no reference may need one."""
    left = len(joined.missing) + len(joined.extra)
    if not left or not joined.extra:
        return []
    return [
        f"{left} records found no partner: a question file that lists the answers' ids may be "
        f"added to --references ({benchmark.needs})"
    ]


def _nothing_joined(references: Sequence[Record], answers: Sequence[Answer]) -> LiitError:
    both = {
        "id": ([r.id for r in references], [a.record.id for a in answers]),
        "image": ([r.image_path for r in references], [a.record.image_path for a in answers]),
        "question": ([r.question for r in references], [a.question for a in answers]),
    }
    told = [_key_in_words(name, ours, theirs) for name, (ours, theirs) in both.items()]
    return LiitError(
        f"none of {len(answers)} answers of {_files(a.record for a in answers)} could be joined to "
        f"one of {len(references)} references of {_files(references)}: {'; '.join(told)}",
        next_step="check that both files are of the same split and release of the benchmark; "
        "a question file that lists the answers' ids may be added to --references",
    )


def _files(records: Iterable[Record]) -> str:
    return ", ".join(dict.fromkeys(str(record.document.path) for record in records))


def _key_in_words(name: str, ours: Sequence[str | None], theirs: Sequence[str | None]) -> str:
    """Say why a key joins nothing: absent, never equal, equal but not unique."""
    sides = (("references", set(ours) - {None}), ("answers", set(theirs) - {None}))
    lacking = [side for side, known in sides if not known]
    if lacking:
        return f"no {name} in the {' and '.join(lacking)}"
    shared = sides[0][1] & sides[1][1]
    if not shared:
        first = [next(value for value in side if value is not None) for side in (ours, theirs)]
        return f"no {name} in both (references: {first[0]!r}, answers: {first[1]!r})"
    key = min(map(str, shared))
    times = [side.count(key) for side in (ours, theirs)]
    return f"{name} {key!r} stands {times[0]} times in the references, {times[1]} in the answers"
