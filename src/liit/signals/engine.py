"""Measure a pool's signals under θ_{t-1}: every name from the fewest passes, and only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from numpy.typing import NDArray
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor

from liit.config import Devices, Signals
from liit.data.corpus import Corpus
from liit.errors import LiitError
from liit.model.load import device_of
from liit.progress import trainer_bar
from liit.ranks import stoppable
from liit.signals.batches import Batch, PoolBatches, batches_of
from liit.signals.module import Measuring, PoolData
from liit.signals.passes import INFLUENCE, MEASURED_AS, Pass, chosen_layer, passes_for
from liit.signals.store import Shards, SignalStore
from liit.signals.sweep import Sweep, kept_layers
from liit.signals.targets import Targets
from liit.signals.trunk import Trunk, scoring

PATIENCE = timedelta(days=1)
"""How long ranks wait for each other: a pool's lengths and its merge may take hours."""
SHARD_SAMPLES = 512
"""Samples per shard at least: what a killed pass may lose."""


def measure(
    model: Any,
    corpus: Corpus,
    ids: Sequence[str],
    names: frozenset[str],
    *,
    settings: Signals,
    devices: Devices,
    folder: Path,
    made_from: Mapping[str, Any],
    seed: int,
    proxy: tuple[Any, Corpus] | None = None,
    targets: Targets | None = None,
    title: str = "signals",
) -> dict[str, NDArray[Any]]:
    """Measure ``names`` over ``ids`` under ``model`` and return one array per name.

    ``model`` is θ_{t-1} with its trained adapter attached, unmerged; ``proxy`` a second such model
    and a corpus of the same samples, for ``gradient_proxy``; ``targets`` the items of the exams,
    for ``target_influence``. The arrays are memory-mapped files of ``folder``, aligned with
    ``sorted(ids)``: scores float64 [n], rounded to digits that in float32 do not depend on how
    samples were batched; vectors float16 [n, d], gradients at unit length. NaN where undefined.
    ``made_from`` names all that the values depend on: what ``folder`` already holds of the same is
    not measured again, and a killed pass continues with its missing shards.

    Raises LiitError for an unknown name, a layer without an adapter, a missing proxy or targets.
    """
    if "gradient_proxy" in names and proxy is None:
        raise LiitError(
            "gradient_proxy needs a proxy model.", next_step="set signals.proxy in params.yaml."
        )
    if INFLUENCE in names and targets is None:
        raise LiitError(
            f"{INFLUENCE} needs the items of exams.", next_step="give params.yaml prepared exams."
        )
    ids = sorted(ids)
    models = {"main": model} | ({"proxy": proxy[0]} if proxy else {})
    corpora = {"main": corpus} | ({"proxy": proxy[1]} if proxy else {})
    store = SignalStore(folder, made_from)
    passes = passes_for(names - store.measured().keys())
    if passes:
        means = None
        if targets is not None and any(INFLUENCE in one.names for one in passes):
            means = _target_means(
                model, targets, store, settings=settings, devices=devices, seed=seed
            )
        data = _batches(corpora, ids, passes, settings.tokens_per_batch)
        plan = [settings.tokens_per_batch, [[one.kind, sorted(one.names)] for one in passes]]
        ranks = devices.devices * devices.num_nodes
        shards = Shards(store, plan, _group(data.batches), ranks)
        with ExitStack() as stack:
            sweeps = _sweeps(stack, models, passes, settings, seed=seed, means=means)
            module = Measuring(
                models,
                sweeps=sweeps,
                passes=passes,
                store=store,
                shards=shards,
                data=data,
                title=title,
            )
            trainer = _trainer(devices, title)
            _predict(trainer, module, PoolData(store, shards, data, devices.workers))
    return store.columns(sorted(names))


def _target_means(model: Any, targets: Targets, store: SignalStore, **given: Any) -> Tensor:
    """Return each exam's mean gradient; those of its items lie beside the pool's signals."""
    gradients = measure(
        model,
        targets.corpus,
        targets.all_ids,
        frozenset({"gradient_all"}),
        folder=store.folder.with_name(f"{store.folder.name}-targets"),
        made_from={"items": targets.all_ids, "for": store.made_from},
        title="signals of the exams",
        **given,
    )
    return targets.means(gradients["gradient_all"])


def _predict(trainer: pl.Trainer, module: Measuring, data: PoolData) -> None:
    """Measure what is missing, on every rank, then let rank 0 merge.

    After a kill between the last shard and the merge nothing is missing, on some rank or on all:
    Lightning then skips its loop and every hook of it.
    """
    with stoppable(trainer):
        trainer.predict(module, data, return_predictions=False)
    trainer.strategy.barrier("shards written")
    if trainer.is_global_zero:
        module.merge()
    trainer.strategy.barrier("shards merged")


def _batches(
    corpora: dict[str, Corpus],
    ids: Sequence[str],
    passes: Sequence[Pass],
    budget: int,
) -> PoolBatches:
    of_pass = {one.kind: "proxy" if one.kind == "proxy" else "main" for one in passes}
    data = PoolBatches({kind: corpora[name] for kind, name in of_pass.items()}, ids)
    for kind, name in of_pass.items():
        data.batches += batches_of(corpora[name], ids, kind, budget, first=len(data.batches))
    return data


def _sweeps(
    stack: ExitStack,
    models: dict[str, Any],
    passes: Sequence[Pass],
    settings: Signals,
    *,
    seed: int,
    means: Tensor | None,
) -> dict[str, Sweep]:
    """Open every model for scoring and place each pass's taps."""
    asked = {
        one.kind: frozenset(MEASURED_AS.get(name, name) for name in one.names) for one in passes
    }
    sweeps: dict[str, Sweep] = {}
    for name, model in models.items():
        kinds = [kind for kind in asked if (kind == "proxy") == (name == "proxy")]
        layer = chosen_layer(settings, len(Trunk(model).layers))
        names = frozenset().union(*(asked[kind] for kind in kinds))
        trunk = stack.enter_context(scoring(model, kept_layers(names, layer)))
        sweeps |= {kind: Sweep(trunk, asked[kind], settings, seed, means) for kind in kinds}
    return sweeps


def _group(batches: Sequence[Batch]) -> list[list[int]]:
    """Group consecutive batches of one pass into shards of ``SHARD_SAMPLES`` or a little more."""
    shards: list[list[int]] = []
    room, kind = 0, ""
    for batch in batches:
        if room <= 0 or batch.kind != kind:
            shards.append([])
            room, kind = SHARD_SAMPLES, batch.kind
        shards[-1].append(batch.number)
        room -= len(batch.rows)
    return shards


def _trainer(devices: Devices, title: str) -> pl.Trainer:
    ranks = devices.devices * devices.num_nodes
    return pl.Trainer(
        accelerator=device_of(devices.accelerator),
        # There is no optimizer and nothing to reduce: every rank holds the whole model.
        strategy=DDPStrategy(timeout=PATIENCE) if ranks > 1 else "auto",
        devices=devices.devices,
        num_nodes=devices.num_nodes,
        precision=devices.precision,  # type: ignore[arg-type]
        inference_mode=False,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=[trainer_bar(title)],
    )
