"""Captions: token overlap per item, ROUGE-L and CIDEr-D over a corpus."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from liit.metrics import Scored

_BETA = 1.2
"""What recall weighs against precision in ROUGE-L."""
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_]+", re.UNICODE)


def caption_tokens(text: str) -> list[str]:
    """Split a caption into lower-cased words; every Chinese character is a token of its own.

    But for one behind a Latin letter or digit without a space, which stays with that word.
    """
    return _TOKEN.findall(text.lower())


def token_f1(prediction: str, references: Sequence[str]) -> Scored:
    """Return the best F1 of shared tokens with one reference (0..1); an empty caption is unparsed.

    Bounded and independent of the other items, unlike CIDEr, so it can be averaged over a few.
    """
    said = Counter(caption_tokens(prediction))
    if not said:
        return Scored(0.0, False, 0.0)
    best = max((_f1(said, Counter(caption_tokens(text))) for text in references), default=0.0)
    return Scored(best, True, best)


def _f1(said: Counter[str], wanted: Counter[str]) -> float:
    shared = (said & wanted).total()
    return 2 * shared / (said.total() + wanted.total())


def rouge_l(prediction: str, references: Sequence[str]) -> float:
    """ROUGE-L of the COCO caption evaluation (0..1) over tokens split at single spaces.

    The best precision and the best recall over the references are combined, even when they come
    from different references. Lin 2004, equation 4.
    """
    said = prediction.split(" ")
    pairs = [(lcs_length(said, text.split(" ")), text.split(" ")) for text in references]
    precision = max((shared / len(said) for shared, _ in pairs), default=0.0)
    recall = max((shared / len(wanted) for shared, wanted in pairs), default=0.0)
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def lcs_length(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for token in one:
        diagonal = 0
        for place, wanted in enumerate(other, start=1):
            diagonal, row[place] = (
                row[place],
                diagonal + 1 if token == wanted else max(row[place], row[place - 1]),
            )
    return row[-1]


class CiderCorpus:
    """The document frequencies of a corpus of references: all that CIDEr-D of an item needs.

    The score of a corpus is the mean over its items. Scores of sub-sets or shards cannot be
    compared or averaged, and one item alone scores 0. Vedantam et al. 2015, equations 2-4 with the
    clipping and the length penalty (counted in bigrams) of the published CIDEr-D code.
    """

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        """Count in how many items each n-gram occurs."""
        cooked = ([_ngrams(text) for text in texts] for texts in references)
        self.frequency = Counter(ngram for texts in cooked for ngram in set().union(*texts))
        self.log_size = math.log(len(references)) if references else 0.0

    def score(self, prediction: str, references: Sequence[str]) -> float:
        """Return CIDEr-D (0..10) of one item, over white-space tokens."""
        said = self._weigh(prediction)
        total = sum(said.similarity(self._weigh(text)) for text in references)
        return 10.0 * total / len(references) if references else 0.0

    def _weigh(self, text: str) -> _Weighted:
        squares, bigrams, weights = [0.0] * _ORDERS, 0, {}
        for ngram, count in _ngrams(text).items():
            weight = count * (self.log_size - math.log(max(1, self.frequency[ngram])))
            weights[ngram] = weight
            squares[len(ngram) - 1] += weight**2
            bigrams += count * (len(ngram) == 2)
        return _Weighted(weights, tuple(map(math.sqrt, squares)), bigrams)


NGram = tuple[str, ...]
_ORDERS, _SIGMA = 4, 6.0


def _ngrams(text: str) -> Counter[NGram]:
    words = text.split()
    return Counter(
        tuple(words[start : start + order])
        for order in range(1, _ORDERS + 1)
        for start in range(len(words) - order + 1)
    )


@dataclass(frozen=True, slots=True)
class _Weighted:
    """TF-IDF weights of a caption's n-grams, their norm per order, and its number of bigrams."""

    weights: dict[NGram, float]
    norms: tuple[float, ...]
    bigrams: int

    def similarity(self, reference: _Weighted) -> float:
        shared = [0.0] * _ORDERS
        for ngram, weight in self.weights.items():
            wanted = reference.weights.get(ngram, 0.0)
            shared[len(ngram) - 1] += min(weight, wanted) * wanted
        cosines = 0.0
        for product, mine, theirs in zip(shared, self.norms, reference.norms, strict=True):
            cosines += product / (mine * theirs) if mine and theirs else product
        penalty = math.exp(-((self.bigrams - reference.bigrams) ** 2) / (2 * _SIGMA**2))
        return penalty * cosines / _ORDERS
