"""Texts that would do harm on a page that did not escape them."""

from __future__ import annotations

from pathlib import Path

from campaign import STREAM

from liit.data.sample import Turn, make_sample
from liit.data.store import SampleStore, write_store

TEXTS = (
    "<script>window.harm = 1</script>",
    "</script><script>window.harm = 2</script>",
    "<img src=x onerror='window.harm = 3'>",
    "\"quotes\" 'apostrophes' & <!-- comment --> ]]> {{ 7 * 7 }} {% raw %}",
    "👩‍🚀🔥 “émoji” \u2028 \u202e right to left",
)


def spoil(root: Path) -> list[str]:
    """Put hostile texts in front of the last dataset's samples; return their ids.

    They are chosen by nobody, and near-copies, so that the page has to show them.
    """
    file = root / "data" / f"{STREAM[-1]}.arrow"
    kept = list(SampleStore(file))
    hostile = [
        make_sample(
            STREAM[-1],
            [Turn("user", text), Turn("assistant", text)],
            skill=text[:40],
            extra={"near_duplicate_of": "<b>x</b>"},
        )
        for text in TEXTS
    ]
    write_store([*hostile, *kept], file)
    return [one.id for one in hostile]
