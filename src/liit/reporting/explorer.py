"""Samples to look through on the page: which ones, and everything that is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from liit.config import Params
from liit.data.store import SampleStore
from liit.inspection.facts import Facts, all_facts, in_a_line
from liit.inspection.inspector import Inspector
from liit.inspection.kept import KeptSelection, Place, ids_here
from liit.inspection.look import Look
from liit.inspection.opened import Opened
from liit.inspection.terminal import told
from liit.reporting.report_data import ReportData
from liit.reporting.run_records import selection_here
from liit.reporting.samples import data_uri, thumbnails
from liit.reporting.section import HtmlPart, Section
from liit.seeds import generator

EACH = 24
"""Samples that the page shows of each kind."""
KINDS = {
    "shared": "chosen by the most rows",
    "alone": "chosen by one row alone",
    "spoiled": "with a spoiled answer",
    "copy": "near-copies of others",
    "rest": "drawn from all else",
}
PICTURES = 4
"""Pictures of a sample that are shown."""
NEAREST, ITEMS, LONG = 3, 3, 160
"""Neighbours and exam items of a sample, and characters of their texts."""


def explorer_section(
    data: ReportData, root: Path, stores: Mapping[str, SampleStore], params: Params | None
) -> Section:
    """Return samples of the last step's pool; empty where no row's selection is on this machine.

    ``params``: opens the tokenizer and the exams; without it neither is shown.
    """
    found = _selections(data, root, stores)
    if not found:
        return Section("explorer", "")
    ids, opened = ids_here(root), Opened(params)
    by = {kept.place[0]: ids[kept.place] for kept in found}
    _, seed, step = found[0].place
    pools = frozenset[str]().union(*(kept.pool.ids for kept in found))
    shown = shown_samples((one for one in all_facts(stores, step) if one.id in pools), by)
    inspectors = [Inspector(opened, kept, ids) for kept in found]
    looks = {id_: [_look(one, id_) for one in inspectors] for id_ in shown}
    content = packed(found, looks, shown)
    note = (
        f"{len(shown)} samples of the pool of {step} (seed {seed}), up to {EACH} of each kind, by "
        f"draws that are the same in every report: {'; '.join(KINDS.values())}. They are no "
        f"random sample of the pool. Rows with a budget whose selections are on this machine: "
        f"{len(found)}. Any other sample: `liit inspect METHOD STEP --id ID`."
    )
    html = HtmlPart("explorer.html", {"packed": content, "name": "explorer"})
    return Section("explorer", "Samples, and why they were chosen", note, html=html, in_bar=True)


def _selections(
    data: ReportData, root: Path, stores: Mapping[str, SampleStore]
) -> list[KeptSelection]:
    """Return the last step's selections of rows with a budget, under the seed that has most.

    Rows without one take all of their pool, and choose nothing.
    """
    step = data.stream[-1]
    if set(data.stream) - stores.keys():
        return []
    in_order = {name: stores[name] for name in data.stream}
    rows = [row for row in data.shown if row.definition.budget_factor is not None]

    def kept(seed: int) -> list[KeptSelection]:
        folders = [
            (row, selection_here(root, data.runs[row.method][seed].result, step)) for row in rows
        ]
        return [
            KeptSelection((row.method, seed, step), folder, row.definition, in_order)
            for row, folder in folders
            if folder
        ]

    return max(map(kept, data.seeds), key=len)


def shown_samples(facts: Iterable[Facts], by: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return the samples that are shown and what kind each stands for, id -> kind.

    ``by``: what the rows with a budget chose. Kinds are drawn one after the other, each among what
    the ones before left; those chosen by most go by the number of rows, then by the draw.
    """
    every = sorted(facts, key=lambda one: one.id)
    times = {one.id: sum(one.id in ids for ids in by.values()) for one in every}
    pools = {
        "shared": [id_ for id_, count in times.items() if count > 1],
        "alone": [id_ for id_, count in times.items() if count == 1],
        "spoiled": [one.id for one in every if one.spoiled],
        "copy": [one.id for one in every if one.copy_of],
        "rest": [one.id for one in every],
    }
    shown: dict[str, str] = {}
    for kind, pool in pools.items():
        left = np.array([id_ for id_ in pool if id_ not in shown], dtype=np.str_)
        drawn = generator(0, "explorer", kind).permutation(left).tolist()
        if kind == "shared":
            drawn.sort(key=lambda id_: -times[id_])
        shown |= dict.fromkeys(drawn[:EACH], kind)
    return shown


def _look(inspector: Inspector, id_: str) -> Look | None:
    """Return a look; None where the method had pruned the sample before."""
    return inspector.look(id_) if id_ in inspector.kept.pool.ids else None


def packed(
    selections: Sequence[KeptSelection],
    looks: Mapping[str, Sequence[Look | None]],
    kinds: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the page's script draws: selections, and samples with a look by each of them.

    ``others``: what neighbours are, by id; they are named in many looks.
    """
    near = [one.facts for some in looks.values() for look in some if look for one in look.nearest]
    return {
        "selections": [
            {
                "method": kept.place[0],
                "label": kept.method.label,
                "seed": kept.place[1],
                "step": kept.place[2],
                "chosen": len(kept.chosen),
                "pool": kept.why["pool"],
            }
            for kept in selections
        ],
        "samples": [
            _sample(selections, kinds.get(id_, ""), by_selection)
            for id_, by_selection in looks.items()
        ],
        "others": {one.id: f"{one.skill or one.dataset}: {one.asked[: LONG // 2]}" for one in near},
    }


def _sample(
    selections: Sequence[KeptSelection], kind: str, looks: Sequence[Look | None]
) -> dict[str, Any]:
    first = next(look for look in looks if look)
    facts, sample = first.facts, first.sample
    root = selections[0].stores[facts.dataset].image_root
    pictures = [data_uri(one) for one in list(thumbnails(sample, root))[:PICTURES]]
    chosen: list[Place] = sorted({*first.elsewhere, *([first.place] if first.chosen else [])})
    return {
        "id": facts.id,
        "dataset": facts.dataset,
        "skill": facts.skill or "",
        "spoiled": facts.spoiled,
        "copy": facts.copy_of,
        "kind": KINDS.get(kind, ""),
        "asked": facts.asked[:LONG],
        "pictures": pictures,
        "more": len(sample.images) - len(pictures),
        "pieces": [[one.kind, one.text, one.tokens] for one in first.pieces],
        "items": [
            [
                item.task,
                in_a_line(item.sample.turns[-2].text)[:LONG],
                item.sample.turns[-1].text[:LONG],
                round(item.cosine, 2),
            ]
            for item in first.items[:ITEMS]
        ],
        "everywhere": told(chosen),
        "looks": [_packed_look(look) if look else None for look in looks],
    }


def _packed_look(look: Look) -> dict[str, Any]:
    reason = look.reason
    return {
        "chosen": look.chosen,
        "text": reason.text,
        "group": reason.group,
        "members": reason.members,
        "scorer": reason.scorer,
        "score": _digits(reason.score),
        "bin": [reason.bin.number, reason.bin.members, reason.bin.taken] if reason.bin else None,
        "signals": [[n, _digits(one.value), one.rank, one.of] for n, one in look.signals.items()],
        "nearest": [
            [one.facts.id, round(one.cosine, 2), one.chosen] for one in look.nearest[:NEAREST]
        ],
        "answers": [" | ".join(map(str, one))[:LONG] for one in (look.answers or ())[:ITEMS]],
        "missing": list(look.missing),
    }


def _digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
