"""ROUGE of aligned line files, by google-research's rouge-score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from liit.metrics import Scored
from liit.scoring.benchmark import GOLD, Benchmark, ItemScore, Options, Outcome, item_key, text_of
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.layouts import records_of
from liit.scoring.records import Record

Prf = tuple[float, float, float]


def rouge(
    prediction: str, reference: str, kinds: Sequence[str], *, stem: bool = False
) -> dict[str, Prf]:
    """Return (precision, recall, F1), each 0..1, for kinds such as "rouge1", "rougeL"."""
    from rouge_score.rouge_scorer import RougeScorer

    scores = RougeScorer(list(kinds), use_stemmer=stem).score(reference, prediction)
    return {kind: (s.precision, s.recall, s.fmeasure) for kind, s in scores.items()}


def _all_records(documents: Sequence[Document]) -> list[Record]:
    """Keep empty references too: line files are aligned by position."""
    return [record for document in documents for record in records_of(document)]


def _rouge(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Mean ROUGE-1, -2, -L precision, recall and F1, without and with stemming."""
    del options
    sums: dict[str, float] = defaultdict(float)
    items = []
    for pair in pairs:
        wanted = text_of(pair.reference.first(GOLD) or "")
        details: dict[str, float] = {}
        for stem in (False, True):
            scores = rouge(pair.answer.text, wanted, ("rouge1", "rouge2", "rougeL"), stem=stem)
            for kind, values in scores.items():
                name = f"{kind} {'stem' if stem else 'no stem'}"
                details |= {f"{name}.{part}": v for part, v in zip("PRF", values, strict=True)}
        for name, value in details.items():
            sums[name] += value / len(pairs)
        f1 = details["rougeL no stem.F"]
        items.append(
            ItemScore(item_key(pair), Scored(f1, bool(pair.answer.text.strip()), f1), details)
        )
    score = 100 * sums["rougeL no stem.F"]
    return Outcome(score, score, dict(sums), items)


BENCHMARKS = (Benchmark("rouge", "ROUGE-L F1 x 100", _rouge, references=_all_records),)
