"""`liit doctor`: what a scale still needs, part by part, before hours of a GPU are spent on it."""

from __future__ import annotations

from collections.abc import Iterator

from liit.config import Params
from liit.doctor.findings import Finding


def examine(params: Params, *, prepared: bool, reference: bool) -> Iterator[Finding]:
    """Yield the findings: weights, what was written, data, rows, disk, device, values.

    ``prepared``: what lies in data/ belongs to ``params``. With ``reference`` the untouched model
    is asked for its reference values where weights and files are there; without, they are reported
    as not run.
    """
    from liit.doctor.data import data
    from liit.doctor.machine import device, disk
    from liit.doctor.reference_checks import reference_values
    from liit.doctor.rows import rows
    from liit.doctor.weights import weights
    from liit.doctor.written import written

    yield from weights(params)
    yield from written()
    yield from data(params)
    yield from rows(params)
    yield from disk(params, prepared=prepared)
    yield from device(params)
    yield from reference_values(params, run=reference)
