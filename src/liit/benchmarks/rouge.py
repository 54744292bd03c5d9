"""ROUGE of aligned line files, by google-research's rouge-score."""

from __future__ import annotations

from collections.abc import Sequence

from liit.metrics import Scored
from liit.scoring.benchmark import GOLD, Benchmark, means
from liit.scoring.exam import Facts
from liit.scoring.layouts import all_records

Prf = tuple[float, float, float]
_KINDS = ("rouge1", "rouge2", "rougeL")


def rouge(
    prediction: str, reference: str, kinds: Sequence[str], *, stem: bool = False
) -> dict[str, Prf]:
    """Return (precision, recall, F1), each 0..1, for kinds such as "rouge1", "rougeL"."""
    from rouge_score.rouge_scorer import RougeScorer

    scores = RougeScorer(list(kinds), use_stemmer=stem).score(reference, prediction)
    return {kind: (s.precision, s.recall, s.fmeasure) for kind, s in scores.items()}


def score(facts: Facts, said: str) -> Scored:
    """Score by ROUGE-L F1; ROUGE-1, -2, -L beside it, without and with stemming."""
    details = {
        f"{kind} {'stem' if stem else 'no stem'}.{part}": value
        for stem in (False, True)
        for kind, values in rouge(said, facts["target"], _KINDS, stem=stem).items()
        for part, value in zip("PRF", values, strict=True)
    }
    f1 = details["rougeL no stem.F"]
    return Scored(f1, bool(said.strip()), f1, details=details)


BENCHMARKS = (
    Benchmark(
        "rouge",
        "ROUGE-L F1 x 100",
        lambda record: {"target": str(record.first(GOLD) or "")},
        score,
        figures=means,
        references=all_records,  # empty ones too: line files are aligned by position
        needs="a file with one line or record per answer",
    ),
)
