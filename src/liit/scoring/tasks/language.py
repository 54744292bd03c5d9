"""Text benchmarks: GSM8K, BBH, TyDi QA, SQuAD layouts, ROUGE of line files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from liit.metrics import Scored
from liit.metrics.reasoning import bbh_cot, bbh_direct, gsm8k
from liit.metrics.rouge import rouge
from liit.metrics.spans import (
    Judged,
    TydiLabel,
    exact_and_f1,
    judge_minimal,
    judge_passage,
    mixed_tokens,
    tydi_f1,
    word_tokens,
)
from liit.scoring.answers import Answer
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import Record, as_list, records_of
from liit.scoring.task import (
    Item,
    Options,
    Outcome,
    Task,
    item_key,
    mean_outcome,
    percent,
    text_of,
)

_GOLD = ("ground_truth", "target", "answer", "answers", "label", "reference", "value")


def _gsm8k(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options
    return mean_outcome(
        pairs, lambda p: gsm8k(p.answer.text, text_of(p.reference.need(_GOLD, "answer")))
    )


def _bbh(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Score by the chain-of-thought rule if most answers hold "answer is ", else directly."""
    del options
    reasoned = sum("answer is " in pair.answer.text for pair in pairs) > len(pairs) / 2
    rule = bbh_cot if reasoned else bbh_direct
    outcome = mean_outcome(
        pairs,
        lambda p: rule(p.answer.text, text_of(p.reference.need(_GOLD, "target"))),
        lambda p: (p.reference.document.name,),
    )
    note = "rule: " + ("text after the first 'answer is '" if reasoned else "whole answer")
    return Outcome(outcome.score, outcome.lenient, outcome.breakdown, outcome.items, [note])


def _squad(
    tokens: Callable[[str], list[str]],
) -> Callable[[Sequence[Pair], Options], Outcome]:
    def score(pairs: Sequence[Pair], options: Options) -> Outcome:
        del options
        groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
        items = []
        for pair in pairs:
            said = pair.answer.text.strip()
            exact, f1 = exact_and_f1(said, _span_texts(pair.reference), tokens)
            groups[_language(pair.reference)].append((exact, f1))
            items.append(Item(item_key(pair), Scored(f1, bool(said), f1), {"em": exact}))
        breakdown = {"em": percent([item.details["em"] for item in items])}
        if len(groups) > 1:
            for name, values in sorted(groups.items()):
                breakdown[f"{name}.f1"] = percent([f1 for _, f1 in values])
                breakdown[f"{name}.em"] = percent([exact for exact, _ in values])
                breakdown[f"{name}.n"] = float(len(values))
        f1 = percent([item.scored.value for item in items])
        return Outcome(f1, f1, breakdown, items)

    return score


def _span_texts(record: Record) -> list[str]:
    """Return the reference texts of SQuAD's list or the data sets library's mapping."""
    answers = record.need(_GOLD, "answers")
    if isinstance(answers, dict):
        answers = answers.get("text", [])
    return [text_of(a["text"] if isinstance(a, dict) else a) for a in as_list(answers)]


def _language(record: Record) -> str:
    """Return the language at the end of a file's name ("test-ar"), else the name itself."""
    found = re.search(r"[-._]([a-z]{2})$", record.document.name)
    return found.group(1) if found else record.document.name


def _tydi(pairs: Sequence[Pair], options: Options) -> Outcome:
    """TyDi QA's primary tasks: macro F1 per language, averaged over all but English."""
    del options
    passages: dict[str, list[Judged]] = defaultdict(list)
    minimal: dict[str, list[Judged]] = defaultdict(list)
    items = []
    for pair in pairs:
        gold = [_gold_label(label) for label in pair.reference.fields["annotations"]]
        said = _said_label(pair.answer.record.fields)
        language = str(pair.reference.fields.get("language", "unknown")).lower()
        passages[language].append(judge_passage(gold, said))
        judged = judge_minimal(gold, said)
        minimal[language].append(judged)
        items.append(Item(item_key(pair), Scored(judged[2], judged[1], judged[2])))
    breakdown: dict[str, float] = {}
    for language in sorted(minimal):
        breakdown[f"{language}.minimal_f1"] = tydi_f1(minimal[language])
        breakdown[f"{language}.passage_f1"] = tydi_f1(passages[language])
    others = [language for language in minimal if language != "english"] or list(minimal)
    means = {
        "avg_minimal_f1": sum(tydi_f1(minimal[one]) for one in others) / len(others),
        "avg_passage_f1": sum(tydi_f1(passages[one]) for one in others) / len(others),
    }
    score = 100 * means["avg_minimal_f1"]
    return Outcome(score, score, means | breakdown, items)


def _gold_label(label: Mapping[str, Any]) -> TydiLabel:
    span = label["minimal_answer"]
    return TydiLabel(
        int(label["passage_answer"]["candidate_index"]),
        _span(span.get("plaintext_start_byte", -1), span.get("plaintext_end_byte", -1)),
        str(label.get("yes_no_answer", "none")).lower(),
    )


def _said_label(fields: Mapping[str, Any]) -> TydiLabel:
    span = fields.get("minimal_answer") or {}
    return TydiLabel(
        int(fields.get("passage_answer_index", -1)),
        _span(span.get("start_byte_offset", -1), span.get("end_byte_offset", -1)),
        str(fields.get("yes_no_answer", "none")).lower(),
    )


def _span(start: int, end: int) -> tuple[int, int] | None:
    return (start, end) if start >= 0 and end >= 0 else None


def _tydi_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    del field
    records = [record for document in documents for record in records_of(document)]
    return [Answer(record, record.fields.get("minimal_answer"), None) for record in records]


def _all_records(documents: Sequence[Document]) -> list[Record]:
    """Keep empty references too: line files are aligned by position."""
    return [record for document in documents for record in records_of(document)]


def _rouge(pairs: Sequence[Pair], options: Options) -> Outcome:
    """Mean ROUGE-1, -2, -L precision, recall and F1, without and with stemming."""
    del options
    sums: dict[str, float] = defaultdict(float)
    items = []
    for pair in pairs:
        wanted = text_of(pair.reference.first(_GOLD) or "")
        details: dict[str, float] = {}
        for stem in (False, True):
            scores = rouge(pair.answer.text, wanted, ("rouge1", "rouge2", "rougeL"), stem=stem)
            for kind, values in scores.items():
                name = f"{kind} {'stem' if stem else 'no stem'}"
                details |= {f"{name}.{part}": v for part, v in zip("PRF", values, strict=True)}
        for name, value in details.items():
            sums[name] += value / len(pairs)
        f1 = details["rougeL no stem.F"]
        items.append(Item(item_key(pair), Scored(f1, bool(pair.answer.text.strip()), f1), details))
    score = 100 * sums["rougeL no stem.F"]
    return Outcome(score, score, dict(sums), items)


TASKS = (
    Task("gsm8k", "accuracy, %", _gsm8k, _GOLD, alone=True),
    Task("bbh", "exact match, %", _bbh, _GOLD, alone=True),
    Task("squad", "F1, %", _squad(word_tokens), _GOLD),
    Task("tydiqa_goldp", "F1, %", _squad(word_tokens), _GOLD),
    Task("xquad", "F1, % (characters where a script has no spaces)", _squad(mixed_tokens), _GOLD),
    Task(
        "tydiqa",
        "minimal-answer F1, %, mean over the languages but English",
        _tydi,
        ("annotations",),
        answers=_tydi_answers,
    ),
    Task("rouge", "ROUGE-L F1 x 100", _rouge, references=_all_records),
)
