"""The rows of all tables: whether each trains on the devices and with the adapters asked for."""

from __future__ import annotations

from collections.abc import Iterator

from liit import paths
from liit.config import Params
from liit.doctor.findings import Finding, State
from liit.errors import LiitError
from liit.selection import load, table_of

PART = "rows"


def rows(params: Params) -> Iterator[Finding]:
    """Yield the rows of each table whose learner refuses; those of the main table are missing."""
    is_good = True
    for table in (paths.MAIN, *params.tables):
        refusing: dict[tuple[str, str], list[str]] = {}
        for name in params.rows(table):
            try:
                learner = load(table if table == paths.MAIN else table_of(name), name).learner
            except LiitError as error:
                is_good = False
                yield Finding(PART, table, "missing", error.problem, error.next_step)
                continue
            if learner and (why := learner.refusal(params.lora.mode, params.devices)):
                refusing.setdefault((why.problem, why.next_step.rstrip(".")), []).append(name)
        for (problem, step), names in refusing.items():
            is_good = False
            state: State = "missing" if table == paths.MAIN else "warning"
            yield Finding(PART, table, state, f"{', '.join(names)}: {problem}", step)
    if is_good:
        yield Finding(PART, "learners", "ok", "every row trains on these devices")
