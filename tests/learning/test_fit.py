"""Training: the same as a plain loop, every id seen, the same bytes twice, NaN stops it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny import CPU, LORA, TRAIN, samples, tiny
from torch import nn
from transformers import get_cosine_schedule_with_warmup

from liit.data.corpus import Corpus
from liit.data.module import GroupedBatches
from liit.data.store import SampleStore, write_store
from liit.errors import LiitError
from liit.learning.train import fit
from liit.model import lora
from liit.model.logits import answer_logits


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    write_store(samples(18), tmp_path / "tiny.arrow")
    return Corpus([SampleStore(tmp_path / "tiny.arrow")], tiny()[1])


def adapted() -> nn.Module:
    return lora.attach(tiny()[0], LORA, seed=1)


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.detach().clone() for name, one in lora.trainable(model)}


def test_the_same_as_a_plain_loop(corpus: Corpus) -> None:
    ids = sorted(corpus.stores[0].column("id"))[:10]
    ours = adapted()
    curve = fit(ours, corpus, ids, train=TRAIN, devices=CPU, seed=5).curve
    plain = adapted()
    plain.train()
    groups = [
        {"params": [p for n, p in lora.trainable(plain) if not lora.is_projector(n)], "lr": 1e-3},
        {"params": [p for n, p in lora.trainable(plain) if lora.is_projector(n)], "lr": 1e-4},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, 1, 6)
    lengths = [corpus.length(id_) for id_ in ids]
    batches = GroupedBatches(lengths, batch_size=4, micro=4, rank=0, ranks=1, seed=5)
    losses, rates = [], []
    for epoch in range(2):
        for rows in batches.global_batches(epoch):
            batch = corpus.encoder.collate([corpus.encoded(ids[row]) for row in rows])
            logits, targets, _ = answer_logits(plain, batch)
            loss = nn.functional.cross_entropy(logits, targets)
            loss.backward()
            losses.append(loss.item())
            rates.append(optimizer.param_groups[1]["lr"])
            nn.utils.clip_grad_norm_([p for _, p in lora.trainable(plain)], 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    for name, tensor in weights(plain).items():
        torch.testing.assert_close(weights(ours)[name], tensor, atol=1e-6, rtol=1e-5)
    assert curve["loss"] == pytest.approx(losses, rel=1e-5)
    assert curve["projector_learning_rate"] == pytest.approx(rates)
    assert curve["learning_rate"] == pytest.approx([10 * rate for rate in rates])


def test_accumulated_micro_batches_move_the_weights_alike(corpus: Corpus) -> None:
    # Samples of one kind and length: a mean of micro-batch means is then the mean of all.
    ids = [s.id for s in corpus.stores[0] if len(s.images) == 1 and len(s.turns[1].text) == 7]
    whole, parts = adapted(), adapted()
    micro = dataclasses.replace(TRAIN, micro_batch_size=2)
    one = fit(whole, corpus, ids[:2], train=TRAIN, devices=CPU, seed=2).curve["loss"]
    two = fit(parts, corpus, ids[:2], train=micro, devices=CPU, seed=2).curve["loss"]
    assert two == pytest.approx(one, rel=1e-5)
    for name, tensor in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], tensor, atol=1e-5, rtol=1e-4)


def test_recomputed_activations_move_the_weights_alike(corpus: Corpus) -> None:
    ids = sorted(corpus.stores[0].column("id"))[:8]
    plain, recomputed = adapted(), adapted()
    fit(plain, corpus, ids, train=TRAIN, devices=CPU, seed=2)
    checkpointing = dataclasses.replace(TRAIN, gradient_checkpointing=True)
    fit(recomputed, corpus, ids, train=checkpointing, devices=CPU, seed=2)
    for name, tensor in weights(plain).items():
        torch.testing.assert_close(weights(recomputed)[name], tensor, atol=1e-6, rtol=1e-5)


def test_mixed_precision_clips_and_moves_the_weights_alike(corpus: Corpus) -> None:
    ids = sorted(corpus.stores[0].column("id"))[:8]
    start, whole, mixed = weights(adapted()), adapted(), adapted()
    fit(whole, corpus, ids, train=TRAIN, devices=CPU, seed=2)
    devices = dataclasses.replace(CPU, precision="bf16-mixed")
    fit(mixed, corpus, ids, train=TRAIN, devices=devices, seed=2)
    moved = torch.cat([(weights(whole)[name] - one).flatten() for name, one in start.items()])
    gaps = torch.cat([(weights(mixed)[n] - one).flatten() for n, one in weights(whole).items()])
    assert 0 < float(gaps.norm()) < 0.1 * float(moved.norm())


def test_a_projector_of_half_precision_learns_at_a_small_rate(corpus: Corpus) -> None:
    """Its moves are those in float32, rounded once, and not each of them away."""
    slow = dataclasses.replace(TRAIN, projector_learning_rate=2e-5, epochs=24)
    ids, moved = sorted(corpus.stores[0].column("id")), {}
    devices = dataclasses.replace(CPU, precision="bf16-mixed")
    for dtype in (torch.float32, torch.bfloat16):
        model = tiny()[0].to(torch.bfloat16)  # the same numbers in both
        model = lora.attach(model.to(dtype), LORA, seed=1)
        start = {name: one.detach().float().clone() for name, one in lora.trainable(model)}
        fit(model, corpus, ids, train=slow, devices=devices, seed=2)
        trained = {n: one.detach() for n, one in model.named_parameters() if n in start}
        projector = [n for n in start if lora.is_projector(n)]
        assert {trained[n].dtype for n in projector} == {dtype}
        moved[dtype] = torch.cat([(trained[n].float() - start[n]).flatten() for n in projector])
    whole, half = moved[torch.float32], moved[torch.bfloat16]
    assert float(half.norm() / whole.norm()) == pytest.approx(1.0, abs=0.2)
    assert float(torch.cosine_similarity(whole, half, dim=0)) > 0.9


def test_two_runs_give_the_same_bytes(corpus: Corpus) -> None:
    dropout = dataclasses.replace(LORA, dropout=0.2)
    ids = sorted(corpus.stores[0].column("id"))
    runs = []
    for _ in range(2):
        model = lora.attach(tiny()[0], dropout, seed=1)
        fit(model, corpus, ids, train=TRAIN, devices=CPU, seed=9)
        runs.append(weights(model))
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


def test_frozen_weights_stay(corpus: Corpus) -> None:
    model = adapted()
    before = {n: p.detach().clone() for n, p in model.named_parameters() if not p.requires_grad}
    fit(model, corpus, [corpus.stores[0][1].id], train=TRAIN, devices=CPU, seed=1)
    frozen = dict(model.named_parameters())
    assert all(torch.equal(frozen[name], tensor) for name, tensor in before.items())


def test_a_nan_loss_stops_and_names_the_samples(corpus: Corpus) -> None:
    model = adapted()
    lora.trainable(model)[0][1].data.fill_(float("nan"))
    ids = sorted(corpus.stores[0].column("id"))[:3]
    with pytest.raises(LiitError, match="loss is nan") as failed:
        fit(model, corpus, ids, train=TRAIN, devices=CPU, seed=1)
    assert all(id_ in str(failed.value) for id_ in ids)


def test_an_empty_selection_is_refused(corpus: Corpus) -> None:
    with pytest.raises(LiitError, match="selection is empty"):
        fit(adapted(), corpus, [], train=TRAIN, devices=CPU, seed=1)
