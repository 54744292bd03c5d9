"""Expected values that other projects' own metric tests hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from liit.benchmarks.reasoning import bbh_direct
from liit.metrics.bleu import coco_bleu, corpus_bleu
from liit.metrics.caption import CiderCorpus, rouge_l
from liit.metrics.tokens import ptb_words


def cider_d(predictions: list[str], references: list[list[str]]) -> list[float]:
    corpus = CiderCorpus(references)
    return [corpus.score(*item) for item in zip(predictions, references, strict=True)]


@pytest.fixture(scope="module")
def cases(samples: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((samples / "golden_unit_cases.json").read_text("utf-8"))
    return found


def nlg(hyps: list[str], refs: list[list[str]]) -> dict[str, float]:
    scores = dict(zip(("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4"), coco_bleu(hyps, refs), strict=True))
    rouges = [rouge_l(hyp, texts) for hyp, texts in zip(hyps, refs, strict=True)]
    ciders = cider_d(hyps, refs)
    return scores | {"ROUGE_L": sum(rouges) / len(rouges), "CIDEr": sum(ciders) / len(ciders)}


def check(found: dict[str, float], expected: dict[str, float]) -> None:
    # METEOR needs a Java program and is no metric of the suite
    wanted = {name: value for name, value in expected.items() if name != "METEOR"}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-5, abs=2e-7)


def test_nlg_eval_corpus(cases: dict[str, Any]) -> None:
    case = cases["nlg_eval_corpus"]
    check(
        nlg(case["hyps"], [list(refs) for refs in zip(*case["refs"], strict=True)]),
        case["expected"],
    )


@pytest.mark.parametrize("name", ["nlg_eval_single", "nlg_eval_nonascii"])
def test_nlg_eval_single(cases: dict[str, Any], name: str) -> None:
    case = cases[name]
    check(nlg([case["hyp"]], [case["refs"]]), case["expected"])


def test_sacrebleu_corpus(cases: dict[str, Any]) -> None:
    case = cases["sacrebleu_corpus"]
    refs = [list(texts) for texts in zip(*case["refs"], strict=True)]
    for names, value in case["expected"].items():
        tokenizer = names.split("/")[-1]
        assert corpus_bleu(case["hyps"], refs, tokenizer) == pytest.approx(value, abs=1e-6)


def test_pix2struct(cases: dict[str, Any]) -> None:
    case = cases["anls_pix2struct"]
    pairs = list(zip(case["predictions"], case["targets"], strict=True))
    ciders = cider_d([ptb_words(p) for p, _ in pairs], [[*map(ptb_words, t)] for _, t in pairs])
    found = {
        "exact_match": [bbh_direct({"target": targets[0]}, said).value for said, targets in pairs],
        "cider": ciders,
    }
    for name, values in found.items():
        mean = 100 * sum(values) / len(values)
        assert mean == pytest.approx(case["expected"][name], abs=case["tolerance"]), name
