"""`liit plan`: estimate every method of a table under one set of parameters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group

from liit.config import Params
from liit.errors import LiitError
from liit.planning.calibration import calibrate, given
from liit.planning.estimate import estimate
from liit.planning.geometry import geometry_of
from liit.planning.show import render
from liit.planning.workload import Arrival, arrivals
from liit.selection import load, names, tables


def plan_table(
    params: Params,
    table: str,
    methods: Sequence[str] | None,
    *,
    prepared: bool,
    devices: int | None,
    tflops: float | None,
) -> Group:
    """Return the estimates of ``methods`` (default: the rows of ``table``) as a table.

    ``prepared``: what lies in data/ and base/ belongs to ``params``. ``devices`` defaults to those
    of ``params``; ``tflops`` is what one of them does per second, in 10¹² operations, and is
    measured if None. Raises LiitError for an unknown method or table.
    """
    shape = geometry_of(params.model)
    stream = arrivals(params, shape.patches, prepared=prepared)
    count = params.devices.devices * params.devices.num_nodes if devices is None else devices
    if count < 1:
        raise LiitError(f"{count} devices cannot work.", next_step="give --devices 1 or more.")
    rates = calibrate(params, shape, _tokens(stream)) if tflops is None else given(tflops)
    estimates = [
        estimate(
            params,
            name,
            load(_table_of(name, table), name),
            stream,
            rates=rates,
            devices=count,
        )
        for name in methods or params.rows(table)
    ]
    return render(params, estimates, stream, rates=rates, devices=count)


def _table_of(method: str, table: str) -> str:
    """Return where a method's file is: a further table shows rows of the main one beside its own.

    An unknown method stays with ``table``, whose error names the nearest.
    """
    return next((one for one in (table, *tables()) if method in names(one)), table)


def _tokens(stream: Sequence[Arrival]) -> float:
    """Return the mean length of a sample of the stream."""
    total = sum(one.size for one in stream)
    return sum(one.size * one.lengths.tokens for one in stream) / total
