"""MMLU by likelihood: what is asked, what is scored, and what counts as the published value."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from backbones import save_backbone

from liit.doctor.choice_check import (
    FORMATS,
    ITEMS,
    Question,
    answered,
    log_likelihoods,
    questions_of,
)
from liit.doctor.reference_checks import MMLU, reference_values
from liit.model.load import load_model, load_processor
from liit.scales import params_of

ROOT = Path(__file__).parents[2]
QUESTION = Question("college_biology", "What is it?", ("a", "bb", "ccc", "dddd"), 2)


def test_a_question_in_both_formats() -> None:
    cloze, letters = FORMATS[0], FORMATS[2]
    assert cloze.prompt(QUESTION) == (
        "The following are questions about college biology.\nQuestion: What is it?\nAnswer:"
    )
    assert list(cloze.answers(QUESTION)) == ["a", "bb", "ccc", "dddd"]
    assert cloze.lengths(QUESTION) == [1, 2, 3, 4]
    assert letters.prompt(QUESTION).endswith("What is it?\nA. a\nB. bb\nC. ccc\nD. dddd\nAnswer:")
    assert list(letters.answers(QUESTION)) == list("ABCD")


def test_likelihoods_in_batches_are_those_of_rows_alone(tmp_path: Path) -> None:
    save_backbone("llama", tmp_path / "tiny")
    model = load_model(tmp_path / "tiny", dtype="float32")
    tokenizer = load_processor(tmp_path / "tiny").tokenizer
    rows = [(list(range(5, 7 + n % 9)), list(range(9, 10 + n % 4))) for n in range(21)]
    found = log_likelihoods(model, tokenizer, rows, "test")
    for (prompt, answer), value in zip(rows, found, strict=True):
        with torch.no_grad():
            chances = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        alone = sum(float(chances[len(prompt) - 1 + i, token]) for i, token in enumerate(answer))
        assert value == pytest.approx(alone, abs=1e-4)


def test_the_likeliest_by_characters_is_the_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """-1, -3, -2, -8 nats over 1, 2, 3, 4 characters: the third; as letters: the first."""
    given = [-1.0, -3.0, -2.0, -8.0]
    monkeypatch.setattr("liit.doctor.choice_check.log_likelihoods", lambda *_: given)
    save_backbone("llama", tmp_path / "tiny")
    tokenizer = load_processor(tmp_path / "tiny").tokenizer
    assert answered(None, tokenizer, [QUESTION], FORMATS[0]) == [True]
    assert answered(None, tokenizer, [QUESTION], FORMATS[2]) == [False]


def test_the_first_format_has_to_give_the_published_value() -> None:
    """100 of 400 right: 25.0 with two standard errors of 4.3, as s = √(0.25 · 0.75 · 400/399)."""
    quarter, third = [True, False, False, False] * 100, [True, False, False] * 100
    good = MMLU.judge({"cloze": third, "letters": quarter}, 5)
    assert good.state == "ok" and "letters 25.0 ± 4.3" in good.detail
    assert good.detail.endswith("within: cloze, letters")
    none_right = MMLU.judge({"cloze": [False] * 400, "letters": third}, 5)
    assert none_right.state == "missing" and none_right.next_step
    assert none_right.detail.endswith("within: letters")


def test_published_files_are_read(samples: Path) -> None:
    found = questions_of(samples / "mmlu" / "test")
    assert len(found) == ITEMS and len({one.subject for one in found}) == 5
    assert found[0].subject == "abstract_algebra" and len(found[0].choices) == 4


def test_without_weights_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    given = params_of("smollm2")
    model = dataclasses.replace(given.model, checkpoint=str(tmp_path / "none"))
    (finding,) = reference_values(dataclasses.replace(given, model=model), run=True)
    assert (finding.subject, finding.state, finding.detail) == ("MMLU", "not run", "no weights")
