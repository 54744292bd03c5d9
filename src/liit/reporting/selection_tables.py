"""Tables of what was selected: by dataset and skill, injected noise, groups and their winners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from liit.reporting.injected_noise import MARKS
from liit.reporting.report_data import ReportData
from liit.reporting.section import DASH, Section, TextTable, number


def selection_sections(data: ReportData) -> Iterator[Section]:
    """Yield what the last step's selections were made of, and how they came about at every step."""
    last = data.stream[-1]
    for by, what in (("by_source", "dataset"), ("by_skill", "skill")):
        compositions = {method: data.composition(method, last, by) for method in data.runs}
        shares = {method: share for method, share in compositions.items() if share}
        names = data.stream_first({name for share in shares.values() for name in share})
        rows = [
            [data.labels[method], *(number(100 * share.get(name, 0.0)) for name in names)]
            for method, share in shares.items()
        ]
        yield Section(
            f"by-{what}",
            f"Selections by {what} at the last step",
            f"Percent of the samples chosen at step {last}; every step is in `selections.json` "
            "and in the figure.",
            TextTable(["Method", *names], rows, list(shares)),
        )
    yield noise_section(data)
    yield from _group_sections(data)


def noise_section(data: ReportData) -> Section:
    """Return how much of the samples that the drawn world spoiled or copied a method chose."""
    rows = [
        [data.labels[method], *(number(100 * share) for mark in MARKS for share in by_mark[mark])]
        for method, by_mark in data.noise.items()
    ]
    header = ["Method", *(head for mark in MARKS for head in (mark.capitalize(), "in the pool"))]
    return Section(
        "injected-noise",
        "Injected noise among the chosen: spoiled and copied samples",
        "The drawn world knows which of its samples end in a wrong, irrelevant or cut-off answer, "
        "and which are an earlier one drawn again; no method sees it. Percent of the samples "
        "chosen, and of all that had arrived; means over steps and seeds.",
        TextTable(header, rows, list(data.noise)),
    )


def common(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return names and counts, the most frequent first, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _group_sections(data: ReportData) -> Iterator[Section]:
    """Yield how many groups there were, and which scorer won how many groups and samples."""
    groups: dict[str, dict[str, list[str]]] = {}
    won: dict[str, dict[str, Counter[str]]] = {}
    taken: dict[str, dict[str, Counter[str]]] = {}
    for method, by_seed in data.runs.items():
        for seed, run in by_seed.items():
            for step, selection in run.result["selections"].items():
                if (count := selection["groups"]) is not None:
                    groups.setdefault(method, {}).setdefault(step, []).append(str(count))
                entropies = data.whys[method, seed, step].get("entropies", [])
                if winners := Counter(max(group, key=group.__getitem__) for group in entropies):
                    _tally(won, method, step).update(winners)
                    _tally(taken, method, step).update(selection["winners"])
    counts = {m: {s: ", ".join(k) for s, k in by_step.items()} for m, by_step in groups.items()}
    note = "k, the number of groups with members; one value per seed."
    yield Section("groups", "Groups per step", note, _by_step(data, counts))
    note = "Groups in which each scorer was the most informative. Summed over seeds."
    yield Section("winners", "Groups won", note, _by_step(data, _words(won)))
    note = "Samples chosen by the scorer that won. Summed over seeds."
    yield Section("taken", "Samples by winning scorer", note, _by_step(data, _words(taken)))


def _tally(tallies: dict[str, dict[str, Counter[str]]], method: str, step: str) -> Counter[str]:
    return tallies.setdefault(method, {}).setdefault(step, Counter())


def _words(tallies: Mapping[str, Mapping[str, Counter[str]]]) -> dict[str, dict[str, str]]:
    return {
        method: {
            step: ", ".join(f"{name} {count}" for name, count in common(counts))
            for step, counts in by_step.items()
        }
        for method, by_step in tallies.items()
    }


def _by_step(data: ReportData, cells: Mapping[str, Mapping[str, str]]) -> TextTable:
    steps: Sequence[str] = data.stream[1:]
    rows = [
        [data.labels[method], *(by_step.get(step, DASH) for step in steps)]
        for method, by_step in cells.items()
    ]
    return TextTable(["Method", *steps], rows, list(cells))
