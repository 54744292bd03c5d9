"""What a benchmark is, and what its modules share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from liit.errors import LiitError
from liit.metrics import Scored
from liit.metrics.boxes import Frame, Reading
from liit.scoring.answers import Answer, read_answers
from liit.scoring.asking import ExamItem
from liit.scoring.exam import Facts, Rule
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record
from liit.scoring.references import split_references

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


MISFITS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a value of an unexpected kind raises."""


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
