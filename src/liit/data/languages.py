"""Which writing systems a text uses: enough to see a rare language in a dataset."""

from __future__ import annotations

import re

_SCRIPTS = {
    "Japanese": "\u3040-\u30ff",
    "Korean": "\uac00-\ud7af\u1100-\u11ff",
    "Chinese": "\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "Cyrillic": "\u0400-\u052f",
    "Devanagari": "\u0900-\u097f",
    "Greek": "\u0370-\u03ff",
    "Hebrew": "\u0590-\u05ff",
    "Thai": "\u0e00-\u0e7f",
}
_PATTERNS = {name: re.compile(f"[{characters}]") for name, characters in _SCRIPTS.items()}
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
_SHARE = 0.2
"""Least share of a script among the text's units; kana outweighs the Han characters beside it."""


def language_of(text: str) -> str:
    """Return the script of a text (``Latin``, ``Chinese``, ...), or ``none`` without letters.

    Counts Latin words against single characters of the other scripts, so that a Chinese question
    with an English name in it is Chinese. Han characters beside kana are Japanese.
    """
    words = len(_LATIN.findall(text))
    if text.isascii():
        return "Latin" if words else "none"
    counts = {name: len(pattern.findall(text)) for name, pattern in _PATTERNS.items()}
    total = words + sum(counts.values())
    for name, count in counts.items():
        if count and count >= _SHARE * total:
            return name
    return "Latin" if words else "none"
