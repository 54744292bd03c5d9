"""Token scores against closed forms, written out slowly in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from liit.data.encode import IGNORED
from liit.signals import scores
from liit.signals.scores import answer_scores, entropy_everywhere
from liit.signals.trunk import Answers


def head_of(logits: torch.Tensor) -> tuple[nn.Linear, torch.Tensor]:
    """A head that turns one-hot states into exactly these logits [n, k, V]."""
    n, k, vocabulary = logits.shape
    head = nn.Linear(n * k, vocabulary, bias=False)
    with torch.no_grad():
        head.weight.copy_(logits.reshape(n * k, vocabulary).T)
    head.requires_grad_(False)  # as scoring() leaves it
    return head, torch.eye(n * k).reshape(n, k, n * k)


def by_hand(logits: np.ndarray, target: int) -> tuple[float, float, float, float]:
    exps = [math.exp(x - max(logits)) for x in logits]
    p = [e / math.fsum(exps) for e in exps]
    nll = -math.log(p[target])
    entropy = -math.fsum(x * math.log(x) for x in p)
    error = math.sqrt(math.fsum((x - (v == target)) ** 2 for v, x in enumerate(p)))
    return nll, 1 / p[target], entropy, error


def test_three_equally_likely_tokens() -> None:
    head, hidden = head_of(torch.zeros(1, 1, 3))
    one = Answers(torch.zeros(1, 1, dtype=torch.long), torch.tensor([[2]]), torch.tensor([[True]]))
    found, _ = answer_scores(head, hidden, one, gradient=False)
    assert found["nll"].item() == pytest.approx(math.log(3))
    assert found["entropy"].item() == pytest.approx(math.log(3))
    assert found["nll_exp"].item() == pytest.approx(3)
    assert found["error_norm"].item() == pytest.approx(math.sqrt(2 / 3))


@pytest.mark.parametrize("chunk", [1, 10**6])
def test_means_over_answer_tokens(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "CHUNK_LOGITS", chunk)
    draw = torch.Generator().manual_seed(1)
    logits = 4 * torch.randn((4, 3, 6), generator=draw)
    targets = torch.randint(6, (4, 3), generator=draw)
    # Three answer tokens, two, one, none: a sample may be truncated to nothing.
    valid = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]).bool()
    head, hidden = head_of(logits)
    answers = Answers(torch.zeros_like(targets), targets, valid)
    found, _ = answer_scores(head, hidden, answers, gradient=False)
    for row in range(3):
        hand = [
            by_hand(logits[row, k].double().numpy(), int(targets[row, k]))
            for k in range(3)
            if valid[row, k]
        ]
        means = np.mean(hand, axis=0)
        for name, mean in zip(("nll", "nll_exp", "entropy", "error_norm"), means, strict=True):
            assert found[name][row].item() == pytest.approx(mean, rel=2e-6)
    assert all(math.isnan(found[name][3]) for name in found)


def test_entropies_keep_float32_where_training_mixes_precisions() -> None:
    logits = torch.tensor([[[0.0, 1.0, 3.0, -2.0]]])  # bf16 holds these numbers
    head, hidden = head_of(logits)
    one = Answers(torch.zeros(1, 1, dtype=torch.long), torch.tensor([[2]]), torch.tensor([[True]]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, _ = answer_scores(head, hidden, one, gradient=False)
        everywhere = entropy_everywhere(head, hidden, torch.ones(1, 1))
    hand = by_hand(logits[0, 0].double().numpy(), 2)[2]
    assert found["entropy"].item() == pytest.approx(hand, rel=2e-6)
    assert everywhere.item() == pytest.approx(hand, rel=2e-6)


def test_a_sure_answer_keeps_its_digits() -> None:
    """p_y = 1 - 2e-9: in float32, 1 - p_y by subtraction is 0."""
    head, hidden = head_of(torch.tensor([[[20.0, 0.0]]]))
    one = Answers(torch.zeros(1, 1, dtype=torch.long), torch.tensor([[0]]), torch.tensor([[True]]))
    found, _ = answer_scores(head, hidden, one, gradient=False)
    off = 1 / (1 + math.exp(20))
    assert found["error_norm"].item() == pytest.approx(math.sqrt(2) * off, rel=1e-5)


def test_gradient_with_respect_to_the_last_state() -> None:
    draw = torch.Generator().manual_seed(2)
    head = nn.Linear(5, 7, bias=False)
    hidden = torch.randn((2, 3, 5), generator=draw, requires_grad=True)
    targets = torch.randint(7, (2, 3), generator=draw)
    valid = torch.tensor([[True, True, True], [True, False, False]])
    _, above = answer_scores(
        head, hidden, Answers(torch.zeros_like(targets), targets, valid), gradient=True
    )
    loss = nn.functional.cross_entropy(head(hidden[0]), targets[0])
    loss = loss + nn.functional.cross_entropy(head(hidden[1, :1]), targets[1, :1])
    (expected,) = torch.autograd.grad(loss, hidden)
    torch.testing.assert_close(above, expected)


def test_answers_are_read_off_the_shifted_labels() -> None:
    labels = torch.full((3, 6), IGNORED)
    labels[0, 2], labels[0, 5] = 7, 8  # two turns
    labels[1, 5] = 9
    labels[2, 0] = 4  # nothing predicts the first token
    answers = Answers.of(labels)
    assert answers.valid.tolist() == [[True, True], [True, False], [False, False]]
    assert answers.places.tolist() == [[1, 4], [4, 0], [0, 0]]
    assert answers.targets[0].tolist() == [7, 8]
    assert answers.targets[1, 0] == 9


def test_entropy_everywhere_skips_padding() -> None:
    logits = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [9.0, 0.0]]])
    head, hidden = head_of(logits)
    found = entropy_everywhere(head, hidden, torch.tensor([[1, 1, 0]]))
    p = 1 / (1 + math.exp(-3))
    second = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert found.item() == pytest.approx((math.log(2) + second) / 2, rel=1e-6)
