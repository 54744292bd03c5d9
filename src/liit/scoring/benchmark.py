"""What a benchmark is, and how references and answers become a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from liit.errors import LiitError
from liit.metrics import Scored
from liit.metrics.boxes import Frame, Reading
from liit.scoring.answers import Answer, read_answers
from liit.scoring.asking import ExamItem
from liit.scoring.exam import Facts, Rule
from liit.scoring.files import Document, read_documents
from liit.scoring.join import Joined, Pair, join, paired_with_themselves
from liit.scoring.records import Record
from liit.scoring.references import lend, split_references

Profile = Literal["paper", "standard"]


GOLD = ("ground_truth", "target", "answer", "answers", "label", "reference", "value")
"""Fields that hold the right answer of text benchmarks."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may fix; None leaves it to the content of the files."""

    profile: Profile = "standard"
    answer_field: str | None = None
    box_encoding: Reading | None = None
    box_frame: Frame = "original"
    execute: bool = False

    def fields(self, *usual: str) -> tuple[str, ...]:
        """Return the names of the field to read: the one that the user named, or the usual ones."""
        return (self.answer_field,) if self.answer_field else usual


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One scored item; ``details`` holds further numbers of its own."""

    key: str
    scored: Scored
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A task's numbers: ``score`` None means "not run", with the reason among the notes."""

    score: float | None
    lenient: float | None = None
    breakdown: Mapping[str, float] = field(default_factory=dict)
    items: Sequence[ItemScore] = ()
    notes: Sequence[str] = ()
    n: int | None = None


Scoring = Callable[[Sequence[Pair], Options], Outcome]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: how its published files are read, how it asks, how answers are scored.

    ``targets`` names the fields one of which a reference record must have; records without any
    are taken for questions and lend their image and text to the others. ``alone`` marks layouts
    whose prediction files hold the references too. ``complete`` adds to a reference record what
    its file's name tells; ``references`` reads files that are no plain records. ``ask`` makes the
    exam item of a reference record, or None to leave it out. ``collect`` scores files that are no
    id-to-answer list at all and replaces everything else.
    """

    name: str
    metric: str
    score: Scoring | None = None
    targets: Sequence[str] = ("answers", "answer")
    alone: bool = False
    references: Callable[[Sequence[Document]], list[Record]] | None = None
    complete: Callable[[Record], Record] = lambda record: record
    answers: Callable[[Sequence[Document], str | None], list[Answer]] = read_answers
    ask: Callable[[Record, Options], ExamItem | None] | None = None
    collect: Callable[[Sequence[Document], Sequence[Document], Options], Outcome] | None = None
    needs: str = "the annotation file; a question file beside it where it has no questions"


@dataclass(frozen=True, slots=True)
class Report:
    """What ``liit score`` prints."""

    benchmark: Benchmark
    profile: Profile
    outcome: Outcome
    joined: Joined | None = None

    @property
    def n(self) -> int:
        """How many items the score is over."""
        return len(self.outcome.items) if self.outcome.n is None else self.outcome.n

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
    try:
        return _report(benchmark, known, given, options)
    except MISFITS as fault:
        files = ", ".join(str(document.path) for document in [*known, *given][:4])
        raise LiitError(
            f"{benchmark.name}: a record of {files} is not in a known layout "
            f"({type(fault).__name__}: {fault})",
            next_step="compare the files with the benchmark's official ones",
        ) from fault


MISFITS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a value of an unexpected kind raises."""


def _report(
    benchmark: Benchmark, known: Sequence[Document], given: Sequence[Document], options: Options
) -> Report:
    if benchmark.collect is not None:
        return Report(benchmark, options.profile, benchmark.collect(known, given, options))
    if not known and not benchmark.alone:
        raise LiitError(
            f"{benchmark.name} needs its reference file", next_step="name it with --references FILE"
        )
    assert benchmark.score is not None
    answers = benchmark.answers(given, options.answer_field)
    if known:
        records, questions = reference_records(benchmark, known)
        answers = lend(answers, questions)
        joined = join(records, answers)
        if not joined.pairs:
            raise _nothing_joined(records, answers)
    else:
        joined = paired_with_themselves(answers)
    outcome = benchmark.score(joined.pairs, options)
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


def reference_records(
    benchmark: Benchmark, documents: Sequence[Document]
) -> tuple[list[Record], list[Record]]:
    """Return the records that hold a reference answer, and those that only hold a question."""
    if benchmark.references is not None:
        return benchmark.references(documents), []
    return split_references(documents, benchmark.targets, benchmark.complete)


def by_mean(
    facts: Callable[[Record], dict[str, Any]],
    rule: Rule,
    groups: Callable[[Facts], Iterable[str]] = lambda _: (),
) -> Scoring:
    """Return the scoring of a benchmark whose figure is the mean of its items, in %."""

    def score(pairs: Sequence[Pair], options: Options) -> Outcome:
        def of(pair: Pair) -> Facts:
            return facts(pair.reference) | {"profile": options.profile}

        return mean_outcome(pairs, lambda p: rule(of(p), p.answer.text), lambda p: groups(of(p)))

    return score


def mean_outcome(
    pairs: Sequence[Pair],
    score: Callable[[Pair], Scored],
    groups: Callable[[Pair], Iterable[str]] = lambda _: (),
    details: Callable[[Pair], Mapping[str, float]] = lambda _: {},
) -> Outcome:
    """Score every pair and average: score, lenient score and one mean per group, all in %."""
    items = [ItemScore(item_key(pair), readable(pair, score), details(pair)) for pair in pairs]
    grouped: dict[str, list[float]] = defaultdict(list)
    for pair, item in zip(pairs, items, strict=True):
        for group in groups(pair):
            grouped[group].append(item.scored.value)
    return Outcome(
        percent([item.scored.value for item in items]),
        percent([item.scored.lenient for item in items]),
        {group: percent(values) for group, values in sorted(grouped.items())},
        items,
    )


def readable(pair: Pair, score: Callable[[Pair], Scored]) -> Scored:
    """Score a pair; a value of the wrong kind becomes a LiitError that names both records."""
    try:
        return score(pair)
    except MISFITS as fault:
        raise LiitError(
            f"{pair.reference.where} with the answer at {pair.answer.record.where}: "
            f"{type(fault).__name__}: {fault}",
            next_step="mend or remove the record that is not in the benchmark's format",
        ) from fault


def item_key(pair: Pair) -> str:
    """Name an item in a report: its id, else its image, else its place in the file."""
    reference = pair.reference
    return reference.id or reference.image or str(reference.place)


def percent(values: Sequence[float]) -> float:
    """Return 100 times the mean."""
    return 100 * sum(values) / len(values) if values else float("nan")


def not_run(what: str) -> Outcome:
    """Return the outcome of a judged benchmark whose files hold no verdicts: no number."""
    return Outcome(None, notes=[f"not run: no {what} in these files"], n=0)


def text_of(value: Any) -> str:
    """Return a reference value as text."""
    return value if isinstance(value, str) else str(value)


def _nothing_joined(references: Sequence[Record], answers: Sequence[Answer]) -> LiitError:
    both = {
        "id": ([r.id for r in references], [a.record.id for a in answers]),
        "image": ([r.image_path for r in references], [a.record.image_path for a in answers]),
        "question": ([r.question for r in references], [a.question for a in answers]),
    }
    told = [_key_in_words(name, ours, theirs) for name, (ours, theirs) in both.items()]
    return LiitError(
        f"no answer of {answers[0].record.document.path} could be joined to a reference of "
        f"{references[0].document.path}: {'; '.join(told)}",
        next_step="check that both files are of the same split and release of the benchmark; "
        "a question file that lists the answers' ids may be added to --references",
    )


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
