"""From an item and an answer to the three numbers that every task here reports.

Most tasks are means over items. Where the published figure is none, the task also reports
``corpus``: what its aggregation needs of each item, in file order. ``profile`` of an item says
which rule counts: ``standard``, or ``paper`` for what Adapt-∞'s released code computes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean
from typing import Any

from liit.metrics import Scored
from liit.metrics.aokvqa import direct_answer
from liit.metrics.bleu import corpus_bleu_zh, sentence_bleu_zh
from liit.metrics.boxes import box_iou, detection_f1, iou, parse_boxes
from liit.metrics.caption import CiderCorpus, token_f1
from liit.metrics.exact import exact_match
from liit.metrics.letter import LETTERS, mmlu_letter, option_letter
from liit.metrics.mmmu import mmmu_choice, mmmu_open
from liit.metrics.tokens import ptb_words
from liit.metrics.vqa import soft_accuracy
from liit.metrics.yesno import mme, mme_scores

Document = dict[str, Any]


MME_BEST = 2800
"""Fourteen tasks of 200 points each."""


def _three(scored: Scored) -> dict[str, Any]:
    return {"score": scored.value, "parsed": float(scored.parsed), "lenient": scored.lenient}


def _is_paper(doc: Document) -> bool:
    return bool(doc["extra"].get("profile") == "paper")


def answer(doc: Document, results: list[str]) -> dict[str, Any]:
    """Exact match with one of ``answers``."""
    return _three(exact_match(results[0], doc["extra"]["answers"]))


def choice(doc: Document, results: list[str]) -> dict[str, Any]:
    """The option's letter, or its text where the item asks for that (it carries no letter)."""
    if "letter" not in doc["extra"]:
        return answer(doc, results)
    return _three(option_letter(results[0], doc["extra"]["letter"], doc["extra"]["choices"]))


def soft(doc: Document, results: list[str]) -> dict[str, Any]:
    """VQA accuracy over the answers of ten people (the official rule)."""
    return _three(soft_accuracy(results[0], doc["extra"]["answers"], "official"))


def soft_m4c(doc: Document, results: list[str]) -> dict[str, Any]:
    """VQA accuracy with M4C's processing of both sides, as TextVQA is scored."""
    return _three(soft_accuracy(results[0], doc["extra"]["answers"], "m4c"))


def direct(doc: Document, results: list[str]) -> dict[str, Any]:
    """A-OKVQA's direct answer: agreement with the raw answers, a third each up to 1."""
    return _three(direct_answer(results[0], doc["extra"]["answers"]))


def mmlu(doc: Document, results: list[str]) -> dict[str, Any]:
    """The option's letter; ``paper`` accepts it alone."""
    rule = mmlu_letter if _is_paper(doc) else option_letter
    return _three(rule(results[0], doc["extra"]["letter"], doc["extra"]["choices"]))


def mmmu(doc: Document, results: list[str]) -> dict[str, Any]:
    """MMMU's official parsing; an answer that it cannot read is wrong, in ``paper`` drawn."""
    scored = _mmmu(doc, results[0], None)
    return {**_three(scored), "corpus": (doc, results[0])}


def mmmu_total(items: Sequence[tuple[Document, str]]) -> float:
    """Percentage right; ``paper`` draws what cannot be read, seed 42, in the order of the file."""
    draws = random.Random(42) if _is_paper(items[0][0]) else None  # noqa: S311
    return 100 * fmean(_mmmu(doc, said, draws).value for doc, said in items)


def _mmmu(doc: Document, said: str, draws: random.Random | None) -> Scored:
    extra = doc["extra"]
    if "letter" not in extra:
        return mmmu_open(said, extra["answers"])
    options = dict(zip("ABCDEFGHIJ", extra["choices"], strict=False))
    return mmmu_choice(said, extra["letter"], options, draws)


def refer(doc: Document, results: list[str]) -> dict[str, Any]:
    """As ``box``; ``paper`` wants IoU > 0.5 with border pixels counted."""
    scored = iou(results[0], doc["extra"]["box"])
    if not _is_paper(doc):
        return {**_three(scored), "corpus": scored.value}
    hit = float(_pixel_iou(doc, results[0]) > 0.5)
    figures = {"score": hit, "parsed": float(scored.parsed), "lenient": max(hit, scored.lenient)}
    return {**figures, "corpus": hit if scored.parsed else None}


def refer_total(values: Sequence[float | None]) -> float:
    """Mean, in %; what ``paper`` could not parse leaves the denominator (0 if nothing is left)."""
    counted = [value for value in values if value is not None]
    return 100 * fmean(counted) if counted else 0.0


def _pixel_iou(doc: Document, said: str) -> float:
    boxes = parse_boxes(said)
    if not boxes:
        return 0.0
    width, height = doc["extra"]["size"]
    scale = (width, height, width, height)
    sides = [
        [edge * one for edge, one in zip(box, scale, strict=True)]
        for box in (boxes[0], doc["extra"]["box"])
    ]
    return box_iou(*sides, pixel=1)


def box(doc: Document, results: list[str]) -> dict[str, Any]:
    """Intersection over union with one box."""
    return _three(iou(results[0], doc["extra"]["box"]))


def boxes(doc: Document, results: list[str]) -> dict[str, Any]:
    """F1 of several boxes at IoU 0.5."""
    return _three(detection_f1(results[0], doc["extra"]["boxes"]))


def chinese(doc: Document, results: list[str]) -> dict[str, Any]:
    """Character BLEU-4 with the references."""
    return _three(sentence_bleu_zh(results[0], doc["extra"]["references"]))


def chinese_corpus(doc: Document, results: list[str]) -> dict[str, Any]:
    """As ``chinese`` per item; ``paper`` with the first reference alone."""
    references = doc["extra"]["references"][: 1 if _is_paper(doc) else None]
    scored = sentence_bleu_zh(results[0], references)
    return {**_three(scored), "corpus": (_is_paper(doc), scored.value, results[0], references)}


def chinese_total(items: Sequence[tuple[bool, float, str, list[str]]]) -> float:
    """Corpus BLEU-4 of sacrebleu over all references; ``paper``: the mean over sentences."""
    if items[0][0]:
        return 100 * fmean(value for _, value, _, _ in items)
    return corpus_bleu_zh([said for _, _, said, _ in items], [wanted for *_, wanted in items])


def cider(doc: Document, results: list[str]) -> dict[str, Any]:
    """CIDEr-D over Penn Treebank words; the cell is 100 times its mean, as it is reported.

    Its document frequencies are those of the whole exam's references, so that the corpus score is
    the mean over items.
    """
    references = [ptb_words(text) for text in doc["extra"]["references"]]
    value = _frequencies(doc["item"].exam).score(ptb_words(results[0]), references)
    return _three(Scored(value, bool(results[0].strip()), value))


@lru_cache(maxsize=4)
def _frequencies(exam: Any) -> CiderCorpus:
    return CiderCorpus(
        [[ptb_words(text) for text in sample.extra["references"]] for sample in exam]
    )


def mme_question(doc: Document, results: list[str]) -> dict[str, Any]:
    """MME's yes or no."""
    extra = doc["extra"]
    scored = mme(results[0], extra["answers"][0])
    return {**_three(scored), "corpus": (extra["category"], extra["question_id"], scored.value)}


def mme_total(items: Sequence[tuple[str, str, float]]) -> float:
    """Perception and cognition: accuracy + accuracy+ of each task, in % of what can be had."""
    scores = mme_scores([(task, image, bool(value)) for task, image, value in items])
    return 100 * (scores["perception"] + scores["cognition"]) / MME_BEST


def caption(doc: Document, results: list[str]) -> dict[str, Any]:
    """F1 of tokens with the best reference."""
    return _three(token_f1(results[0], doc["extra"]["references"]))


def letters(doc: Document) -> list[str]:
    """Return the letters that a question's options go by."""
    return list(LETTERS[: len(doc["extra"]["choices"])])


def likeliest_letter(doc: Document, results: list[tuple[float, bool]]) -> dict[str, Any]:
    """Take the option whose letter is the likeliest answer; nothing can fail to parse."""
    likelihoods = [likelihood for likelihood, _ in results]
    said = LETTERS[likelihoods.index(max(likelihoods))]
    return _three(option_letter(said, doc["extra"]["letter"], doc["extra"]["choices"]))
