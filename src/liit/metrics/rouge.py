"""ROUGE-N and ROUGE-L by precision, recall and F1 (google-research's rouge-score)."""

from __future__ import annotations

from collections.abc import Sequence

Prf = tuple[float, float, float]


def rouge(
    prediction: str, reference: str, kinds: Sequence[str], *, stem: bool = False
) -> dict[str, Prf]:
    """Return (precision, recall, F1), each 0..1, for kinds such as "rouge1", "rougeL"."""
    from rouge_score.rouge_scorer import RougeScorer

    scores = RougeScorer(list(kinds), use_stemmer=stem).score(reference, prediction)
    return {kind: (s.precision, s.recall, s.fmeasure) for kind, s in scores.items()}
