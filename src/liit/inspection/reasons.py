"""Why a sample was chosen or not, from a trace of the selection or from its files alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from liit.inspection.kept import KeptSelection
from liit.inspection.ranks import Bin, bin_of, rank_of
from liit.inspection.retrace import Share, Trace
from liit.selection.method import Method, part_name
from liit.selection.multiway import BINS
from liit.selection.picks import bottom, ccs, middle, top
from liit.selection.vectors import unit

NEAREST = 5
"""Members of the own group that are shown."""
GONE = "Its signals are no longer cached on this machine, so what the files say is all there is."


@dataclass(frozen=True)
class Reason:
    """Why a sample was chosen or not.

    ``text``: sentences; the rest, where it is known: the ``group`` with its members, the ``scorer``
    that ranked it with the ``score``, and its ``bin``.
    """

    text: str
    group: int | None = None
    members: int | None = None
    scorer: str = ""
    score: float | None = None
    bin: Bin | None = None


def from_files(kept: KeptSelection, id_: str) -> Reason:
    """Return what a selection's files say of one sample."""
    row = kept.chosen.get(id_)
    if row is None:
        told = f"Not among the {len(kept.chosen):,} that were chosen of {kept.why['pool']:,}."
        return Reason(f"{told} {GONE if kept.method.signals else ''}".strip())
    group, scorer, score = row["group"], row["scorer"] or "", row["score"]
    if group is None:
        return Reason("Chosen.", scorer=scorer, score=score)
    sizes, taken = kept.why.get("sizes", {}), kept.why.get("budgets")
    told = f", which has {sizes[group]} members" if sizes else ""
    told += f", from which {taken[group]} were taken" if taken else ""
    text = f"Chosen: a member of group {group}{told}."
    return Reason(text, group, sizes[group] if sizes else None, scorer, score)


def from_trace(method: Method, trace: Trace, id_: str) -> Reason:
    """Return why a sample was chosen or not by what the method did."""
    row = trace.row(id_)
    if row is None:
        told = f"{part_name(method.pool)}: {len(trace.ids):,}"
        return Reason(f"Not a candidate: the method chooses from {told} samples, without this one.")
    verdict = "Chosen" if id_ in trace.chosen else "Not chosen"
    found = trace.share(row)
    if found is None:
        text = f"{verdict}: it has no direction to be grouped by, and such are taken last."
        return Reason(text)
    share, place = found
    group = trace.group(row)
    one_share = len(trace.shares) == 1
    among = (
        f"{len(share.members):,} candidates"
        if one_share
        else f"the {len(share.members):,} members of group {group}"
    )
    score = float(share.candidates.scores[place])
    parts = [f"{verdict}: of {among}, {len(share.taken):,} were taken."]
    if share.scorer:
        parts.append(_won(share))
    bin_ = _bin(method, share, place, parts)
    if (how := _ranked(method, share, place)) and bin_ is None:
        parts.append(how)
    members = None if group is None or trace.labels is None else int((trace.labels == group).sum())
    known = None if np.isnan(score) else score
    return Reason(" ".join(parts), group, members, share.scorer, known, bin_)


def _won(share: Share) -> str:
    if len(share.bits) < 2:
        return f"Ranked by {share.scorer}."
    others = ", ".join(
        f"{name} {bits:.2f}"
        for name, bits in sorted(share.bits.items(), key=lambda one: -one[1])
        if name != share.scorer
    )
    most = f"{share.bits[share.scorer]:.2f} bits"
    return f"Ranked by {share.scorer}, which tells most here ({most}; {others})."


def _bin(method: Method, share: Share, place: int, parts: list[str]) -> Bin | None:
    if method.pick is not ccs or not share.scorer:
        return None
    found = bin_of(share.candidates, share.taken, place)
    if isinstance(found, str):
        parts.append(f"For an even cover of the scores it was {found}.")
        return None
    parts.append(
        f"Its score falls into bin {found.number} of {BINS}, "
        f"from which {found.taken} of {found.members} were drawn."
    )
    return found


def _ranked(method: Method, share: Share, place: int) -> str:
    """Return how a ranking pick came to take or leave a member, or how else it was picked."""
    scores, name = share.candidates.scores, part_name(method.pick)
    if method.pick not in (top, bottom, middle) or not share.scorer:
        return "" if method.pick is ccs and share.scorer else f"Picked by `{name}`."
    mine = rank_of(scores, place)
    if mine.rank is None:
        return f"Its {share.scorer} is undefined, and such are taken last."
    if method.pick is bottom:
        low = rank_of(-scores, place).rank
        return f"Its score is number {low:,} of {mine.of:,} from the lowest, which are taken."
    kind = "highest" if method.pick is top else "middle"
    return (
        f"Its score is number {mine.rank:,} of {mine.of:,} from the highest; the {kind} are taken."
    )


def nearest_members(trace: Trace, id_: str) -> list[tuple[str, float]]:
    """Return the members of a sample's group nearest to it by cosine, (id, cosine), ties by id."""
    row = trace.row(id_)
    if row is None or trace.vectors is None or (group := trace.group(row)) is None:
        return []
    assert trace.labels is not None
    others = np.flatnonzero(trace.labels == group)
    others = others[others != row]
    mine = unit(trace.vectors.read(np.array([row])))[0]
    cosines = unit(trace.vectors.read(others)) @ mine
    best = np.argsort(-np.round(cosines, 6), kind="stable")[:NEAREST]
    return [(str(trace.ids[others[at]]), float(cosines[at])) for at in best.tolist()]


def signal_ranks(kept: KeptSelection, id_: str) -> Mapping[str, Any]:
    """Return every measured number of a sample with its rank in the pool; vectors have none."""
    row = int(np.searchsorted(kept.pool.ids, id_))
    if not kept.signals or row == len(kept.pool) or kept.pool.ids[row] != id_:
        return {}
    return {name: rank_of(column, row) for name, column in kept.signals.items() if column.ndim == 1}
