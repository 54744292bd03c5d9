"""Continual learning: the literature's metrics of anybody's accuracy matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from liit.benchmarks.continual_files import INDIVIDUAL, START, Found, only_one, read_matrices
from liit.metrics import continual as metrics
from liit.scoring.benchmark import Benchmark, Options, Outcome
from liit.scoring.files import Document

_NEEDED = {
    START: "forward_transfer needs the start model's score of each task",
    INDIVIDUAL: "plasticity and stability need each task's score after fine-tuning on it alone",
}


def values_of(found: Found) -> dict[str, float | None]:
    """Return every metric by name, None where a cell that enters it is missing."""
    matrix, stages = found.matrix, range(len(found.matrix))
    incremental = metrics.average_incremental_accuracy(matrix)
    values = {
        "average_performance": metrics.average_performance(matrix),
        "average_incremental_accuracy": incremental,
        "backward_transfer": metrics.backward_transfer(matrix),
        "forgetting": metrics.forgetting(matrix),
        "forgetting_strict": metrics.strict_forgetting(matrix),
        "mean_of_seen": incremental,  # its name before it had that of the literature
    }
    if found.start is not None:
        values["forward_transfer"] = metrics.forward_transfer(matrix, found.start)
    if found.individual is not None:
        values["plasticity"] = metrics.plasticity(matrix, found.individual)
        values["stability"] = metrics.stability(matrix, found.individual)
    if found.micro is not None:  # of all questions of the last stage, not of its tasks
        values["micro_exact_match"] = found.micro
    return values | {f"A_{t + 1}": metrics.accuracy_after(matrix, t) for t in stages}


def _outcome(found: Found) -> Outcome:
    values = values_of(found)
    known = {name: value for name, value in values.items() if value is not None}
    notes = list(_notes(found, values))
    return Outcome(values["average_performance"], None, known, notes=notes, n=len(found.matrix))


def _notes(found: Found, values: Mapping[str, float | None]) -> Iterator[str]:
    """Say which columns enter, by what is divided, and what is undefined for which reason."""
    tasks, earlier = found.tasks, len(found.tasks) - 1
    yield f"columns in the order of training: {', '.join(tasks)}"
    if earlier:
        yield (
            "backward_transfer, forgetting, forgetting_strict and stability: over all columns but "
            f"the last, divided by T - 1 = {earlier}; forward_transfer: over all but the first"
        )
    if missing := [name for name, value in values.items() if value is None]:
        why = "a stage has no evaluation" if earlier else "there is one stage, or it has none"
        yield f"undefined, because {why}: {', '.join(missing)}"
    if values["forgetting"] is not None and values["forgetting_strict"] is None:
        yield "forgetting passes over stages without an evaluation: it is a lower limit"
    for field, what in _NEEDED.items():
        if getattr(found, field) is None:
            yield f"{what}: the field {field!r} beside the matrix"
    if found.zeros_above:
        yield "all cells above the diagonal are 0: taken for tasks that were not evaluated"


def _continual(
    _references: Sequence[Document], documents: Sequence[Document], options: Options
) -> Outcome:
    return _outcome(only_one(read_matrices(documents, options.answer_field)))


def _each(documents: Sequence[Document], options: Options) -> list[tuple[str, Outcome]]:
    found = read_matrices(documents, options.answer_field)
    paths = [one.path for one in found]
    return [
        (f"{one.path}: {one.name}" if paths.count(one.path) > 1 else str(one.path), _outcome(one))
        for one in found
    ]


BENCHMARKS = (
    Benchmark(
        "continual",
        "mean score of all tasks after the last stage",
        collect=_continual,
        each=_each,
        needs="none",
    ),
)
