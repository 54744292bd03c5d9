"""Conversations as text, and where the answers stand in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from liit import prompts
from liit.data.sample import IMAGE_TAG, Turn
from liit.errors import LiitError

TODAY = "26 Jul 2024"
"""What chat templates that write the date write: a prompt must not differ from day to day."""

Rendered = tuple[str, list[tuple[int, int]]]
"""A text, and the span of each answer in it: from behind the prompt through the end mark."""


def vicuna(turns: Sequence[Turn], system_prompt: str, *, image: str, end: str) -> Rendered:
    """Write turns as LLaVA-1.5 does (Vicuna v1); a last user turn leaves the answer open.

    ``image`` is the text of an image's placeholder, ``end`` the end mark.
    """
    text = system_prompt
    answers: list[tuple[int, int]] = []
    for place, turn in enumerate(turns):
        if turn.role == "user":
            said = turn.text.replace(IMAGE_TAG, image)
            text += (" " if text and place == 0 else "") + f"USER: {said} ASSISTANT:"
        else:
            start = len(text)
            text += f" {turn.text}{end}"
            answers.append((start, len(text)))
    return text, answers


def blip(turns: Sequence[Turn], system_prompt: str, *, image: str, end: str) -> Rendered:
    """Write turns as BLIP-2 and InstructBLIP read them: images first, the request, the answer."""
    text = system_prompt
    answers: list[tuple[int, int]] = []
    for place, turn in enumerate(turns):
        if turn.role == "user":
            said = request(turn.text).replace(IMAGE_TAG, "").strip()
            images = image * turn.text.count(IMAGE_TAG)
            text = images + f"{text} {said}".strip() if place == 0 else f"{text}{images}{said}"
        else:
            start = len(text)
            text += f" {turn.text}{end}"
            answers.append((start, len(text)))
    return text, answers


def request(text: str) -> str:
    """Return a request of the suite as LAVIS words it for its models; others stay as they are.

    A short answer: `Question: … Short answer:`; options: `Question: … Answer:`; a caption: `A short
    image description:`. Tokens of OCR come first, and LLaVA's sentence about questions without an
    answer goes.
    """
    plain = text.replace(IMAGE_TAG, "").strip()
    lines = [line for line in plain.split("\n") if line != prompts.UNANSWERABLE]
    if prompts.CAPTION in lines:
        lines[lines.index(prompts.CAPTION)] = "A short image description:"
        return " ".join([*(_ocr(line) for line in lines[1:]), lines[0]])
    ways = {prompts.SHORT: "Short answer:", prompts.OPTION: "Answer:"}
    if lines[-1] not in ways:
        return plain
    told = [_ocr(line) for line in lines if line.startswith(prompts.OCR)]
    asked = [line for line in lines[:-1] if not line.startswith(prompts.OCR)]
    return " ".join([*told, "Question:", *asked, ways[lines[-1]]])


def _ocr(line: str) -> str:
    return f"OCR tokens: {line.removeprefix(prompts.OCR).rstrip('.')}."


def dateless(tokenizer: Any) -> dict[str, str]:
    """Return what a chat template is rendered with, so that every day is the same to it."""
    one_day = "{% macro strftime_now(_) %}" + TODAY + "{% endmacro %}"
    return {"chat_template": one_day + tokenizer.get_chat_template(), "date_string": TODAY}


def of_tokenizer(
    turns: Sequence[Turn],
    system_prompt: str,
    tokenizer: Any,
    *,
    content: Callable[[Turn], Any],
    image: tuple[str, str],
) -> Rendered:
    """Write turns by the chat template of a checkpoint's tokenizer; ``content`` as it wants it.

    ``image``: what the template writes for an image, and what stands there in the end.

    An answer stands where the template's generation prompt leaves off, in training as when asked
    (some templates open an answer of the past in other characters), behind the space that the
    template puts there, which the model writes. Raises LiitError for a template
    that ends no answer with the end mark, or that changes what it wrote as a conversation goes on.
    """

    def written(**wanted: bool) -> str:
        text: str = tokenizer.apply_chat_template(
            messages, tokenize=False, **dateless(tokenizer), **wanted
        )
        return text.replace(*image)

    end = tokenizer.eos_token
    messages = [{"role": "system", "content": system_prompt}] if system_prompt else []
    text = past = asked = ""
    answers: list[tuple[int, int]] = []
    for turn in turns:
        messages.append({"role": turn.role, "content": content(turn)})
        if turn.role == "assistant":
            past = written()
            start = len(text)
            text += _lead(asked, past, turn.text) + turn.text + end
            answers.append((start, len(text)))
            if past.count(end) < len(answers):
                raise _unfit(f"ends no answer with {end!r}")
            continue
        asked = written(add_generation_prompt=True)
        if not asked.startswith(past):
            raise _unfit("changes what it wrote as a conversation goes on")
        text += past[past.rfind(end) + len(end) :] if past else ""
        text += asked[len(past) :]
    return text, answers


def _lead(asked: str, past: str, answer: str) -> str:
    """Return the space between a template's generation prompt and the answer that follows it."""
    before = past[len(asked) :].partition(answer)[0] if past.startswith(asked) else ""
    return before if before.isspace() else ""


def in_words(turn: Turn) -> str:
    """Return a turn as the templates of language models want it."""
    return turn.text


def in_pieces(turn: Turn) -> list[dict[str, str]]:
    """Return a turn as templates with images want it: text and images in their order."""
    if turn.role == "assistant":
        return [{"type": "text", "text": turn.text}]
    pieces: list[dict[str, str]] = []
    for number, text in enumerate(re.split(rf"{re.escape(IMAGE_TAG)}\n?", turn.text)):
        pieces += [{"type": "image"}] if number else []
        pieces += [{"type": "text", "text": text}] if text else []
    return pieces


def _unfit(what: str) -> LiitError:
    return LiitError(
        f"The checkpoint's chat template {what}.",
        next_step="set model.template: vicuna, or use a checkpoint with another template.",
    )
