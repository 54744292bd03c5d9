"""From an item and an answer to the three numbers that every task here reports."""

from __future__ import annotations

from typing import Any

from eval.metrics import Scored
from eval.metrics.aokvqa import direct_answer
from eval.metrics.bleu import sentence_bleu_zh
from eval.metrics.boxes import detection_f1, iou
from eval.metrics.caption import token_f1
from eval.metrics.exact import exact_match
from eval.metrics.letter import LETTERS, option_letter
from eval.metrics.mmmu import mmmu_choice, mmmu_open
from eval.metrics.vqa import soft_accuracy

Document = dict[str, Any]


def _three(scored: Scored) -> dict[str, float]:
    return {"score": scored.value, "parsed": float(scored.parsed), "lenient": scored.lenient}


def answer(doc: Document, results: list[str]) -> dict[str, float]:
    """Exact match with one of ``answers``."""
    return _three(exact_match(results[0], doc["extra"]["answers"]))


def choice(doc: Document, results: list[str]) -> dict[str, float]:
    """The option's letter, or its text where the item asks for that (it carries no letter)."""
    if "letter" not in doc["extra"]:
        return answer(doc, results)
    return _three(option_letter(results[0], doc["extra"]["letter"], doc["extra"]["choices"]))


def soft(doc: Document, results: list[str]) -> dict[str, float]:
    """VQA accuracy over the answers of ten people (the official rule)."""
    return _three(soft_accuracy(results[0], doc["extra"]["answers"], "official"))


def soft_m4c(doc: Document, results: list[str]) -> dict[str, float]:
    """VQA accuracy with M4C's processing of both sides, as TextVQA is scored."""
    return _three(soft_accuracy(results[0], doc["extra"]["answers"], "m4c"))


def direct(doc: Document, results: list[str]) -> dict[str, float]:
    """A-OKVQA's direct answer: agreement with the raw answers, a third each up to 1."""
    return _three(direct_answer(results[0], doc["extra"]["answers"]))


def mmmu(doc: Document, results: list[str]) -> dict[str, float]:
    """MMMU's official parsing; an answer that it cannot read is wrong, never drawn."""
    extra = doc["extra"]
    if "letter" not in extra:
        return _three(mmmu_open(results[0], extra["answers"]))
    options = dict(zip("ABCDEFGHIJ", extra["choices"], strict=False))
    return _three(mmmu_choice(results[0], extra["letter"], options))


def box(doc: Document, results: list[str]) -> dict[str, float]:
    """Intersection over union with one box."""
    return _three(iou(results[0], doc["extra"]["box"]))


def boxes(doc: Document, results: list[str]) -> dict[str, float]:
    """F1 of several boxes at IoU 0.5."""
    return _three(detection_f1(results[0], doc["extra"]["boxes"]))


def chinese(doc: Document, results: list[str]) -> dict[str, float]:
    """Character BLEU-4 with the references."""
    return _three(sentence_bleu_zh(results[0], doc["extra"]["references"]))


def caption(doc: Document, results: list[str]) -> dict[str, float]:
    """F1 of tokens with the best reference."""
    return _three(token_f1(results[0], doc["extra"]["references"]))


def letters(doc: Document) -> list[str]:
    """Return the letters that a question's options go by."""
    return list(LETTERS[: len(doc["extra"]["choices"])])


def likeliest_letter(doc: Document, results: list[tuple[float, bool]]) -> dict[str, float]:
    """Take the option whose letter is the likeliest answer; nothing can fail to parse."""
    likelihoods = [likelihood for likelihood, _ in results]
    said = LETTERS[likelihoods.index(max(likelihoods))]
    return _three(option_letter(said, doc["extra"]["letter"], doc["extra"]["choices"]))
