"""Learners on a small linear model, against numbers that Avalanche 0.6.0 gave for it.

They are those of its EWCPlugin and MASPlugin (batches of one), LwFPlugin, AGEMPlugin and DER, on
the data below.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from liit.learning.learners.a_gem import project
from liit.learning.learners.der import Der
from liit.learning.learners.ewc import Ewc
from liit.learning.learners.lwf import Lwf
from liit.learning.learners.mas import Mas
from liit.learning.space import importance, kept, pull

X = torch.tensor([[1.0, 0.5, -1.0], [0.0, 2.0, 1.0], [-1.5, 1.0, 0.5], [2.0, -1.0, 0.0]])
Y = torch.tensor([[0.5], [-1.0], [2.0], [1.0]])
CLASSES = torch.tensor([1, 0, 0, 1])
TWO = [[0.2, -0.3, 0.7], [-0.5, 0.1, 0.4]]
MOVED = torch.tensor([[0.5, -2.0, 1.0], [0.25, 1.0, -0.5]])


@pytest.fixture
def rows_are_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for home in ("liit.model.logits", "liit.learning.space"):
        monkeypatch.setattr(f"{home}.answer_logits", lambda m, batch: (m(batch[0]), batch[1], None))


def past_of(rows: range, *states: Any) -> Any:
    """What a learner is told at the end of a step that chose these rows."""
    return SimpleNamespace(
        steps=range(len(states)),
        state=lambda step: states[step],
        singles=lambda purpose, count: [(X[i : i + 1], CLASSES[i : i + 1]) for i in rows],
    )


def expect(loss: torch.Tensor, model: nn.Linear, value: float, gradient: list[float]) -> None:
    loss.backward()
    assert float(loss.detach()) == pytest.approx(value, rel=1e-5)
    assert model.weight.grad is not None
    assert model.weight.grad.flatten().tolist() == pytest.approx(gradient, rel=1e-5, abs=1e-6)


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
    penalty = 1.5 * float(theirs.mean()) * pull(model, state)
    expect(penalty, model, 18.134588, [4.902421, -15.484685, 2.848594])


@pytest.mark.usefixtures("rows_are_answers")
def test_online_ewc() -> None:
    """Its two Fishers are not scaled: a decay of theirs is one of ours times the means' ratio."""
    model = linear(TWO)
    first = torch.tensor([0.151159, 0.812701, 0.344887, 0.151159, 0.812701, 0.344887])
    fresh = torch.tensor([3.062044, 0.975873, 0.120207, 3.062044, 0.975873, 0.120207])
    both = torch.tensor([3.152739, 1.463494, 0.327139, 3.152739, 1.463494, 0.327139])
    scale = float(fresh.mean())
    ewc = Ewc(strength=2 * 1.5 * scale, online=True, decay=0.6 * float(first.mean()) / scale)
    before = ewc.finish(model, past_of(range(2)))
    model.weight.data += MOVED
    now = ewc.finish(model, past_of(range(2, 4), before))
    torch.testing.assert_close(
        scale * now["importance/weight"].flatten(), both, rtol=1e-5, atol=1e-6
    )
    model.weight.data += torch.tensor([[1.0, -1.0, 0.5], [-0.5, 0.25, 2.0]])
    penalty = ewc.loss(model, None, torch.zeros(()), past_of(range(0), before, now))
    expected = [9.458217, -4.390481, 0.490708, -4.729109, 1.09762, 1.962833]
    expect(penalty, model, 10.329337, expected)


@pytest.mark.usefixtures("rows_are_answers")
def test_mas() -> None:
    """Its sensitivities are not scaled to mean 1."""
    model = linear(TWO)
    theirs = torch.tensor([1.2125, 0.7375, 0.4375, 2.3125, 1.8875, 0.9875])
    mas = Mas(strength=1.5 * float(theirs.mean()))
    state = mas.finish(model, past_of(range(4)))
    omega = state["importance/weight"].flatten()
    torch.testing.assert_close(omega, theirs / theirs.mean(), rtol=1e-5, atol=0)
    model.weight.data += MOVED
    penalty = mas.loss(model, None, torch.zeros(()), past_of(range(0), state))
    expect(penalty, model, 8.954296, [1.81875, -4.425, 1.3125, 1.734375, 5.6625, -1.48125])


class Adapted(nn.Linear):
    """A linear model that was TWO before it moved."""

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        self.weight.data -= MOVED
        yield
        self.weight.data += MOVED


@pytest.mark.usefixtures("rows_are_answers")
@pytest.mark.parametrize(
    ("temperature", "value", "gradient"),
    [
        (1.0, 0.508099, [0.016607, -0.246017, 0.001717]),
        (2.0, 0.207461, [0.043991, -0.123757, -0.015495]),
    ],
)
def test_lwf(temperature: float, value: float, gradient: list[float]) -> None:
    """Its distance has no factor T²."""
    model = Adapted(3, 2, bias=False)
    model.weight.data = torch.tensor(TWO) + MOVED
    past = past_of(range(0), {})
    past.logits = model(X)
    lwf = Lwf(strength=0.75 / temperature**2, temperature=temperature)
    loss = lwf.loss(model, (X, CLASSES), torch.zeros(()), past)
    expect(loss, model, value, [*gradient, *(-one for one in gradient)])


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


@pytest.mark.usefixtures("rows_are_answers")
def test_der() -> None:
    model = linear(TWO)
    then = {"a": torch.tensor([[1.0, -1.0]]), "b": torch.tensor([[0.5, 2.0]])}
    past: Any = SimpleNamespace(
        steps=[0],
        step=0,
        micro=0,
        state=lambda step: then,
        draw=lambda purpose, ids, count, *axes: ids,
        batch=lambda ids, device: (X[:2], None),
    )
    task = functional.cross_entropy(model(X[2:]), torch.tensor([1, 0]))
    loss = Der(strength=0.75, batch=2).loss(model, None, task, past)
    expected = [-0.921225, -0.431367, 0.522291, 0.358725, -1.199883, -0.634791]
    expect(loss, model, 1.109180, expected)
