"""Counts, durations and sizes as people read them."""

from __future__ import annotations


def count(number: int) -> str:
    """Return a number of samples, in thousands or millions where it is large."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.0f} k" if number < 1e6 else f"{number / 1e6:.1f} M"


def duration(seconds: float) -> str:
    """Return seconds, minutes or hours, to two or three digits; a dash for nothing."""
    if seconds == 0:
        return "–"
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min" if seconds < 600 else f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(gigabytes: float) -> str:
    """Return bytes as MB, GB or TB; a dash for none."""
    if gigabytes == 0:
        return "–"
    if gigabytes < 1:
        return f"{gigabytes * 1000:.1f} MB" if gigabytes < 0.01 else f"{gigabytes * 1000:.0f} MB"
    if gigabytes < 100:
        return f"{gigabytes:.1f} GB"
    return f"{gigabytes:.0f} GB" if gigabytes < 1000 else f"{gigabytes / 1000:.1f} TB"
