"""UCIT's scorers: CoIN's open answers, and captions by the running number of their question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from liit.benchmarks import coin
from liit.benchmarks._by_line import answers_by_line, as_written, numbered
from liit.benchmarks.captions import score_english, total_english, with_tokens
from liit.errors import LiitError
from liit.scoring.benchmark import Benchmark, Options
from liit.scoring.exam import ExamItem
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import Record, as_key


def captioned(documents: Sequence[Document]) -> list[Record]:
    """Put the captions of a COCO file beside the questions of a question file.

    The ``image_id`` of a caption is the running number of its question, from 1. A question without
    any caption is left out, as the published file of VizWiz lacks one. LiitError if none has any.
    """
    captions: dict[str | None, list[str]] = defaultdict(list)
    questions: list[Record] = []
    for record in all_records(documents):
        if "caption" in record.fields:
            captions[as_key(record.fields.get("image_id"))].append(str(record.fields["caption"]))
        else:
            questions.append(record)
    lines = [numbered(question, line) for line, question in enumerate(questions, start=1)]
    found = [replace(one, fields={**one.fields, "captions": captions[one.id]}) for one in lines]
    kept = [one for one in found if one.fields["captions"]]
    if not kept:
        raise LiitError(
            f"{documents[0].path}: no question has a caption ({len(questions)} questions, captions "
            f"of {len(captions)} images)",
            next_step="give both the COCO captions and the question file that they follow",
        )
    return kept


def _ask_caption(record: Record, _options: Options) -> ExamItem:
    captions = record.fields["captions"]
    return as_written(record, captions[0], {"references": captions})


BENCHMARKS = (
    replace(coin.OPEN, name="ucit"),
    Benchmark(
        "ucit_caption",
        "CIDEr x 100",
        rule=score_english,
        total=total_english,
        settle=with_tokens,
        references=captioned,
        answers=answers_by_line,
        ask=_ask_caption,
        needs="the COCO captions and the question file, whose order they follow",
    ),
)
