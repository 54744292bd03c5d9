"""EWC, A-GEM and DER on a small linear model, against numbers that Avalanche 0.6.0 gave for it.

They are those of its EWCPlugin (batches of one), AGEMPlugin and DER, on the data below.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from liit.learning.learners.a_gem import project
from liit.learning.learners.der import Der
from liit.learning.space import importance, kept, pull

X = torch.tensor([[1.0, 0.5, -1.0], [0.0, 2.0, 1.0], [-1.5, 1.0, 0.5], [2.0, -1.0, 0.0]])
Y = torch.tensor([[0.5], [-1.0], [2.0], [1.0]])


def linear(rows: list[list[float]]) -> nn.Linear:
    model = nn.Linear(3, len(rows), bias=False)
    model.weight.data = torch.tensor(rows)
    return model


def half_square(model: Any, batch: Any) -> torch.Tensor:
    return ((model(batch[0]) - batch[1]) ** 2).mean() / 2


def test_ewc() -> None:
    """Its Fisher is not scaled to mean 1, and its penalty is lambda, not lambda / 2, times Σ."""
    model = linear([[0.2, -0.3, 0.7]])
    batches: list[Any] = [(X[i : i + 1], Y[i : i + 1]) for i in range(4)]
    theirs = torch.tensor([3.268281, 2.580781, 0.949531])
    fisher = importance(model, batches, half_square, power=2)
    torch.testing.assert_close(fisher["weight"][0], theirs / theirs.mean(), rtol=1e-5, atol=0)
    state = kept(model, fisher)
    model.weight.data += torch.tensor([[0.5, -2.0, 1.0]])
    strength = 2 * 1.5 * float(theirs.mean())
    penalty = strength / 2 * pull(model, state)
    penalty.backward()
    assert float(penalty.detach()) == pytest.approx(18.134588, rel=1e-5)
    assert model.weight.grad is not None
    expected = [4.902421, -15.484685, 2.848594]
    assert model.weight.grad[0].tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        ([1.0, -0.5, 2.0], [1.0, -0.5, 2.0]),
        ([-1.0, 0.5, -2.0], [-1.323316, 0.956859, -1.367426]),
    ],
)
def test_a_gem(gradient: list[float], expected: list[float]) -> None:
    model = linear([[0.2, -0.3, 0.7]])
    reference = torch.autograd.grad(half_square(model, (X[:2], Y[:2])), [model.weight])
    assert reference[0][0].tolist() == pytest.approx([-0.575, 0.8125, 1.125], rel=1e-5)
    model.weight.grad = torch.tensor([gradient])
    assert project([model.weight], reference) == (gradient != expected)
    assert model.weight.grad[0].tolist() == pytest.approx(expected, rel=1e-5)


def test_der(monkeypatch: pytest.MonkeyPatch) -> None:
    model = linear([[0.2, -0.3, 0.7], [-0.5, 0.1, 0.4]])
    monkeypatch.setattr("liit.model.logits.answer_logits", lambda m, batch: (m(batch), None, None))
    then = {"a": torch.tensor([[1.0, -1.0]]), "b": torch.tensor([[0.5, 2.0]])}
    past: Any = SimpleNamespace(
        steps=[0],
        step=0,
        micro=0,
        state=lambda step: then,
        draw=lambda purpose, ids, count, *axes: ids,
        batch=lambda ids, device: X[:2],
    )
    task = functional.cross_entropy(model(X[2:]), torch.tensor([1, 0]))
    loss = Der(strength=0.75, batch=2).loss(model, None, task, past)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(1.109180, rel=1e-5)
    assert model.weight.grad is not None
    expected = [-0.921225, -0.431367, 0.522291, 0.358725, -1.199883, -0.634791]
    assert model.weight.grad.flatten().tolist() == pytest.approx(expected, rel=1e-5)
