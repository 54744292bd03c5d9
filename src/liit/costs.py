"""What a phase costs: seconds, samples, and the peak of memory while it ran."""

from __future__ import annotations

import contextlib
import re
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Cost = dict[str, float]
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Meter:
    """Collects the cost of each phase of one step."""

    costs: dict[str, Cost] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[Cost]:
        """Measure what runs inside; the block adds the number of samples to what it is given."""
        _reset_peak()
        cost: Cost = {}
        started = time.perf_counter()
        yield cost
        self.add(name, {**cost, "seconds": time.perf_counter() - started})

    def add(self, name: str, cost: Cost) -> None:
        """Record a phase that measured its own time."""
        cost["seconds"] = round(cost["seconds"], 3)
        self.costs[name] = {**cost, "peak_memory_gb": round(_peak_gb(), 3)}


def _reset_peak() -> None:
    # Linux keeps the peak of the whole process; writing 5 starts it afresh where allowed.
    with contextlib.suppress(OSError):
        CLEAR_REFS.write_text("5")
    torch = _torch_on_cuda()
    if torch is not None:
        torch.cuda.reset_peak_memory_stats()


def _peak_gb() -> float:
    torch = _torch_on_cuda()
    if torch is not None:
        return float(torch.cuda.max_memory_allocated()) / 2**30
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
        if found:
            return int(found[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _torch_on_cuda() -> Any:
    import torch

    return torch if torch.cuda.is_available() else None
