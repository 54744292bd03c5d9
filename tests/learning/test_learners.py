"""Learners: nothing at strength 0, hand-worked numbers, and what they keep outlives a process."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from lessons import DROPOUT, adapted, adapter_in, corpus_of, past_of, same, trained, weights
from safetensors.torch import load_file, save_file
from tiny import CPU, LORA, TRAIN, tiny
from torch import nn

from liit.data.corpus import Corpus
from liit.errors import LiitError
from liit.learner import STATE, Learner, Past
from liit.learning.learners.a_gem import AGem, project
from liit.learning.learners.der import Der
from liit.learning.learners.e_proj import EProj
from liit.learning.learners.er import Er
from liit.learning.learners.ewc import Ewc
from liit.learning.learners.l2p import L2p
from liit.learning.learners.lwf import Lwf
from liit.learning.learners.mas import Mas
from liit.learning.learners.moe_lora import MoeLora
from liit.learning.learners.o_lora import OLora, overlap
from liit.learning.learners.tir import Tir
from liit.learning.lesson import Lesson
from liit.learning.space import answer_loss, importance, kept, parts, pull, squared_logits
from liit.learning.train import fit
from liit.model import lora
from liit.pool import Pool
from liit.selection.pools import newest_and_replay

OFF = (
    Er(share=0.0),
    Er(share=0.0, matched=True),
    Der(strength=0.0, memory=3),
    Tir(strength=0.0, samples=3),
    Ewc(strength=0.0, samples=3),
    Ewc(strength=0.0, samples=3, online=True),
    Mas(strength=0.0, samples=3),
    Lwf(strength=0.0),
    Der(memory=0),
    AGem(memory=0),
    OLora(strength=0.0),
)
ON = (
    Er(share=0.5),
    Er(share=0.5, matched=True),
    Der(strength=5.0, memory=4, batch=2),
    Tir("ewc", strength=100.0, samples=3),
    Tir("mas", strength=100.0, samples=3),
    Ewc(strength=100.0, samples=3),
    Ewc(strength=100.0, samples=3, online=True),
    Mas(strength=100.0, samples=3),
    Lwf(strength=5.0),
    AGem(memory=8, batch=1),
    OLora(strength=5.0),
)


ROUTING = (MoeLora(experts=2), EProj(samples=3), L2p(pool=4, length=2, chosen=2, samples=3))


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return corpus_of(tmp_path)


def name_of(learner: Learner) -> str:
    return repr(learner)


@pytest.mark.parametrize("learner", OFF, ids=name_of)
def test_strength_zero_is_plain_training_to_the_bit(
    learner: Learner, corpus: Corpus, tmp_path: Path
) -> None:
    past = past_of(corpus, tmp_path)
    plain, told, _ = trained(None, corpus, past)
    model, again, _ = trained(learner, corpus, past)
    assert same(plain, model)
    assert again.seen_sha256 == told.seen_sha256
    assert again.curve["loss"] == told.curve["loss"]


@pytest.mark.parametrize("learner", ON, ids=name_of)
def test_without_a_past_a_learner_is_plain_training(
    learner: Learner, corpus: Corpus, tmp_path: Path
) -> None:
    past = past_of(corpus, tmp_path, steps=())
    assert same(trained(None, corpus, past)[0], trained(learner, corpus, past)[0])


@pytest.mark.parametrize("learner", ON, ids=name_of)
def test_a_learner_does_something_and_twice_the_same(
    learner: Learner, corpus: Corpus, tmp_path: Path
) -> None:
    train = replace(TRAIN, learning_rate=0.05, projector_learning_rate=0.05)
    adapters = {0: adapter_in(tmp_path)}
    plain, _, _ = trained(None, corpus, past_of(corpus, tmp_path), train)
    one, told, lesson = trained(
        learner, corpus, past_of(corpus, tmp_path, adapters=adapters), train
    )
    two, _, again = trained(learner, corpus, past_of(corpus, tmp_path, adapters=adapters), train)
    assert lesson and again
    assert same(one, two) and lesson.past.ids == again.past.ids
    assert not same(plain, one)
    assert all(len(numbers) == told.steps for numbers in told.curve.values())


@pytest.mark.parametrize(
    ("learner", "said"),
    [
        (L2p(pool=2, chosen=3), "a pool of 2 prompts has no 3"),
        (MoeLora(experts=0), "by 0 experts"),
    ],
)
def test_numbers_that_cannot_be_are_refused(
    learner: Learner, said: str, corpus: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(LiitError, match=said):
        learner.attach(adapted(), past_of(corpus, tmp_path))


def test_o_lora_counts_the_layers_that_an_earlier_adapter_changed(
    corpus: Corpus, tmp_path: Path
) -> None:
    file = adapter_in(tmp_path) / "adapter_model.safetensors"
    earlier = {name: one for name, one in load_file(file).items() if "q_proj" in name}
    save_file(earlier, file)
    past = past_of(corpus, tmp_path, adapters={0: file.parent})
    model, zero = adapted(), torch.zeros(())
    expected = sum(
        float((earlier[name.replace(".default.", ".")] @ one.detach().T).square().sum())
        for name, one in model.named_parameters()
        if "q_proj.lora_A" in name
    )
    assert OLora(strength=2.0).loss(model, {}, zero, past).item() == pytest.approx(2 * expected)


def pulled_at_once(model: nn.Module, state: dict[str, torch.Tensor]) -> torch.Tensor:
    """The penalty with the graph over all weights held until the backward pass."""
    terms = []
    for name, (_, value) in sorted(parts(model).items()):
        with torch.autocast("cpu", enabled=False):
            moved = value().float() - state[f"anchor/{name}"]
        terms.append((state[f"importance/{name}"] * moved**2).sum())
    return torch.stack(terms).sum()


@pytest.mark.parametrize("mixed", [False, True])
def test_one_weight_at_a_time_is_all_at_once_to_the_bit(
    corpus: Corpus, tmp_path: Path, mixed: bool
) -> None:
    """Two earlier steps beside the task's loss, so that gradients are summed in an order."""
    past, generator = past_of(corpus, tmp_path), torch.Generator().manual_seed(1)
    model = adapted()
    for _, one in lora.trainable(model):
        one.data += 0.1 * torch.randn(one.shape, generator=generator)
    states = []
    for _ in range(2):
        drawn = {n: torch.rand(p.shape, generator=generator) for n, (p, _) in parts(model).items()}
        states.append(kept(adapted(), drawn))

    def learnt(penalty: Any) -> tuple[float, dict[str, torch.Tensor], int, torch.Tensor]:
        held = 0

        def note(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal held
            held += tensor.numel()
            return tensor

        torch.manual_seed(3)
        model.zero_grad()
        model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = answer_loss(model, past.batch(past.chosen))
            with torch.autograd.graph.saved_tensors_hooks(note, lambda one: one):
                pulls = sum(penalty(model, state) for state in states)
            loss = loss + 3.0 * pulls
        loss.backward()
        grads = {n: one.grad.clone() for n, one in model.named_parameters() if one.grad is not None}
        return loss.item(), grads, held, torch.random.get_rng_state()

    value, grads, held, rng = learnt(pull)
    expected, by_hand, all_held, expected_rng = learnt(pulled_at_once)
    assert value == expected and grads.keys() == by_hand.keys() == set(weights(model))
    assert all(torch.equal(one, by_hand[name]) for name, one in grads.items())
    assert torch.equal(rng, expected_rng)
    assert held == 0 < 2 * sum(leaf.numel() for leaf, _ in parts(model).values()) <= all_held


@pytest.mark.parametrize("learner", (*ON, *ROUTING), ids=name_of)
def test_recomputed_activations_change_no_bit_at_a_real_scales_precision(
    learner: Learner, corpus: Corpus, tmp_path: Path
) -> None:
    devices = replace(CPU, precision="bf16-mixed")
    models = []
    for recomputed in (False, True):
        train = replace(TRAIN, epochs=1, gradient_checkpointing=recomputed)
        past = past_of(corpus, tmp_path, adapters={0: adapter_in(tmp_path)})
        model, lesson = lora.attach(tiny()[0].bfloat16(), DROPOUT, seed=1), Lesson(learner, past)
        lesson.attach(model)
        fit(model, corpus, lesson.ids(), train=train, devices=devices, seed=4, lesson=lesson)
        lesson.finish(model)
        models.append(model)
    assert same(*models)


def drawn_linear(count: int = 8) -> tuple[nn.Linear, list[dict[str, torch.Tensor]]]:
    generator = torch.Generator().manual_seed(3)
    model = nn.Linear(3, 1, bias=False)
    model.weight.data = torch.randn(1, 3, generator=generator)
    x, y = (torch.randn(count, width, generator=generator) for width in (3, 1))
    return model, [{"x": x[i : i + 1], "y": y[i : i + 1]} for i in range(count)]


def gaussian(model: Any, batch: Any) -> torch.Tensor:
    return ((batch["y"] - model(batch["x"])) ** 2).mean() / 2


def test_ewc_on_a_linear_gaussian_model_is_the_formula() -> None:
    model, batches = drawn_linear()
    residuals = [float(b["y"] - b["x"] @ model.weight.detach().T) for b in batches]
    squares = [(r * b["x"][0].numpy()) ** 2 for r, b in zip(residuals, batches, strict=True)]
    fisher = np.mean(squares, axis=0)
    state = kept(model, importance(model, batches, gaussian, power=2))
    by_hand = fisher / fisher.mean()
    np.testing.assert_allclose(state["importance/weight"][0], by_hand, rtol=1e-5)
    moved = torch.tensor([[0.5, -2.0, 1.0]])
    model.weight.data += moved
    (3.0 / 2 * pull(model, state)).backward()
    assert model.weight.grad is not None
    expected = 3.0 * by_hand * moved[0].numpy()  # λ F (θ − θ*)
    np.testing.assert_allclose(model.weight.grad[0], expected, rtol=1e-4)


def test_a_fisher_of_batches_is_a_batchs_size_too_small() -> None:
    """At the true weights, here 0: samples' gradients cancel in a batch but for their noise."""
    model, singles = drawn_linear(4000)
    model.weight.data.zero_()
    model.unit = nn.Parameter(torch.zeros(1))  # of gradient 1: by it the scale to mean 1 is undone
    joined = [
        {key: torch.cat([one[key] for one in singles[i : i + 8]]) for key in ("x", "y")}
        for i in range(0, len(singles), 8)
    ]
    by_sample, by_batch = (
        importance(model, batches, lambda m, b: gaussian(m, b) + m.unit.sum(), power=2)
        for batches in (singles, joined)
    )
    fisher, shrunk = (float((f["weight"] / f["unit"]).mean()) for f in (by_sample, by_batch))
    assert fisher == pytest.approx(1.0, rel=0.1)  # E[(ε x)²]
    assert fisher / shrunk == pytest.approx(8.0, rel=0.1)


def test_mas_takes_absolute_values_sample_by_sample() -> None:
    model, batches = drawn_linear()
    omega = importance(model, batches, lambda m, b: m(b["x"]).square().sum(), power=1)
    weight = model.weight.detach()[0].numpy()
    rows = [b["x"][0].numpy() for b in batches]
    by_hand = np.mean([np.abs(2 * (row @ weight) * row) for row in rows], axis=0)
    np.testing.assert_allclose(omega["weight"][0], by_hand / by_hand.mean(), rtol=1e-5)


@pytest.mark.parametrize(("scalar", "power"), [(answer_loss, 2), (squared_logits, 1)])
def test_importance_is_that_of_the_merged_weights(
    scalar: Any, power: int, corpus: Corpus, tmp_path: Path
) -> None:
    past = past_of(corpus, tmp_path)
    model, _, _ = trained(None, corpus, past)
    batches = [past.batch([one]) for one in past.chosen[:4]]
    found = importance(model, batches, scalar, power)
    values = {name: value().detach() for name, (_, value) in parts(model).items()}
    assert all(not p.requires_grad for n, p in model.named_parameters() if ".base_layer." in n)
    merged = lora.merge(model)
    held = {name: one for name, one in merged.named_parameters() if name in found}
    assert held.keys() == found.keys()
    sums = {name: torch.zeros_like(one) for name, one in held.items()}
    for one in held.values():
        one.requires_grad_(True)
    for batch in batches:
        merged.zero_grad()
        scalar(merged, batch).backward()
        for name, one in held.items():
            if one.grad is not None:
                sums[name] += one.grad.abs() ** power
    mean = sum(float(one.sum()) for one in sums.values()) / sum(o.numel() for o in sums.values())
    for name, one in sums.items():
        torch.testing.assert_close(found[name], one / mean, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(values[name], held[name].detach(), rtol=1e-5, atol=1e-6)


def test_a_penalty_knows_no_basis_of_the_factors() -> None:
    model = adapted(LORA)
    for name, one in lora.trainable(model):
        if "lora_B" in name:
            one.data.normal_(generator=torch.Generator().manual_seed(1))
    ones = {name: torch.ones_like(leaf) for name, (leaf, _) in parts(model).items()}
    state = kept(model, ones)
    for name, one in lora.trainable(model):
        if "lora_" in name:
            one.data *= 2.0 if "lora_A" in name else 0.5
    assert float(pull(model, state).detach()) == 0.0
    with torch.autocast("cpu", torch.bfloat16):
        assert float(pull(model, state).detach()) == 0.0


def test_online_ewc_adds_up_and_separate_ewc_does_not(corpus: Corpus, tmp_path: Path) -> None:
    for online in (False, True):
        learner = Ewc(samples=3, online=online, decay=0.5)
        model, _, lesson = trained(learner, corpus, past_of(corpus, tmp_path))
        assert lesson
        fresh = importance(
            model, [lesson.past.batch([i]) for i in _drawn(lesson.past)], answer_loss, 2
        )
        state, start = learner.finish(model, lesson.past), lesson.past.state(0)
        for name, one in fresh.items():
            before = 0.5 * start[f"importance/{name}"] if online else 0.0
            torch.testing.assert_close(state[f"importance/{name}"], one + before)


def _drawn(past: Past) -> list[str]:
    return replace(past, ids={}).draw("importance", past.chosen, 3)


def test_a_gem_projects_as_by_hand() -> None:
    one, other, third = (nn.Parameter(torch.zeros(1)) for _ in range(3))
    one.grad, other.grad = torch.tensor([1.0]), torch.tensor([0.0])
    reference = (torch.tensor([-1.0]), torch.tensor([1.0]), torch.tensor([0.0]))
    assert project([one, other, third], reference)  # g·r = −1, r·r = 2: g + r / 2
    assert (float(one.grad), float(other.grad)) == (0.5, 0.5)
    assert not project([one, other], reference[:2])  # now g·r = 0
    assert not project([one, other], (torch.zeros(1), None))
    assert (float(one.grad), float(other.grad)) == (0.5, 0.5)


def test_a_gem_counts_a_missing_gradient_as_zero() -> None:
    one, other = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    one.grad = torch.tensor([2.0])
    assert project([one, other], (torch.tensor([-1.0]), torch.tensor([1.0])))
    assert other.grad is not None
    assert (float(one.grad), float(other.grad)) == (1.0, 1.0)


def test_replay_draws_what_the_selection_of_that_name_draws(corpus: Corpus, tmp_path: Path) -> None:
    past = past_of(corpus, tmp_path)
    pool = Pool.of({step: list(ids) for step, ids in past.arrived.items()}, 1)
    expected = sorted(pool.ids[newest_and_replay(pool, 0, share=0.3)].tolist())
    lesson = Lesson(Er(share=0.3), past)
    assert lesson.ids() == Lesson(Er(share=0.3), past_of(corpus, tmp_path)).ids() == expected
    assert len(expected) == 9 + 3  # ceil(0.3 · 9)
    assert set(past.ids["replay"]) == set(expected) - set(past.chosen)
    few = replace(past, ids={}, arrived={0: past.arrived[0][:2], 1: past.arrived[1]})
    assert len(Lesson(Er(share=0.1), few).ids()) == 10
    taken = replace(past, ids={}, chosen=past.arrived[0])
    assert Lesson(Er(share=0.3), taken).ids() == past.arrived[0]


@dataclass(frozen=True)
class Probe(Learner):
    """Adds the sum of the factors to the loss and leaves the task out; keeps what it sees."""

    strength: float = 3.0

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:
        return 0 * task_loss + self.strength * sum(p.sum() for _, p in lora.trainable(model))

    def gradients(self, model: Any, past: Past) -> float:
        seen = torch.cat([p.grad.flatten() for _, p in lora.trainable(model)])
        past.opened[Path(str(past.step))] = {"gradient": seen}
        return 1.0


def scale_losses(patch: pytest.MonkeyPatch) -> None:
    """Put the loss scaler of 16-mixed to work, which Lightning gives to a GPU alone."""
    scaled = pl.plugins.MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    plain = pl.Trainer
    patch.setattr(pl, "Trainer", lambda precision, **given: plain(plugins=[scaled], **given))


@pytest.mark.parametrize(("micro", "scaled"), [(1, False), (2, False), (4, False), (2, True)])
def test_a_penalty_counts_once_and_gradients_are_whole_unscaled_and_unclipped(
    micro: int, scaled: bool, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if scaled:
        scale_losses(monkeypatch)
    past = past_of(corpus, tmp_path)
    train = replace(TRAIN, micro_batch_size=micro, gradient_clip=1e-3)
    _, told, lesson = trained(Probe(), corpus, replace(past, steps=()), train)
    assert lesson is not None
    gradients = [one["gradient"] for one in lesson.past.opened.values()]
    assert len(gradients) == told.steps > 1
    for one in gradients:
        torch.testing.assert_close(one, torch.full_like(one, 3.0))
    curve = told.curve
    expected = [p / loss for p, loss in zip(curve["penalty"], curve["loss"], strict=True)]
    assert curve["ratio"] == pytest.approx(expected, rel=1e-5)


def test_lwf_of_a_teacher_that_is_the_student_is_nothing(corpus: Corpus, tmp_path: Path) -> None:
    past, model = past_of(corpus, tmp_path), adapted(LORA)
    batch = past.batch(past.chosen[:4])
    model.train()
    past.logits = lora_logits(model, batch)
    loss = Lwf(temperature=2.0).loss(model, batch, torch.zeros(()), past)
    loss.backward()
    assert float(loss.detach()) == 0.0 and model.training
    assert all(
        float(p.grad.abs().max()) < 1e-7 for _, p in lora.trainable(model) if p.grad is not None
    )


def test_lwfs_teacher_is_the_model_before_the_step(corpus: Corpus, tmp_path: Path) -> None:
    past, base = past_of(corpus, tmp_path), adapted(LORA).eval()
    model, _, _ = trained(None, corpus, past, replace(TRAIN, learning_rate=0.1), LORA)
    batch = past.batch(past.chosen[:4])
    with torch.no_grad():
        past.logits = student = lora_logits(model, batch)
        found = Lwf(strength=0.5, temperature=2.0).loss(model, batch, torch.tensor(1.0), past)
        taught = (lora_logits(base, batch) / 2).log_softmax(-1)
        distance = nn.functional.kl_div(
            (student / 2).log_softmax(-1), taught, log_target=True, reduction="batchmean"
        )
    torch.testing.assert_close(found, 1 + 0.5 * 4 * distance)


def lora_logits(model: Any, batch: Any) -> torch.Tensor:
    from liit.model.logits import answer_logits

    return answer_logits(model, batch)[0]


def test_o_lora_asks_for_orthogonal_rows(corpus: Corpus, tmp_path: Path) -> None:
    rows = torch.linalg.qr(torch.randn(12, 8, generator=torch.Generator().manual_seed(2)))[0].T
    assert float(overlap(rows[:4], rows[4:])) < 1e-10
    assert float(overlap(rows[:4], rows[:4])) == pytest.approx(4.0)  # ‖I_4‖²: r × r, not d × d
    before = adapted(LORA)
    past = past_of(corpus, tmp_path, adapters={0: adapter_in(tmp_path)})
    loss = OLora(strength=0.5).loss(before, None, torch.zeros(()), past)
    factors = [one for name, one in before.named_parameters() if "lora_A" in name]
    expected = 0.5 * sum(float(((one @ one.T) ** 2).sum()) for one in factors)
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)


def test_what_is_kept_outlives_the_process(corpus: Corpus, tmp_path: Path) -> None:
    past = past_of(corpus, tmp_path)
    model, _, lesson = trained(Ewc(samples=3), corpus, past)
    assert lesson is not None
    lesson.finish(model)
    digests = lesson.keep(tmp_path)
    names = {STATE, past.states[0].name}
    assert digests.keys() == names and {p.name for p in tmp_path.glob("*.safetensors")} == names
    code = (
        "import sys; from pathlib import Path; from liit.learner import Past\n"
        "past = Past(2, 0, None, {}, [], states={0: Path(sys.argv[1])})\n"
        "print(sum(float(one.double().sum()) for _, one in sorted(past.state(0).items())))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / STATE)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    state = load_file(tmp_path / STATE)
    assert float(told) == sum(float(one.double().sum()) for _, one in sorted(state.items()))
    assert len(past.ids["importance"]) == len(past.ids["start_importance"]) == 3
    assert set(past.ids["importance"]) <= set(past.arrived[1])
    assert set(past.ids["start_importance"]) <= set(past.arrived[0])


@pytest.mark.parametrize("learner", [Lwf(), OLora()], ids=name_of)
def test_one_adapter_for_all_steps_is_refused(learner: Learner) -> None:
    why = learner.refusal("continue", CPU)
    assert why is not None and "merge_fresh" in why.next_step
    assert learner.refusal("merge_fresh", CPU) is None
    assert Ewc().refusal("continue", CPU) is None


@pytest.mark.parametrize("changed", [{"devices": 2}, {"num_nodes": 2}, {"strategy": "ddp"}])
def test_several_ranks_are_refused_where_they_were_not_tried(changed: dict[str, Any]) -> None:
    several = replace(CPU, **changed)
    for learner in (*ON[2:], OLora(), MoeLora(), EProj(), L2p()):
        why = learner.refusal("merge_fresh", several)
        assert why is not None and "several ranks" in why.problem
        assert learner.refusal("merge_fresh", CPU) is None
    assert Er().refusal("merge_fresh", several) is Learner().refusal("continue", several) is None


def test_a_penalty_without_end_is_an_error(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="lower the learner's strength"):
        trained(Probe(strength=float("inf")), corpus, past_of(corpus, tmp_path, steps=()))


def test_weights_keep_their_names_through_a_merge() -> None:
    model = adapted()
    names = set(parts(model))
    assert names == set(parts(lora.attach(lora.merge(model), LORA, seed=2)))
    assert not any("lora" in name or "default" in name for name in names)
    assert len(weights(model)) == 2 * sum(".language_model." in n for n in names) + sum(
        lora.is_projector(n) for n in names
    )


def test_matched_replay_keeps_the_budget_and_draws_the_same_twice(
    corpus: Corpus, tmp_path: Path
) -> None:
    past = past_of(corpus, tmp_path)
    ids = Lesson(Er(share=0.3, matched=True), past).ids()
    assert ids == Lesson(Er(share=0.3, matched=True), past_of(corpus, tmp_path)).ids()
    assert len(ids) == len(set(ids)) == len(past.chosen) == 9
    earlier = set(ids) & set(past.arrived[0])
    assert earlier == set(past.ids["replay"]) and len(earlier) == 3  # ceil(0.3 · 9)
    assert set(ids) - earlier == set(past.ids["kept"]) < set(past.chosen)
    few = replace(past, ids={}, arrived={0: past.arrived[0][:1], 1: past.arrived[1]})
    assert len(Lesson(Er(share=0.3, matched=True), few).ids()) == 9


def test_der_is_the_distance_from_the_logits_of_the_time(corpus: Corpus, tmp_path: Path) -> None:
    learner, past = Der(strength=0.5, memory=3, batch=2), past_of(corpus, tmp_path)
    before = adapted(LORA).eval()
    past.opened[past.states[0]] = then = dict(
        learner.finish(before, replace(past, now=0, chosen=past.arrived[0], ids={}))
    )
    assert len(then) == 3 and set(then) <= set(past.arrived[0])
    one = learner.loss(before, None, torch.tensor(1.0), past)
    assert float(one.detach()) == pytest.approx(1.0)  # the same model: no distance
    model = trained(None, corpus, past, replace(TRAIN, learning_rate=0.1), LORA)[0]
    found = learner.loss(model, None, torch.tensor(1.0), replace(past, ids={}, step=1))
    drawn = replace(past, ids={}).draw("replay", sorted(then), 2, 1, 0)
    now = torch.cat([lora_logits(model, past.batch([id_])) for id_ in drawn])
    distance = nn.functional.mse_loss(now, torch.cat([then[id_] for id_ in drawn]))
    torch.testing.assert_close(found, 1 + 0.5 * distance)


def test_every_micro_batch_of_a_step_remembers_others(corpus: Corpus, tmp_path: Path) -> None:
    train = replace(TRAIN, micro_batch_size=2)
    _, told, lesson = trained(Der(memory=9, batch=2), corpus, past_of(corpus, tmp_path), train)
    assert lesson is not None
    drawn = lesson.past.ids["replay"]
    assert len(drawn) >= 2 * 2 * told.steps  # two micro-batches a step at least, two samples each
    assert drawn[:2] != drawn[2:4]


@dataclass(frozen=True)
class Looking(Learner):
    """Notes where it is when it looks at a model, and where its batches go."""

    def finish(self, model: Any, past: Past) -> dict[str, torch.Tensor]:
        past.opened[Path(f"looked {past.now}")] = {"device": past.device, "model": model.device}
        return {}


def test_a_learner_looks_at_a_model_where_it_was_trained(corpus: Corpus, tmp_path: Path) -> None:
    """A device that holds no numbers stands for an accelerator; nothing can come back from it."""
    past = past_of(corpus, tmp_path)
    lesson = Lesson(Looking(), past, "meta")
    for look in (lesson.attach, lesson.finish):
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta"):
            look(adapted())
    on_meta = {"device": "meta", "model": torch.device("meta")}
    assert [past.opened[Path(f"looked {now}")] for now in (0, 1)] == [on_meta, on_meta]
    assert past.batch(past.chosen[:1])["input_ids"].is_meta
    assert not past_of(corpus, tmp_path).batch(past.chosen[:1])["input_ids"].is_meta


def test_what_a_learner_costs_is_counted(corpus: Corpus, tmp_path: Path) -> None:
    past = past_of(corpus, tmp_path)
    model, _, lesson = trained(Ewc(samples=3), corpus, past)
    assert lesson is not None
    lesson.finish(model)
    found, held = lesson.costs(model), parts(model)
    assert found["trained_parameters"] == sum(one.numel() for one in weights(model).values())
    plain = sum(one.numel() for one in lora.merge(adapted()).parameters())
    factors = sum(one.numel() for name, one in weights(model).items() if "lora_" in name)
    assert found["parameters"] == plain + factors
    numbers = sum(value().numel() for _, value in held.values())
    assert found["state_bytes"] == 4 * 2 * 2 * numbers  # of t = 0 and of the step, two each
    assert found["aside_seconds"] > 0
