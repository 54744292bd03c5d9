"""Following and comparing runs outside of the project: what is told, and what a tracker has to do.

Nothing is needed from a tracker: every number is in the project's files, and training knows none.
`liit publish` tells one what the files hold. Another tracker is one module with a
:class:`Tracker`, beside :mod:`liit.tracking.weights_and_biases`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from liit.files import digest_json


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What tells a run from every other one of its project; ``budget`` is the table's.

    ``conditions``: the digest of what its result may be compared under.
    """

    scale: str
    table: str
    method: str
    seed: int
    budget: int
    conditions: str

    def id_for(self, job: str) -> str:
        """Return the id of what a job such as `train` tells about it: the same at every try."""
        return "-".join(map(str, (job, *asdict(self).values())))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a table's cell: the bytes of a PNG file."""

    png: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of numbers, words and pictures; names of the columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """All that is told about a run by one of its jobs.

    ``history``: points over what ``axis`` names, one after the other. ``metrics``: its final
    numbers, by name. ``figures``: SVG by name. ``files``: what is kept with it, by name.
    """

    id: str
    name: str
    group: str
    job: str
    tags: Sequence[str]
    config: Mapping[str, Any]
    axis: str = ""
    history: Sequence[Mapping[str, float]] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The digest of everything that is told: runs that tell the same have the same."""
        return digest_json(_plain(asdict(self)))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a tracker has of a run; ``digest`` is that of the run it was told."""

    digest: str
    config: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Any]


class Place(Protocol):
    """Where runs are kept: on this machine, or where a tracker shows them."""

    where: str
    """The place in words."""

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each run that is there as a whole, by id."""

    def read(self, run: str) -> Recorded:
        """Return what is there of the run of an id that `digests` names."""


class Tracker(Place, Protocol):
    """The place on this machine, from which runs are sent to be shown."""

    def write(self, run: TrackedRun) -> None:
        """Write a run on this machine, in place of an earlier one of its id."""

    def shown(self) -> Place | None:
        """Return the place where runs are shown; None without a key for it."""

    def send(self, runs: Sequence[str]) -> int:
        """Send those of the runs that are not shown as they are here; return how many went."""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
