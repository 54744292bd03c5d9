"""Tables of what was selected: by dataset and skill, injected noise, groups and their winners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

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
        "chosen, and of all that had arrived; means over steps, and over the seeds whose "
        "selections are on the machine that wrote this.",
        TextTable(header, rows, list(data.noise)),
    )


def common(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return names and counts, the most frequent first, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _group_sections(data: ReportData) -> Iterator[Section]:
    """Yield how many groups there were, and which scorer won how many groups and samples."""

    def count(method: str, step: str) -> str:
        counts = [selection["groups"] for selection in data.selections(method, step).values()]
        return ", ".join(str(k) for k in counts if k is not None)

    here: dict[str, set[int]] = {}

    def won(method: str, step: str) -> str:
        groups: list[dict[str, float]] = []
        for seed in data.selections(method, step):
            if found := data.whys[method, seed, step].get("entropies", []):
                here.setdefault(method, set()).add(seed)
                groups += found
        return _words(Counter(max(group, key=group.__getitem__) for group in groups))

    several = {row.method for row in data.shown if len(row.definition.scorers) > 1}

    def taken(method: str, step: str) -> str:
        samples: Counter[str] = Counter()
        for selection in data.selections(method, step).values() if method in several else ():
            samples.update(selection["winners"])
        return _words(samples)

    note = "k, the number of groups with members; one value per seed."
    yield Section("groups", "Groups per step", note, _by_step(data, count))
    table = _by_step(data, won)
    seeds = (f"{data.labels[m]}: {', '.join(map(str, sorted(of)))}" for m, of in here.items())
    note = (
        "Groups in which each scorer was the most informative. Summed over the seeds whose "
        f"selections are on the machine that wrote this ({'; '.join(seeds)})."
    )
    yield Section("winners", "Groups won", note, table)
    note = "Samples chosen by the scorer that won. Summed over seeds."
    yield Section("taken", "Samples by winning scorer", note, _by_step(data, taken))


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in common(counts))


def _by_step(data: ReportData, cell: Callable[[str, str], str]) -> TextTable:
    """Return a table of (method, step) -> text, without the methods that have none at any step."""
    steps = data.stream[1:]
    texts = {method: [cell(method, step) for step in steps] for method in data.runs}
    rows = {m: [data.labels[m], *(t or DASH for t in cells)] for m, cells in texts.items()}
    shown = [method for method, cells in texts.items() if any(cells)]
    return TextTable(["Method", *steps], [rows[method] for method in shown], shown)
