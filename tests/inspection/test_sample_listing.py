"""Lists of a step's samples: who is compared, and what each filter keeps."""

from __future__ import annotations

import pytest

from liit.inspection.facts import Facts
from liit.inspection.listing import Filters, Row

RIVALS = ["ours", "random", "top"]


def row(id_: str, by: tuple[str, ...], *, spoiled: bool = False, copy: str | None = None) -> Row:
    facts = Facts(id_, "m3it", "vqa", spoiled, copy, "What?")
    return Row(facts, "ours" in by, None, "", None, by)


ROWS = [
    row("everybody", ("ours", "random", "top")),
    row("ours alone", ("ours",), spoiled=True),
    row("another alone", ("top",), copy="x"),
    row("nobody", (), spoiled=True, copy="y"),
    row("two", ("ours", "top")),
]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, ["everybody", "ours alone", "another alone", "nobody", "two"]),
        ({"chosen_by_all": True}, ["everybody"]),
        ({"only_here": True}, ["ours alone"]),
        ({"spoiled": True}, ["ours alone", "nobody"]),
        ({"near_copies": True}, ["another alone", "nobody"]),
        ({"spoiled": True, "near_copies": True}, ["nobody"]),
        ({"only_here": True, "near_copies": True}, []),
    ],
)
def test_a_filter_keeps_what_it_says(filters: dict[str, bool], kept: list[str]) -> None:
    found = [one.facts.id for one in ROWS if Filters(**filters).keep(one, "ours", RIVALS)]
    assert found == kept


def test_a_row_as_json_is_flat() -> None:
    assert ROWS[2].as_dict() == {
        "id": "another alone", "dataset": "m3it", "skill": "vqa", "spoiled": False,
        "copy_of": "x", "asked": "What?", "chosen": False, "group": None, "scorer": "",
        "score": None, "by": ["top"],
    }  # fmt: skip
