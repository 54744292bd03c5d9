"""The prompts that LLaVA-1.5 was tuned with (LLaVA docs/Evaluation.md), tags and letters."""

from __future__ import annotations

from collections.abc import Sequence

IMAGE_TAG = "<image>"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The letters that options go by."""
SHORT = "Answer the question using a single word or phrase."
OPTION = "Answer with the option's letter from the given choices directly."
CAPTION = "Provide a one-sentence caption for the provided image."
CAPTION_ZH = "请用一句话描述这张图片。"
OCR = "Reference OCR token: "
"""What the line of OCR tokens starts with, behind the question."""
UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'."
REGION = "Please provide the bounding box coordinate of the region this sentence describes:"


def short_answer(question: str, *before: str) -> str:
    """Return a question that wants a word or phrase; ``before`` are lines after the question."""
    return "\n".join([question.strip(), *before, SHORT])


def with_options(question: str, choices: Sequence[str], context: str = "") -> str:
    """Return a multiple-choice question: context, question, one line "A. …" per option."""
    lines = [f"Context: {context}"] if context else []
    lines.append(question.strip())
    lines += [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    return "\n".join([*lines, OPTION])


def mmmu_question(question: str, choices: Sequence[str]) -> str:
    """Return MMMU's question as its LLaVA-1.5 configuration writes it; no choices: short answer."""
    if not choices:
        return f"{question.strip()}\n\n{SHORT}"
    lines = [f"({letter}) {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    return "\n".join([question.strip(), "", *lines, "", OPTION])


def region(sentence: str) -> str:
    """Return the request for the box of a described region."""
    return f"{REGION} {sentence.strip().rstrip('.')}."
