"""Tokens of captions, as the COCO caption evaluation sees them: words joined by single spaces."""

from __future__ import annotations

import re

# What the published evaluation drops after tokenising. Brackets stay: it looks for "-LRB-", but
# its tokeniser lower-cases.
_DROPPED = {"''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"}
_ABBREVIATIONS = "ave|co|dr|ft|inc|jr|mr|mrs|mt|no|sr|st|vs"
_AND = "\ue000"
"""Stands for the & within a word, at which NLTK's tokeniser would cut."""
_AS_IN_JAVA = [
    (re.compile(pattern), written)
    for pattern, written in (
        (r"&lt;", "<"),
        (r"&gt;", ">"),
        (r"(?<=\w)&(?:amp;)?(?=\w)", _AND),
        (r"&amp;", "&"),
        (r"[\u00ac\u00b4]", r" \g<0> "),
        # an opening quotation mark, and not what begins a contraction
        (r"(?<!\S)'(?=[a-z])(?!(?:d|em|ll|m|re|s|t|til|tis|twas|ve)\b)", "' "),
        # a full stop ends a sentence wherever it stands, except after an abbreviation or a letter
        (rf"(?<!\S)(?!(?:{_ABBREVIATIONS})\.(?!\S))(\S*[^\s.]{{2}})(\.+)(?!\S)", r"\1 \2"),
        (r"(?<=[a-z])-(?!\S)", " -"),
    )
]
"""What to write so that NLTK's tokeniser cuts where the Java one does."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def ptb_words(text: str) -> str:
    """Lower-case, tokenise in the Penn Treebank way, drop punctuation.

    NLTK's tokeniser stands in for the Java one of the COCO caption evaluation, after what the two
    treat differently was rewritten. Over a thousand published captions CIDEr agrees to five digits.
    """
    from nltk.tokenize import TreebankWordTokenizer

    plain = text.replace("\n", " ").lower()
    for pattern, written in _AS_IN_JAVA:
        plain = pattern.sub(written, plain)
    words = (word.replace(_AND, "&") for word in TreebankWordTokenizer().tokenize(plain))
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
