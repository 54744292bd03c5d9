"""Memory: what a process keeps, and its peak, or the device's where there is an accelerator."""

from __future__ import annotations

import contextlib
import ctypes
import re
import resource
from pathlib import Path
from typing import Any

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")

KEPT = {-3: 32 << 20, -1: 1 << 30, -2: 64 << 20}
"""glibc's mallopt(3): M_MMAP_THRESHOLD (its maximum), M_TRIM_THRESHOLD and M_TOP_PAD, in bytes."""


def keep_freed_memory() -> None:
    """Let this process keep freed memory for its next tensors, where the C library is glibc.

    By default the tensors of every step are mapped and given back, and the system must clear
    their pages again. At most 1 GB that is free stays with the process.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # macOS and Windows have none
        mallopt = ctypes.CDLL(None).mallopt
        for option, size in KEPT.items():
            mallopt(option, size)


def reset_peak() -> None:
    """Start the peak afresh, where the system allows it."""
    with contextlib.suppress(OSError):  # Linux alone: 5 clears the peak of the whole process
        CLEAR_REFS.write_text("5")
    if (torch := _torch_on_cuda()) is not None:
        torch.cuda.reset_peak_memory_stats()


def peak_gb() -> float:
    """Return the peak in GB (2^30 bytes)."""
    torch = _torch_on_cuda()
    return process_peak_gb() if torch is None else float(torch.cuda.max_memory_allocated()) / 2**30


def process_peak_gb() -> float:
    """Return the peak of this program alone: ``ru_maxrss`` counts what started it, too."""
    with contextlib.suppress(OSError):
        if peak := re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()):
            return int(peak[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _torch_on_cuda() -> Any:
    import torch

    return torch if torch.cuda.is_available() else None
