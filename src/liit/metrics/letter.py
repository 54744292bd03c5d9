"""Option letters: LLaVA's strict rule and a lenient reading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liit.metrics import Scored
from liit.prompts import LETTERS

_LLAVA_LETTERS = LETTERS[:5]


def option_letter(prediction: str, letter: str, choices: Sequence[str]) -> Scored:
    """Score an option letter by LLaVA's ScienceQA rule; lenient by :func:`lenient_letter`.

    The number of ``choices`` says which letters exist; a letter beyond them is unparsed.
    """
    strict = llava_letter(prediction, len(choices))
    lenient = strict or lenient_letter(prediction, choices)
    return Scored(float(strict == letter), strict is not None, float(lenient == letter))


def llava_letter(prediction: str, options: int) -> str | None:
    """Parse a letter as LLaVA's ScienceQA script does, or return None.

    Accepted: the bare letter, "X. …", or exactly one "The answer is X." in the text. The script
    knows five letters; sets with more options get as many as they have.
    """
    known = LETTERS[: max(options, len(_LLAVA_LETTERS))]
    said = prediction.strip()
    if len(said) == 1 and said in known:
        found = said
    elif len(said) >= 3 and said[0] in known and said[1:3] == ". ":
        found = said[0]
    else:
        stated = re.findall(r"The answer is ([A-Z]).", said)
        if len(stated) != 1:
            return None
        found = str(stated[0])
    return found if found in LETTERS[:options] else None


def lenient_letter(prediction: str, choices: Sequence[str]) -> str | None:
    """Read the option a person would: a letter in any usual dress, else the option's own text.

    Returns None when nothing, or more than one option, is named.
    """
    said = prediction.strip()
    letters = LETTERS[: len(choices)]
    if not letters:
        return None
    any_case = f"[{letters}{letters.lower()}]"
    for pattern in (
        rf"^\(?({any_case})(?:[).:,]|\s*+$)",
        rf"(?i:answer|option|choice)(?:\s++(?i:is|would be))?\s*+:?\s*+\(?([{letters}])(?!\w)",
        rf"\(({any_case})\)",
        rf"(?<!\w)([{letters}])\.?$",
    ):
        found = {letter.upper() for letter in re.findall(pattern, said)}
        if found:
            return str(found.pop()) if len(found) == 1 else None
    return _named_choice(said, choices)


def _named_choice(said: str, choices: Sequence[str]) -> str | None:
    plain = said.rstrip(".").lower()
    texts = [str(choice).strip().rstrip(".").lower() for choice in choices]
    if plain in texts:
        return LETTERS[texts.index(plain)]
    named = [
        place
        for place, text in enumerate(texts)
        if text and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", plain)
    ]
    return LETTERS[named[0]] if len(named) == 1 else None
