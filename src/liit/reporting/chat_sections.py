"""One visual chat before and after the stream, as the report shows `reports/chat.json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liit import paths
from liit.markdown import escaped
from liit.reporting.section import DASH, Section, TextTable
from liit.reporting.side_record import read_side_record

FIELDS = ("seed", "turns", "questions", "expected", "talks")
RIGHT = " ✓"


def chat_sections(root: Path, scale: str) -> list[Section]:
    """Return the section on the chat; none if none was held at ``scale``.

    Raises LiitError for a damaged record.
    """
    read = read_side_record(root / paths.CHAT, scale, FIELDS)
    if read is None:
        return []
    record, figures = read
    table = TextTable(header(record), rows(record))
    return [Section("chat", "A visual chat", _note(record), table, figures=figures, in_bar=True)]


def header(record: Mapping[str, Any]) -> list[str]:
    """Return what stands above the columns: the question, what is true, and each model."""
    known = ["True"] if record["expected"] else []
    return ["Turn", "Asked", *known, *(talk["label"] for talk in record["talks"])]


def rows(record: Mapping[str, Any]) -> list[list[str]]:
    """Return one row per question; an answer that is right has a mark."""
    turns = [
        f"{talk}.{turn}"
        for talk, count in enumerate(record["turns"], start=1)
        for turn in range(1, count + 1)
    ]
    table = []
    for place, (turn, question) in enumerate(zip(turns, record["questions"], strict=True)):
        known = [record["expected"][place]] if record["expected"] else []
        answers = (_answer(talk, place) for talk in record["talks"])
        table.append([turn, " ".join(question.split()), *known, *answers])
    return table


def _answer(talk: Mapping[str, Any], place: int) -> str:
    text = " ".join(talk["answers"][place].split()) or DASH
    return text + (RIGHT if talk["right"] and talk["right"][place] else "")


def _note(record: Mapping[str, Any]) -> str:
    scores = (f"{escaped(talk['label'])}: {sum(talk['right'])}" for talk in record["talks"])
    return (
        f"{len(record['turns'])} conversations about one drawn picture that no training sample "
        "shares, each in a form that the stream teaches, held with the base and with what methods "
        f"made of it (seed {record['seed']}; the paper's Figures 6 to 8). Every question sees the "
        "model's own answers before it. A mark says that the answer is right: the same words, or a "
        "box that overlaps by half. One picture is an example, not a measurement. "
        f"Right, of {len(record['questions'])}: {'; '.join(scores)}. "
        "`liit chat --image FILE --ask QUESTION` asks about a picture of yours."
    )
