"""What a phase costs: seconds, those of the processor, samples, and the peak of memory."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from liit.memory import peak_gb, reset_peak

Cost = dict[str, float]


def clocks() -> Cost:
    """Return what the clocks show: of the wall, and of this process's work."""
    return {"seconds": time.perf_counter(), "cpu_seconds": time.process_time()}


def since(then: Cost) -> Cost:
    """Return the seconds since the clocks showed ``then``."""
    return {clock: now - then[clock] for clock, now in clocks().items()}


@dataclass
class Meter:
    """Collects the cost of each phase of one step."""

    costs: dict[str, Cost] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[Cost]:
        """Measure what runs inside; the block adds the number of samples to what it is given."""
        reset_peak()
        cost: Cost = {}
        started = clocks()
        yield cost
        self.add(name, cost | since(started))

    def add(self, name: str, cost: Cost) -> None:
        """Record a phase that measured its own time; a second part of a phase adds to the first."""
        before = self.costs.get(name, {})
        for clock in cost.keys() & clocks().keys():
            cost[clock] = round(cost[clock] + before.get(clock, 0.0), 3)
        peak = max(round(peak_gb(), 3), before.get("peak_memory_gb") or 0.0)
        self.costs[name] = {**cost, "peak_memory_gb": peak}
