"""The items of a file as records, whatever its layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from liit.errors import LiitError
from liit.scoring.files import Document
from liit.scoring.records import ANSWERS, IDS, IMAGES, QUESTIONS, Record, as_key

_LISTS = (
    "annotations", "questions", "imgToEval", "outputs", "predictions", "examples", "data",
    "results", "instances", "items", "samples", "rows", "images",
)  # fmt: skip


def records_of(document: Document) -> Iterator[Record]:
    """Yield a file's items, whatever the layout.

    A field that is a known one in another spelling ("Question-ID") stands under the known name too.
    """
    for place, fields in enumerate(_fields_of(document), start=1):
        other = {known: v for name, v in fields.items() if (known := _known_as(name)) is not None}
        yield Record({**other, **fields}, document, place)


def all_records(documents: Sequence[Document]) -> list[Record]:
    """Return the items of several files."""
    return [record for document in documents for record in records_of(document)]


def _known_as(name: object) -> str | None:
    return None if name in _NAMES.values() else _NAMES.get(_name_key(str(name)))


def _name_key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_OCR_VQA_SPLITS: dict[Any, str] = {1: "train", 2: "val", 3: "test"}
_NAMES = {_name_key(name): name for name in (*IDS, *IMAGES, *QUESTIONS, *ANSWERS)}


def _fields_of(document: Document) -> Iterator[dict[str, Any]]:
    if document.kind == "table":
        yield from _rows_of(document.content)
    elif document.kind == "lines":
        yield from ({"value": line} for line in document.content)
    elif document.kind == "rows":
        yield from _items_of(document.content)
    else:
        yield from _json_items(document.content, document.path)


def _rows_of(rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    if _is_header(rows[0]):
        names = [cell.strip() for cell in rows[0]]
        for row in rows[1:]:
            yield dict(zip(names, row, strict=False))
    else:
        yield from ({"cells": list(row)} for row in rows)


def _is_header(cells: Sequence[str]) -> bool:
    """Tell a row of names: one is known, and none is a sentence as in a row of questions."""
    known = {_name_key(name) for name in (*IDS, *IMAGES, *QUESTIONS)}
    names = all(re.fullmatch(r"[\w .:/-]{0,40}", cell) for cell in cells)
    return names and any(_name_key(cell) in known for cell in cells)


def _json_items(content: Any, path: Path) -> Iterator[dict[str, Any]]:
    if isinstance(content, list):
        yield from _items_of(content)
        return
    if not isinstance(content, dict):
        raise LiitError(f"{path}: a bare JSON value", next_step="give a list or an id map")
    if as_key(next((content[name] for name in IDS if name in content), None)) is not None:
        yield content
        return
    if isinstance(content.get("correct"), list) and isinstance(content.get("incorrect"), list):
        yield from _items_of([*content["correct"], *content["incorrect"]])
        return
    inner = next((name for name in _LISTS if isinstance(content.get(name), (list, dict))), None)
    if inner is None:
        yield from _mapped(content)
        return
    if inner == "outputs" and _size(content.get("results")) > _size(content["outputs"]):
        inner = "results"  # raw texts of the first few beside the parsed answers of all
    images = _by_id(content.get("images")) if inner != "images" else {}
    for fields in _json_items(content[inner], path):
        image = images.get(as_key(fields.get("image_id")), {})
        yield {**{k: v for k, v in image.items() if k != "id"}, **fields}


def _size(value: Any) -> int:
    return len(value) if isinstance(value, (list, dict)) else 0


def _items_of(items: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for item in items:
        if isinstance(item, dict) and "paragraphs" in item:
            yield from _squad_items(item)
        elif isinstance(item, dict):
            # logs of lm-eval and lmms-eval keep the benchmark's record inside
            inner = item.get("doc")
            yield {**inner, **item} if isinstance(inner, dict) else item
        else:
            yield {"value": item}


def _mapped(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict) and _are_lists(value, "questions", "answers"):
            yield from _asked_of_one_image(key, value)
        elif isinstance(value, dict):
            yield {"id": key, **value}
        else:
            yield {"id": key, "value": value}


def _are_lists(fields: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(fields.get(name), list) for name in names)


def _asked_of_one_image(key: str, fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield OCR-VQA's questions about a cover, whose file is named after it.

    A question may stand twice on one cover, with two answers: its place is part of its id. Lists
    of unequal length leave one record, without any answer.
    """
    questions, answers = fields["questions"], fields["answers"]
    if len(questions) != len(answers):
        yield {"id": key, **{name: v for name, v in fields.items() if name != "answers"}}
        return
    split = fields.get("split")
    rest = {name: v for name, v in fields.items() if name not in ("questions", "answers", "split")}
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        yield {
            **rest,
            "question_id": f"{key}_{number}",
            "image": f"{key}.jpg",
            "question": question,
            "answer": answer,
            "split": _OCR_VQA_SPLITS.get(split, split) if isinstance(split, int) else split,
        }


def _squad_items(article: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for paragraph in article["paragraphs"]:
        for question in paragraph.get("qas", []):
            yield {
                "title": article.get("title", ""),
                "context": paragraph.get("context"),
                **question,
            }


def _by_id(images: Any) -> dict[str | None, dict[str, Any]]:
    if not isinstance(images, list):
        return {}
    return {as_key(i.get("id")): i for i in images if isinstance(i, dict)}
