"""What a benchmark is, and what its modules share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal, NamedTuple

from liit.errors import LiitError, nearest
from liit.metrics import Scored
from liit.metrics.boxes import Frame, Reading
from liit.scoring.answers import Answer, read_answers
from liit.scoring.exam import ExamItem, Facts, Marked, Rule
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
class Outcome:
    """A task's numbers: ``score`` None means "not run", with the reason among the notes."""

    score: float | None
    lenient: float | None = None
    breakdown: Mapping[str, float] = field(default_factory=dict)
    items: Sequence[Marked] = ()
    notes: Sequence[str] = ()
    n: int = 0


def percent(values: Sequence[float]) -> float:
    """Return 100 times the mean."""
    return 100 * sum(values) / len(values) if values else float("nan")


def mean(marked: Sequence[Marked]) -> float:
    """Return the mean of the items, in %."""
    return percent([one.scored.value for one in marked])


def item_key(record: Record) -> str:
    """Name an item in a report: its id, else its image, else its place in the file."""
    return record.id or record.image or str(record.place)


def by_group(marked: Sequence[Marked]) -> dict[str, float]:
    """Return the mean of the items of each of the ``groups`` that the facts name, in %."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for one in marked:
        for group in one.facts.get("groups", ()):
            grouped[group].append(one.scored.value)
    return {group: percent(values) for group, values in sorted(grouped.items())}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: how its published files are read, how it asks, how answers are scored.

    ``facts`` takes from a reference record what ``rule`` needs to score one answer;
    ``answer_facts`` adds what the answer's record says. ``total`` makes the score, and the lenient
    score, of all marked answers, ``figures`` the breakdown, ``counts`` tells which are in the
    denominator, ``leaves_out`` which references need no answer, ``key`` names an item. ``settle``
    fixes what only all answers together tell.

    ``targets`` names the fields one of which a reference record must have; records without any
    are taken for questions and lend their image and text to the others. ``alone`` marks layouts
    whose prediction files hold the references too. ``complete`` adds to a reference record what
    its file's name tells; ``references`` reads files that are no plain records. ``ask`` makes the
    exam item of a reference record, or None to leave it out; ``pairs`` marks items that score only
    together with others. ``collect`` scores files that are no id-to-answer list at all and replaces
    everything else; ``each`` does so where each of several files is a result of its own, and names
    them.
    """

    name: str
    metric: str
    facts: Callable[[Record], Facts] = lambda _: {}
    rule: Rule = lambda *_: Scored(0.0, False, 0.0)
    total: Callable[[Sequence[Marked]], float] = mean
    figures: Callable[[Sequence[Marked]], Mapping[str, float]] = by_group
    answer_facts: Callable[[Record], Facts] = lambda _: {}
    counts: Callable[[Marked], bool] = lambda _: True
    leaves_out: Callable[[Record], bool] = lambda _: False
    key: Callable[[Record], str] = item_key
    settle: Callable[[Benchmark, Sequence[Pair], Options], Settled] | None = None
    targets: Sequence[str] = ("answers", "answer")
    alone: bool = False
    references: Callable[[Sequence[Document]], list[Record]] | None = None
    complete: Callable[[Record], Record] = lambda record: record
    answers: Callable[[Sequence[Document], str | None], list[Answer]] = read_answers
    ask: Callable[[Record, Options], ExamItem | None] | None = None
    pairs: bool = False
    collect: Callable[[Sequence[Document], Sequence[Document], Options], Outcome] | None = None
    each: Callable[[Sequence[Document], Options], Sequence[tuple[str, Outcome]]] | None = None
    needs: str = "the annotation file; a question file beside it where it has no questions"


class Settled(NamedTuple):
    """A benchmark with all its pieces fixed, the pairs that it scores, and notes that say so."""

    benchmark: Benchmark
    pairs: Sequence[Pair]
    notes: Sequence[str] = ()


MISFITS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a value of an unexpected kind raises."""


def reference_records(
    benchmark: Benchmark, documents: Sequence[Document]
) -> tuple[list[Record], list[Record]]:
    """Return the records that hold a reference answer, and those that only hold a question."""
    if benchmark.references is not None:
        return benchmark.references(documents), []
    return split_references(documents, benchmark.targets, benchmark.complete)


def score_pairs(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> Outcome:
    """Score answers by the benchmark's pieces."""
    settled = Settled(benchmark, pairs)
    if benchmark.settle is not None:
        settled = benchmark.settle(benchmark, pairs, options)
    benchmark, marked = settled.benchmark, mark(*settled[:2], options)
    return Outcome(
        benchmark.total(marked),
        benchmark.total([one._replace(scored=_lenient(one.scored)) for one in marked]),
        benchmark.figures(marked),
        marked,
        settled.notes,
        sum(map(benchmark.counts, marked)),
    )


def mark(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> list[Marked]:
    """Score each answer.

    A value of the wrong kind becomes a LiitError that names both records.
    """
    return [_mark(benchmark, pair, options.profile) for pair in pairs]


def _mark(benchmark: Benchmark, pair: Pair, profile: Profile) -> Marked:
    reference, answer = pair
    try:
        facts = {
            **benchmark.facts(reference),
            **benchmark.answer_facts(answer.record),
            "profile": profile,
        }
        scored = benchmark.rule(facts, answer.text)
    except MISFITS as fault:
        raise LiitError(
            f"{reference.where} with the answer at {answer.record.where}: "
            f"{type(fault).__name__}: {fault}",
            next_step="mend or remove the record that is not in the benchmark's format",
        ) from fault
    return Marked(facts, answer.text, scored, benchmark.key(reference))


def _lenient(scored: Scored) -> Scored:
    return replace(scored, value=scored.lenient, parsed=True)


def means(marked: Sequence[Marked]) -> dict[str, float]:
    """Return the mean of each of the items' further numbers."""
    names = marked[0].scored.details
    return {name: sum(one.scored.details[name] for one in marked) / len(marked) for name in names}


def not_run(what: str) -> Outcome:
    """Return the outcome of a judged benchmark whose files hold no verdicts: no number."""
    return Outcome(None, notes=[f"not run: no {what} in these files"])


@cache
def benchmarks() -> dict[str, Benchmark]:
    """Return every benchmark by name: what the modules of liit.benchmarks list."""
    folder = import_module("liit.benchmarks")
    names = sorted(module.name for module in iter_modules(folder.__path__))
    modules = [import_module(f"{folder.__name__}.{name}") for name in names]
    return {one.name: one for module in modules for one in getattr(module, "BENCHMARKS", ())}


def benchmark(name: str) -> Benchmark:
    """Return the benchmark of that name; LiitError if there is none."""
    known = benchmarks()
    if name not in known:
        raise LiitError(
            f"no benchmark is named {name!r}{nearest(name, known)}",
            next_step=f"choose from: {', '.join(known)}",
        )
    return known[name]
