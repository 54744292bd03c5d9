"""MMMU's official parser of letters and of open answers."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from liit.metrics import Scored
from liit.metrics.letter import lenient_letter

_MARKS = ",.!?;:'"
# Words after which the official parser expects the answer; "=" only in the last sentence.
_INDICATORS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL = {":", ",", ".", "!", "?", ";", "'"}
# The official patterns; possessive, and starting at no digit inside a number, so that a loop of
# digits takes linear time. They match the same.
_NUMBER_FORMS = (
    r"-?\b\d{1,3}(?:,\d{3})+\b",
    r"(?:-|(?<!\d))\d++(?:\.\d++)?[eE][+-]?\d+",
    r"(?:-?\.\d++|(?:-|(?<!\d))(?:\d++\.\d++|\d++\b))(?![eE][+-]?\d+)(?![,\d])",
)


def mmmu_choice(
    response: str,
    letter: str | Sequence[str],
    options: Mapping[str, str],
    fallback: random.Random | None = None,
) -> Scored:
    """Score a multiple-choice answer; ``options`` maps letters to option texts.

    Unparsed is wrong, unless ``fallback`` is given: then a letter is drawn, as the released code
    does. The lenient score also reads what :func:`parse_mmmu_choice` leaves open in short answers
    that repeat an option's text.
    """
    wanted = {letter} if isinstance(letter, str) else set(letter)
    found = parse_mmmu_choice(response, options)
    said = found
    if found is None and fallback is not None and options:
        said = fallback.choice(list(options))
    lenient = found or lenient_letter(response, list(options.values()))
    return Scored(float(said in wanted), found is not None, float(lenient in wanted))


def parse_mmmu_choice(response: str, options: Mapping[str, str]) -> str | None:
    """Return the letter that MMMU's official rule reads from a response, or None.

    Letters in brackets win over bare letters, these over option texts (looked for in answers of
    more than five words only); of several candidates the last mention wins.
    """
    for mark in _MARKS:
        response = response.strip(mark)
    response = f" {response} "
    for form in ("({})", " {} "):
        places = {letter: response.rfind(form.format(letter)) for letter in options}
        found = _last(places)
        if found is not None:
            return found
    if len(response.split()) > 5:
        lowered = response.lower()
        return _last({letter: lowered.rfind(text.lower()) for letter, text in options.items()})
    return None


def mmmu_open(response: str, answers: str | Sequence[str]) -> Scored:
    """Score an open answer: a reference text inside a parsed text, or an equal number.

    Numbers are rounded to two decimals. An empty response is unparsed; there is no looser
    reading than the official one.
    """
    if not response.strip():
        return Scored(0.0, False, 0.0)
    texts = [answers] if isinstance(answers, str) else list(answers)
    wanted = [form for text in texts for form in normalise_open(text)]
    correct = any(_matches(said, wanted) for said in parse_mmmu_open(response))
    return Scored(float(correct), True, float(correct))


def parse_mmmu_open(response: str) -> list[str | float]:
    """Return the texts and numbers that MMMU's official rule reads from an open response."""
    parts = _key_parts(response)
    numbers = [number for part in parts for number in extract_numbers(part)]
    forms = [form for text in [*parts, *numbers] for form in normalise_open(text)]
    return list(dict.fromkeys(forms))


def normalise_open(text: str) -> list[str | float]:
    """Turn a number into a float of two decimals; lower-case a text, pad a single character."""
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        text = text.lower()
        return [f" {text}", f"{text} "] if len(text) == 1 else [text]


def extract_numbers(text: str) -> list[str]:
    """Return numbers with thousands separators, in scientific notation, and simple ones."""
    return [number for form in _NUMBER_FORMS for number in re.findall(form, text)]


def _key_parts(response: str) -> list[str]:
    response = response.strip().strip(".").lower()
    # the rule splits before capitals after it has lower-cased: in effect at line breaks only
    sentences = re.split(r"\.\s(?=[A-Z])|\n", response)
    parts = []
    for place, sentence in enumerate(sentences):
        last = place == len(sentences) - 1
        indicators = (*_INDICATORS, "=") if last else _INDICATORS
        tails = [sentence.split(word)[-1].strip() for word in indicators if word in sentence]
        shortest = _shortest(tails)
        if shortest and shortest not in _TRIVIAL:
            parts.append(shortest)
    return parts or [response]


def _shortest(tails: Sequence[str]) -> str:
    # an empty tail counts as none yet, so that a later, longer one replaces it
    shortest = ""
    for tail in tails:
        if not shortest or len(tail) < len(shortest):
            shortest = tail
    return shortest


def _matches(said: str | float, wanted: Sequence[str | float]) -> bool:
    if isinstance(said, str):
        return any(isinstance(text, str) and text in said for text in wanted)
    return said in wanted


def _last(places: Mapping[str, int]) -> str | None:
    found = {letter: place for letter, place in places.items() if place >= 0}
    return max(found, key=found.__getitem__) if found else None
