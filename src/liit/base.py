"""The model at t = 0: trained from scratch at scale ``mini``, a reference to a checkpoint else."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liit import paths
from liit.code import digest_of
from liit.config import MiniModel, Params, Train
from liit.data.corpus import Corpus
from liit.data.encode import Encoder
from liit.data.prepare import open_dataset
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.files import digest_file, digest_folder, hold, read_json, write_json
from liit.model.load import Theta
from liit.seeds import seed_for

RECORD = paths.BASE / "base.json"
EXAM = paths.BASE / "exam.json"
NEXT_STEP = "run `dvc repro base` first."


def make_base(params: Params) -> None:
    """Leave ``base/``: base.json, and at scale ``mini`` the model and its t = 0 adapter.

    What was trained from the same code, parameters and data is kept: only the exam is asked anew.
    """
    if params.model.mini is None:
        record: dict[str, Any] = {
            "model": params.model.checkpoint,
            "revision": params.model.revision,
            "adapter": params.model.adapter,
        }
        record["sha256"] = _digest_reference(record)
        write_json(RECORD, record)
        return
    stamp = _stamp(params)
    if hold(paths.BASE, stamp, RECORD.name):
        return
    _train_mini(params, params.model.mini, paths.BASE)
    record = {
        "made_from": stamp,
        "model": str(paths.BASE_MODEL),
        "revision": None,
        "adapter": str(paths.BASE_ADAPTER),
        "sha256": digest_folder(paths.BASE_MODEL) + digest_folder(paths.BASE_ADAPTER),
    }
    write_json(RECORD, record)


def _stamp(params: Params) -> dict[str, Any]:
    """Return the digest of all that the weights of t = 0 are made from."""
    stores = [paths.dataset_store(name) for name in params.base.tokenizer]
    if params.base.pretrain:
        stores.append(paths.dataset_store("pretrain"))
    return {
        "code": digest_of("weights"),
        "data": {store.stem: digest_file(store) for store in stores},
        "first": params.stream[0].name,
        "precision": params.devices.precision,
        **{part: dataclasses.asdict(getattr(params, part)) for part in ("model", "base", "lora")},
        "train": dataclasses.asdict(params.train),
    }


def theta_zero() -> tuple[Theta, str]:
    """Return the model at t = 0 and the digest of its weights."""
    record = read_json(RECORD, next_step=NEXT_STEP)
    adapter = None if record["adapter"] is None else Path(record["adapter"])
    return Theta(record["model"], (), adapter, record["revision"]), record["sha256"]


def open_examined(params: Params, theta: Theta) -> Any:
    """Return θ with its last adapter merged, where evaluation asks it: on the accelerator."""
    import torch

    from liit.model.load import load_theta

    model = load_theta(theta, dtype=params.model.dtype, merged=True)
    on_cpu = params.devices.accelerator == "cpu" or not torch.cuda.is_available()
    return model if on_cpu else model.to("cuda")


def open_encoder(params: Params) -> Encoder:
    """Return the encoder of the base's processor."""
    from liit.model.load import load_processor

    record = read_json(RECORD, next_step=NEXT_STEP)
    return encoder_of(
        params,
        load_processor(
            record["model"], revision=record["revision"], pad=params.model.pad_to_square
        ),
    )


def encoder_of(params: Params, processor: Any) -> Encoder:
    """Return an encoder with the prompt and length that params.yaml gives."""
    return Encoder(
        processor,
        system_prompt=params.model.system_prompt,
        max_length=params.model.max_length,
        written=params.model.template,
    )


def make_proxy(params: Params) -> None:
    """Train the proxy model on what the base is trained on, into ``proxy/``."""
    shape = params.signals.proxy
    if not isinstance(shape, MiniModel):
        raise LiitError(
            f"signals.proxy is {shape!r}: there is nothing to train.",
            next_step="give it the geometry of a small model, as scale `mini` does.",
        )
    _train_mini(params, shape, paths.PROXY)


def open_proxy(params: Params, stores: list[SampleStore]) -> tuple[Any, Corpus]:
    """Return the proxy with its adapter attached, and the samples of ``stores`` as it sees them."""
    from liit.model.load import Theta, load_processor, load_theta

    given = params.signals.proxy
    folder = Path(given) if isinstance(given, str) else paths.PROXY
    model, adapter = folder / "model", folder / "adapter"
    if not adapter.is_dir():
        raise LiitError(
            f"{adapter} does not exist.",
            next_step="run `dvc repro experiments/efficiency/dvc.yaml:proxy`.",
        )
    proxy = load_theta(Theta(str(model), (), adapter), dtype=params.model.dtype, merged=False)
    processor = load_processor(model, pad=params.model.pad_to_square)
    return proxy, Corpus(stores, encoder_of(params, processor))


def _train_mini(params: Params, shape: MiniModel, folder: Path) -> None:
    """Train a tokenizer, a model from scratch, and the LoRA adapter of t = 0."""
    from liit.learning.train import fit
    from liit.model import lora, mini

    first = open_dataset(params, params.stream[0])
    stores = [first]
    if params.base.pretrain:
        stores.append(SampleStore(paths.dataset_store("pretrain")))
    tokenizer = mini.train_tokenizer(tokenizer_texts(params), shape.vocabulary)
    processor = mini.build_processor(tokenizer, shape)
    weights = seed_for(0, folder.name, "weights")
    model = mini.build_model(tokenizer, shape, params.model.max_length, weights)
    corpus = Corpus(stores, encoder_of(params, processor))
    if params.base.tower_images:
        _train_tower(params, model, corpus.encoder)
    devices = dataclasses.replace(params.devices, devices=1, num_nodes=1, strategy="auto")
    fit(
        model,
        corpus,
        sorted({id_ for store in stores for id_ in store.column("id")}),
        train=_base_recipe(params, params.base.epochs),
        devices=devices,
        seed=seed_for(0, folder.name, "order"),
        title=folder.name,
    )
    shutil.rmtree(folder / "model", ignore_errors=True)
    model.save_pretrained(folder / "model", safe_serialization=True)
    processor.save_pretrained(folder / "model")
    with_adapter = lora.attach(model, params.lora, seed_for(0, folder.name, "adapter"))
    fit(
        with_adapter,
        corpus,
        sorted(first.column("id")),
        train=dataclasses.replace(params.train, epochs=params.base.adapter_epochs),
        devices=devices,
        seed=seed_for(0, folder.name, "adapter order"),
        title=f"{folder.name} adapter",
    )
    lora.save_adapter(with_adapter, folder / "adapter", str(folder / "model"))


def _train_tower(params: Params, model: Any, encoder: Encoder) -> None:
    """Teach the tower what the patches of drawn pictures show, as CLIP arrives knowing objects."""
    import numpy as np
    import torch

    from liit.data.world.patches import classes, draw_patches
    from liit.learning.tower import name_patches

    tower = model.model.vision_tower
    grid = tower.config.image_size // tower.config.patch_size
    drawn = list(draw_patches(params.base.tower_images, seed_for(0, "tower"), grid=grid))
    name_patches(
        tower,
        encoder.images.normalised(encoder.pictures([image for image, _ in drawn], None).pixels),
        torch.from_numpy(np.stack([labels for _, labels in drawn])),
        classes(),
        epochs=params.base.tower_epochs,
        batch_size=params.base.batch_size,
        rate=params.base.learning_rate,
        seed=seed_for(0, "tower", "training"),
    )
    tower.requires_grad_(False)  # LLaVA-1.5 never trains CLIP


def _base_recipe(params: Params, epochs: int) -> Train:
    base = params.base
    return dataclasses.replace(
        params.train,
        epochs=epochs,
        batch_size=base.batch_size,
        micro_batch_size=base.batch_size,
        learning_rate=base.learning_rate,
        projector_learning_rate=base.learning_rate,
        warmup_ratio=base.warmup_ratio,
        weight_decay=base.weight_decay,
    )


def tokenizer_texts(params: Params) -> Iterator[str]:
    """Yield the texts that the vocabulary of a model from scratch is made from."""
    for name in params.base.tokenizer:
        for sample in open_dataset(params, params.dataset(name)):
            yield from (f"USER: {turn.text} ASSISTANT:" for turn in sample.turns)


def _digest_reference(record: dict[str, Any]) -> str:
    from liit.files import digest_json

    folder = Path(str(record["model"]))
    weights = digest_folder(folder) if folder.is_dir() else None
    adapter = None if record["adapter"] is None else digest_folder(Path(record["adapter"]))
    return digest_json([record, weights, adapter])


def examine_base(params: Params) -> None:
    """Ask θ_0 every exam: the first row of every method's matrix."""
    from liit.exams import PREDICTIONS, evaluation_digest, open_examiner, write_exam

    theta, weights = theta_zero()
    examiner = open_examiner(params, open_encoder(params), PREDICTIONS / "base.sqlite")
    cells = examiner.run(open_examined(params, theta), weights)
    write_exam(EXAM, {"exams": evaluation_digest(params), "weights": weights}, cells)
