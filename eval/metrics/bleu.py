"""BLEU: Chinese sentence and corpus scores, and the variant of the COCO caption evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from eval.metrics import Scored


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
