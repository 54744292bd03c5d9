"""Records: one item of a file, with its id, image and question under whatever names they have."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liit.errors import LiitError
from liit.prompts import IMAGE_TAG
from liit.scoring.files import Document

IDS = (
    "question_id", "questionId", "ques_id", "qid", "example_id", "task_id", "pid", "sample_id",
    "sampleid", "id", "uid", "index", "idx", "doc_id",
)  # fmt: skip
IMAGES = (
    "image_id", "imageId", "image", "img_id", "image_name", "file_name", "filename", "image_path",
    "img_path", "img",
)  # fmt: skip
QUESTIONS = (
    "question", "prompt", "query", "sent", "sents", "sentence", "expression", "question_text",
    "instruction", "input",
)  # fmt: skip
ANSWERS = (
    "prediction", "pred", "pred_answer", "predicted_answer", "predicted_answers", "predicted",
    "pred_ans", "response", "model_answer", "model_output", "model_response", "generated_text",
    "generation", "generated", "hypothesis", "completion", "output", "caption", "pred_caption",
    "filtered_resps", "resps", "text", "answer", "value",
)  # fmt: skip
# What prompts add to a question: everything from here on is not part of it.
_SUFFIX = re.compile(
    r"(?:reference ocr tokens?:|answer the question|answer with the option|please answer yes|"
    r"when the provided information|please answer|short answer:).*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Record:
    """One item as a file gives it; ``place`` counts the file's items from 1."""

    fields: Mapping[str, Any]
    document: Document
    place: int

    @property
    def where(self) -> str:
        """File and record, for messages."""
        return f"{self.document.path}: record {self.place}"

    @property
    def id(self) -> str | None:
        """The item's id as text, or None."""
        return as_key(self.first(IDS))

    @property
    def image(self) -> str | None:
        """The image's name without folder, suffix and COCO's prefix and zeros, or None."""
        value = as_key(self.first(IMAGES))
        return None if value is None else image_key(value)

    @property
    def image_path(self) -> str | None:
        """The image's name as it is given, but for "./" in front, or None."""
        value = as_key(self.first(IMAGES))
        return None if value is None else value.removeprefix("./")

    @property
    def id_as_image(self) -> str | None:
        """The item's id, reduced as if it were an image's name, or None."""
        return None if self.id is None else image_key(self.id)

    @property
    def question(self) -> str | None:
        """The question without image tags and prompt suffixes, lower-cased, or None."""
        value = self.first(QUESTIONS)
        if value is None and "conversations" in self.fields:
            value = turn_of(self, 0)
        if isinstance(value, list):
            value = value[0] if value and isinstance(value[0], str) else None
        return question_key(value) if isinstance(value, str) else None

    def at(self, name: str) -> Any:
        """Return a field; dots go into nested records ("gpt4.solution"). KeyError if absent."""
        value: Any = self.fields
        for part in [name] if name in self.fields else name.split("."):
            if not isinstance(value, Mapping):
                raise KeyError(name)
            value = value[part]
        return value

    def first(self, names: Sequence[str]) -> Any:
        """Return the first field of these names that is filled, or None."""
        for name in names:
            value = self.fields.get(name)
            if value is not None and value != "":
                return value
        return None

    def need(self, names: Sequence[str], what: str) -> Any:
        """Return the first filled field of these names; LiitError if there is none."""
        value = self.first(names)
        if value is None:
            has = ", ".join(map(str, self.fields)) or "nothing"
            raise LiitError(
                f"{self.where} has no {what} (it has: {has})",
                next_step=f"give the {what} in a field named {' or '.join(names[:3])}",
            )
        return value


def with_fields(record: Record, more: Mapping[str, Any]) -> Record:
    """Return the record with the missing ones of these fields filled in."""
    kept = {name: value for name, value in more.items() if record.fields.get(name) is None}
    return Record({**record.fields, **kept}, record.document, record.place)


def as_key(value: object) -> str | None:
    """Return an id as text; 7.0 and "7" and 7 are the same id."""
    if value is None or isinstance(value, (dict, list, bool)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def image_key(name: str) -> str:
    """Reduce an image's name: "val2014/COCO_val2014_000000000042.jpg" to "42"."""
    stem = re.sub(r"\.(jpe?g|png|gif|webp|bmp)$", "", name.rsplit("/", 1)[-1], flags=re.IGNORECASE)
    number = re.fullmatch(r"(?:COCO_[a-z]++\d{4}_)?(\d+)", stem)
    return number.group(1).lstrip("0") or "0" if number else stem


def question_key(text: str) -> str:
    """Reduce a question to what identifies it: no image tag, suffix, case or extra space."""
    text = _SUFFIX.sub("", text.replace(IMAGE_TAG, " "))
    return " ".join(text.lower().split()).strip()


def as_list(value: Any) -> list[Any]:
    """Return a list field as a list; tables write it as text ("['a', 'b']", "['a' 'b']").

    ValueError for a list of quoted texts that cannot be read.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        text = value.strip()
        for parse in (_printed_by_numpy, ast.literal_eval, json.loads):
            try:
                found = parse(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            if isinstance(found, list):
                return found
        if text[-1] == "]" and re.search(r"[\[\s,]['\"{]", text):
            raise ValueError(f"a list that cannot be read: {text[:80]}")
    return [value]


_NUMPY = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|\{[^{}]*+\}|[^\s,'"\[\]{}]++""")


def _printed_by_numpy(text: str) -> list[Any]:
    """Read a list as numpy prints it, without commas; ValueError for any other."""
    parts = _NUMPY.findall(text[1:-1])
    if text[-1] != "]" or len(parts) < 2 or _NUMPY.sub("", text[1:-1]).strip():
        raise ValueError("not a list as numpy prints it")
    return [ast.literal_eval(part) if part[0] in "'\"{" else part for part in parts]


def turn_of(record: Record, place: int) -> str | None:
    """Return the text of one turn of a LLaVA conversation, or None."""
    turns = record.fields.get("conversations")
    if not isinstance(turns, list) or len(turns) <= place or not isinstance(turns[place], dict):
        return None
    text = turns[place].get("value", turns[place].get("content"))
    return text if isinstance(text, str) else None
