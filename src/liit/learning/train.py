"""Train one step: selected ids and θ_{t-1} in, an adapter and the record of ids seen out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pytorch_lightning as pl
import torch

from liit.config import Devices, Train
from liit.data.corpus import Corpus
from liit.data.module import SelectedData
from liit.errors import LiitError
from liit.learning.lesson import Lesson
from liit.learning.module import InstructionTuning
from liit.learning.precision import in_full_precision
from liit.model.load import device_of
from liit.progress import trainer_bar
from liit.ranks import stoppable

SEVERAL_RANKS = dict.fromkeys(("auto", "ddp"), "ddp_find_unused_parameters_true")
"""What DDP is called on several ranks: a batch without images leaves the projector unused."""

Share = tuple[Counter[str], list[float]]
"""What a rank saw: how often each id, and the loss of each optimiser step."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What training came to: optimiser steps, and the digest of the ids seen.

    ``curve`` has one number per optimiser step: the ``loss`` over all ranks, and each learning
    rate by name; with a learner also what its penalty adds, and what it says of its gradients.
    """

    steps: int
    samples: int
    seen_sha256: str
    curve: Mapping[str, Sequence[float]]


def fit(
    model: Any,
    corpus: Corpus,
    ids: Sequence[str],
    *,
    train: Train,
    devices: Devices,
    seed: int,
    title: str = "train",
    lesson: Lesson | None = None,
) -> Trained:
    """Train the trainable parameters of ``model`` in place on each id, once per epoch.

    Raises LiitError on a NaN loss, and if the ids seen are not the ids given, once per epoch.
    """
    if not ids:
        raise LiitError(f"{title}: the selection is empty.", next_step="raise the budget.")
    data = SelectedData(
        corpus,
        ids,
        batch_size=train.batch_size,
        micro_batch_size=train.micro_batch_size,
        seed=seed,
        workers=devices.workers,
    )
    steps = data.batches(0, 1).steps * train.epochs
    module = InstructionTuning(
        model,
        learning_rate=train.learning_rate,
        projector_learning_rate=train.projector_learning_rate,
        warmup_ratio=train.warmup_ratio,
        weight_decay=train.weight_decay,
        steps=steps,
        lesson=lesson,
    )
    pl.seed_everything(seed % 2**32, verbose=False)  # dropout
    # Deterministic mode would fill every new tensor with NaN first, a twentieth of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    trainer = _trainer(train, devices, title)
    model.train()
    if train.gradient_checkpointing:
        model.enable_input_require_grads()  # else nothing frozen below an adapter is recomputed
        model.gradient_checkpointing_enable({"use_reentrant": False})
    with in_full_precision(model), stoppable(trainer):
        trainer.fit(module, data)
    if train.gradient_checkpointing:
        model.gradient_checkpointing_disable()
    model.eval()
    shares = _of_all_ranks(trainer, (module.seen, [loss.item() for loss in module.losses]))
    seen = sum((counts for counts, _ in shares), Counter())
    _expect_all_seen(seen, ids, train.epochs, title)
    losses = [fmean(of_ranks) for of_ranks in zip(*(losses for _, losses in shares), strict=True)]
    rates = {name: [used[name] for used in module.rates_used] for name in module.rates_used[0]}
    curve = {"loss": losses, **rates, **(lesson.curve if lesson else {})}
    return Trained(steps, len(ids) * train.epochs, _digest(seen), curve)


def _trainer(train: Train, devices: Devices, title: str) -> pl.Trainer:
    ranks, strategy = devices.devices * devices.num_nodes, devices.strategy
    return pl.Trainer(
        accelerator=device_of(devices.accelerator),
        strategy=SEVERAL_RANKS.get(strategy, strategy) if ranks > 1 else strategy,
        devices=devices.devices,
        num_nodes=devices.num_nodes,
        precision=devices.precision,  # type: ignore[arg-type]
        max_epochs=train.epochs,
        accumulate_grad_batches=max(1, train.batch_size // train.micro_batch_size // ranks),
        gradient_clip_val=train.gradient_clip or None,
        use_distributed_sampler=False,
        deterministic="warn" if torch.cuda.is_available() else True,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=[trainer_bar(title)],
    )


def _of_all_ranks(trainer: pl.Trainer, mine: Share) -> list[Share]:
    if trainer.world_size == 1:
        return [mine]
    shares: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(shares, mine)
    return shares


def _expect_all_seen(seen: Counter[str], ids: Sequence[str], epochs: int, title: str) -> None:
    wanted = Counter(dict.fromkeys(ids, epochs))
    if seen != wanted:
        missing, surplus = wanted - seen, seen - wanted
        raise LiitError(
            f"{title}: the ids seen in training are not the selection ({missing.total()} too few, "
            f"e.g. {sorted(missing)[:3]}; {surplus.total()} too many, e.g. {sorted(surplus)[:3]}).",
            next_step="this is a defect of the data loader: please report it.",
        )


def _digest(seen: Counter[str]) -> str:
    lines = "".join(f"{id_} {count}\n" for id_, count in sorted(seen.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
