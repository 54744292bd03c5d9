"""BLEU: Chinese sentence and corpus scores, and the variant of the COCO caption evaluation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from liit.metrics import Scored


def sentence_bleu_zh(prediction: str, references: Sequence[str]) -> Scored:
    """Sentence BLEU-4 (0..1) over the characters of the strings, smoothing method 4 of NLTK.

    This is what Adapt-∞'s code computes, there with one reference; white space and punctuation
    count as characters. The lenient score drops both first. An empty answer is unparsed.
    """
    if not prediction.strip():
        return Scored(0.0, False, 0.0)
    strict = _character_bleu(prediction, references)
    bare = _character_bleu(_bare(prediction), [_bare(text) for text in references])
    return Scored(strict, True, max(strict, bare))


def _character_bleu(prediction: str, references: Sequence[str]) -> float:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    if not prediction:
        return 0.0
    return float(
        sentence_bleu(
            [list(text) for text in references],
            list(prediction),
            smoothing_function=SmoothingFunction().method4,
        )
    )


def _bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def corpus_bleu(
    predictions: Sequence[str], references: Sequence[Sequence[str]], tokenize: str = "zh"
) -> float:
    """Corpus BLEU-4 (0..100) of sacrebleu, all references; by default its Chinese tokeniser."""
    import sacrebleu

    # sacrebleu wants one stream per reference number; None marks a missing reference
    most = max((len(texts) for texts in references), default=0)
    streams = [
        [texts[place] if place < len(texts) else None for texts in references]
        for place in range(most)
    ]
    return float(sacrebleu.corpus_bleu(list(predictions), streams, tokenize=tokenize).score)


def sacrebleu_signature() -> str:
    """Return what fixes the standard score: case, tokeniser, smoothing, version."""
    import sacrebleu

    return f"case:mixed|tok:zh|smooth:exp|version:{sacrebleu.__version__}"


def coco_bleu(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """BLEU-1..4 (0..1) of the COCO caption evaluation over white-space tokens.

    Counts are pooled over the corpus, the closest reference length is used (the mean length if
    there is one item only), and zero counts are floored at 1e-15 instead of smoothed.
    """
    items = [_BleuCounts.of(p, r) for p, r in zip(predictions, references, strict=True)]
    said = sum(item.length for item in items)
    if len(items) == 1:
        wanted = items[0].mean_reference
    else:
        wanted = sum(item.closest_reference for item in items)
    correct = [sum(item.correct[order] for item in items) for order in range(4)]
    guessed = [sum(item.guessed[order] for item in items) for order in range(4)]
    return _bleus(correct, guessed, said, wanted)


def coco_bleu_per_item(prediction: str, references: Sequence[str]) -> list[float]:
    """BLEU-1..4 (0..1) of one caption among many: as the corpus score, closest length."""
    item = _BleuCounts.of(prediction, references)
    return _bleus(item.correct, item.guessed, item.length, item.closest_reference)


def _bleus(
    correct: Sequence[int], guessed: Sequence[int], said: float, wanted: float
) -> list[float]:
    tiny, small = 1e-15, 1e-9
    ratio = (said + tiny) / (wanted + small)
    penalty = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    scores, product = [], 1.0
    for order in range(4):
        product *= (correct[order] + tiny) / (guessed[order] + small)
        scores.append(penalty * product ** (1 / (order + 1)))
    return scores


@dataclass(frozen=True, slots=True)
class _BleuCounts:
    correct: list[int]
    guessed: list[int]
    length: int
    closest_reference: int
    mean_reference: float

    @classmethod
    def of(cls, prediction: str, references: Sequence[str]) -> _BleuCounts:
        words = prediction.split()
        lengths = [len(text.split()) for text in references]
        correct = []
        for order in range(1, 5):
            best: Counter[tuple[str, ...]] = Counter()
            for text in references:
                best |= _ngrams(text.split(), order)
            correct.append((_ngrams(words, order) & best).total())
        guessed = [max(0, len(words) - order + 1) for order in range(1, 5)]
        closest = min((abs(length - len(words)), length) for length in lengths)[1]
        return cls(correct, guessed, len(words), closest, sum(lengths) / len(lengths))


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))
