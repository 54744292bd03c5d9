"""Following and comparing runs outside of the project: what there is to tell about a run.

A tracker is a module with the two functions of :mod:`liit.tracking.weights_and_biases`:
``training_logger`` and ``write_summary``. Nothing is needed from it: every number is in the
project's files. Training imports a tracker, which therefore imports nothing of the report;
:mod:`liit.tracking.publishing` does, and is imported by `liit publish` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TextRows = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""The columns and the rows of a table."""


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What tells a run from every other one of its project; ``budget`` is the table's."""

    scale: str
    table: str
    method: str
    seed: int
    budget: int

    def id_for(self, job: str) -> str:
        """Return the id of what a job such as `train` tells about it: the same at every try."""
        return f"{job}-{self.scale}-{self.table}-{self.method}-{self.seed}-{self.budget}"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What is told about a finished run: points over ``stream/step``, final numbers and tables."""

    config: Mapping[str, Any]
    history: Sequence[Mapping[str, float]]
    metrics: Mapping[str, float]
    tables: Mapping[str, TextRows]
