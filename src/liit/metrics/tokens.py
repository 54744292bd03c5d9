"""Tokens of captions, as the COCO caption evaluation sees them: words joined by single spaces."""

from __future__ import annotations

import re

# What the published evaluation drops after tokenising. Brackets stay: it looks for "-LRB-", but
# its tokeniser lower-cases.
_DROPPED = {"''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"}
_HAN = re.compile(r"[\u3400-\u9fff]")


def ptb_words(text: str) -> str:
    """Lower-case, tokenise in the Penn Treebank way, drop punctuation.

    NLTK's tokeniser stands in for the Java one; both agree on ordinary captions.
    """
    from nltk.tokenize import TreebankWordTokenizer

    words = TreebankWordTokenizer().tokenize(text.replace("\n", " ").lower())
    return " ".join(word for word in words if word not in _DROPPED)


def segmented_words(text: str) -> str:
    """Keep the words of a segmented caption as they are; drop punctuation."""
    return " ".join(word for word in text.split() if word not in _DROPPED)


def is_tokenised(text: str) -> bool:
    """Tell whether an English caption looks tokenised already: no capitals, no punctuation."""
    return re.search(r"[A-Z.,!?;:\"()]", text) is None


def characters(text: str) -> str:
    """Make every character a token; white space goes, punctuation stays."""
    return " ".join("".join(text.split()))


def is_chinese(text: str) -> bool:
    """Tell whether a text holds a Chinese character."""
    return _HAN.search(text) is not None


def is_segmented(text: str) -> bool:
    """Tell whether a Chinese caption has spaces between its words."""
    return re.search(r"[\u3400-\u9fff]\s+[\u3400-\u9fff]", text.strip()) is not None
