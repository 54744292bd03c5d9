"""The model at t = 0: trained from scratch at scale ``mini``, else a checkpoint and its adapter."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from liit import locks, paths, stamps
from liit.config import Devices, MiniModel, Params, Train
from liit.data.corpus import Corpus
from liit.data.encode import Encoder
from liit.data.sources import image_root, open_dataset
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.files import (
    digest_file,
    digest_folder,
    digest_json,
    is_up_to_date,
    read_cache,
    read_record,
    write_json,
)
from liit.model.load import Theta
from liit.model.sealed import BASE_AGAIN, expect_intact, is_intact
from liit.progress import say
from liit.ranks import is_other_rank
from liit.seeds import seed_for

RECORD = paths.BASE / "base.json"
EXAM = paths.BASE / "exam.json"
EXAM_STAMP = paths.SCRATCH / "base_exam.json"
PROXY = paths.SCRATCH / "proxy"
FEATURES = paths.SCRATCH / "features"
FEATURES_BYTES = 2**30
"""What the tower makes of all pictures is kept if it takes no more."""
FLOAT_BYTES = 4
NEXT_STEP = "run `dvc repro base` first."


def make_base(params: Params) -> None:
    """Leave ``base/``: base.json, and what is trained here.

    That is the model at scale ``mini``, and its t = 0 adapter there and for a checkpoint without
    one of its own (unless ``base.adapter_epochs`` is 0). Weights are kept while their definition,
    parameters and data are the same.
    """
    mini, given = params.model.mini, params.model.adapter
    if mini is None and (given or not params.base.adapter_epochs):
        _keep(_of_checkpoint(params, given))
        return
    stamp = stamps.base(params, mini or _of_checkpoint(params, None)["sha256"])
    if RECORD.is_file():
        theta_zero()  # a damaged record is no reason to train another base
    if is_up_to_date(RECORD, stamp):
        expect_intact(theta_zero().seals)
        return
    if mini is None:
        _train_checkpoint(params)
        if is_other_rank():
            return
        made = _of_checkpoint(params, str(paths.BASE_ADAPTER))
    else:
        _train_mini(params, mini, paths.BASE)
        digests = {str(one): digest_folder(one) for one in (paths.BASE_MODEL, paths.BASE_ADAPTER)}
        made = {
            "model": str(paths.BASE_MODEL),
            "revision": None,
            "adapter": str(paths.BASE_ADAPTER),
            "folders": digests,
            "sha256": "".join(digests.values()),
        }
    _keep({"made_from": stamp, **made})


def _keep(record: dict[str, Any]) -> None:
    """Write base.json; what another model answered goes before it."""
    if read_cache(RECORD) != json.loads(json.dumps(record)):
        EXAM.unlink(missing_ok=True)
    write_json(RECORD, record)


def _of_checkpoint(params: Params, adapter: str | None) -> dict[str, Any]:
    """Return the record of a checkpoint with an adapter, and the digests of what lies here."""
    model = params.model
    record = {"model": model.checkpoint, "revision": model.revision, "adapter": adapter}
    folders = [Path(str(part)) for part in (record["model"], adapter) if part]
    digests = {str(one): digest_folder(one) for one in folders if one.is_dir()}
    return {**record, "sha256": digest_json([record, digests]), "folders": digests}


def evaluate_base(params: Params) -> None:
    """Ask θ_0 every exam: the first row of every method's matrix."""
    from liit.evaluation.exams import evaluate_exams, open_evaluator

    if is_other_rank():
        return
    theta = theta_zero()
    stamp = stamps.evaluation(params, stamps.exam_digests(params), theta.digest)
    # Beside the scores, in git, a stamp would change with every commit.
    if not is_up_to_date(EXAM_STAMP, {**stamp, "file": EXAM.is_file() and digest_file(EXAM)}):
        say("[bold]base[/] · evaluate")
        evaluator = open_evaluator(params, open_seeing_encoder(params), "base")
        cells = evaluate_exams(params, evaluator, theta)
        write_json(EXAM, {"cells": cells})
        write_json(EXAM_STAMP, {"made_from": {**stamp, "file": digest_file(EXAM)}})


def theta_zero() -> Theta:
    """Return the model at t = 0."""
    record = _record()
    adapter = None if record["adapter"] is None else Path(record["adapter"])
    seals = tuple((Path(folder), sha) for folder, sha in sorted(record["folders"].items()))
    return Theta(record["model"], (), adapter, record["revision"], record["sha256"], seals)


def _record() -> dict[str, Any]:
    fields = ("model", "revision", "adapter", "folders", "sha256")
    return read_record(RECORD, *fields, next_step=BASE_AGAIN if RECORD.is_file() else NEXT_STEP)


def is_base_of(params: Params) -> bool:
    """Return whether base/ holds a model that these parameters would start from.

    It is another's after `liit scale`, and where ``model`` or ``base`` was changed since.
    """
    record = _record()
    if "made_from" not in record:  # a checkpoint as it is
        return bool(record["model"] == (params.model.checkpoint or str(paths.BASE_MODEL)))
    made, parts = record["made_from"], stamps.of_base(params)
    return digest_json({name: made.get(name) for name in parts}) == digest_json(parts)


def open_encoder(params: Params) -> Encoder:
    """Return the encoder of the base's processor; raise LiitError if it is another's base."""
    from liit.model.load import load_processor

    record = _record()
    if not is_base_of(params):
        raise LiitError(
            f"{RECORD}: {record['model']} is not what scale {params.scale} starts from, or "
            "`model` or `base` of params.yaml was changed since it was made.",
            next_step=NEXT_STEP,
        )
    return encoder_of(
        params,
        load_processor(
            record["model"], revision=record["revision"], pad=params.model.pad_to_square
        ),
    )


def open_seeing_encoder(params: Params) -> Encoder:
    """Return the same encoder, with what the image tower makes of every picture if it has room.

    The first process that asks lets the tower see the pictures of the stream and the exams.
    """
    from transformers import AutoConfig

    from liit.model.features import Features, features_shape

    encoder, record = open_encoder(params), _record()
    shape = features_shape(AutoConfig.from_pretrained(record["model"], revision=record["revision"]))
    stores = [
        *(open_dataset(params, dataset) for dataset in params.stream),
        *(
            SampleStore(paths.exam_store(exam.task), image_root(params, exam))
            for exam in params.prepared_exams
        ),
    ]
    pictures = sum(store.pictures for store in stores)
    if shape is None or pictures * math.prod(shape) * FLOAT_BYTES > FEATURES_BYTES:
        return encoder
    shown = [store for store in stores if store.pictures]
    encoder.seen = Features(_features(params, encoder, shown))
    return encoder


def _features(params: Params, encoder: Encoder, stores: Sequence[SampleStore]) -> list[Path]:
    """Return a file of the tower's output for each store; write those that are not whole."""
    from liit.model.features import write_features
    from liit.model.load import load_theta

    theta, model, files = theta_zero().bare(), None, []
    for store in stores:
        file = FEATURES / store.path.relative_to(paths.DATA).with_suffix(".safetensors")
        record = file.with_suffix(".json")
        stamp = stamps.features(params, digest_file(store.path), theta.digest)
        with locks.at_work_on(f"pictures of {store.path.stem}"):
            if not (is_up_to_date(record, stamp) and is_intact(file, read_cache(record)["sha256"])):
                model = model or load_theta(theta, dtype=params.model.dtype, merged=True)
                write_features(model, encoder, store, file)
                write_json(record, {"made_from": stamp, "sha256": digest_file(file)})
        files.append(file)
    return files


def encoder_of(params: Params, processor: Any) -> Encoder:
    """Return an encoder with the prompt and length that params.yaml gives."""
    return Encoder(
        processor,
        system_prompt=params.model.system_prompt,
        max_length=params.model.max_length,
        written=params.model.template,
    )


def proxy_folder(params: Params) -> Path:
    """Return the proxy's folder, trained like the base by the first run that finds none whole."""
    shape = params.signals.proxy
    if isinstance(shape, str):
        return Path(shape)
    if shape is None:
        raise LiitError(
            "gradient_proxy needs a proxy model.", next_step="set signals.proxy in params.yaml."
        )
    PROXY.mkdir(parents=True, exist_ok=True)
    with FileLock(PROXY.with_suffix(".lock")):
        record, stamp = PROXY / stamps.FILE, stamps.base(params, shape)
        sealed = read_cache(record).get("folders", {}).items()  # none in a record of before
        whole = all(is_intact(PROXY / part, sha) for part, sha in sealed)
        if not (whole and is_up_to_date(record, stamp)):
            _train_mini(params, shape, PROXY)
            folders = {part: digest_folder(PROXY / part) for part in ("model", "adapter")}
            write_json(record, {"made_from": stamp, "folders": folders})
    return PROXY


def proxy_digest(params: Params) -> str:
    """Return the digest of the proxy's weights."""
    return digest_folder(proxy_folder(params))


def open_proxy(params: Params, stores: list[SampleStore]) -> tuple[Any, Corpus]:
    """Return the proxy with its adapter attached, and the samples of ``stores`` as it sees them."""
    from liit.model.load import load_processor, load_theta

    folder = proxy_folder(params)
    model, adapter = folder / "model", folder / "adapter"
    if not adapter.is_dir():
        raise LiitError(
            f"{adapter} does not exist.",
            next_step="put its LoRA adapter there, or name another folder as signals.proxy.",
        )
    proxy = load_theta(Theta(str(model), (), adapter), dtype=params.model.dtype, merged=False)
    processor = load_processor(model, pad=params.model.pad_to_square)
    return proxy, Corpus(stores, encoder_of(params, processor))


def _train_mini(params: Params, shape: MiniModel, folder: Path) -> None:
    """Train a tokenizer, a model from scratch, and the LoRA adapter of t = 0."""
    from liit.learning.train import fit
    from liit.model import mini

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
    say(f"[bold]{folder.name}[/] · train on {len(corpus):,} samples, epochs: {params.base.epochs}")
    devices = dataclasses.replace(params.devices, devices=1, num_nodes=1, strategy="auto")
    fit(
        model,
        corpus,
        sorted({id_ for store in stores for id_ in store.column("id")}),
        train=_base_recipe(params),
        devices=devices,
        seed=seed_for(0, folder.name, "order"),
        title=folder.name,
    )
    shutil.rmtree(folder / "model", ignore_errors=True)
    model.save_pretrained(folder / "model", safe_serialization=True)
    processor.save_pretrained(folder / "model")
    alone = Corpus([first], corpus.encoder)
    _train_adapter(params, model, alone, folder, devices=devices, base=str(folder / "model"))


def _train_checkpoint(params: Params) -> None:
    """Train the LoRA adapter of t = 0 on top of a checkpoint."""
    from liit.model.load import load_model, load_processor

    checkpoint, revision = str(params.model.checkpoint), params.model.revision
    processor = load_processor(checkpoint, revision=revision, pad=params.model.pad_to_square)
    model = load_model(checkpoint, dtype=params.model.dtype, revision=revision)
    first = open_dataset(params, params.stream[0])
    say(f"[bold]{paths.BASE}[/] · train the adapter of t = 0 on {len(first):,} samples")
    corpus = Corpus([first], encoder_of(params, processor))
    _train_adapter(params, model, corpus, paths.BASE, devices=params.devices, base=checkpoint)


def _train_adapter(
    params: Params, model: Any, corpus: Corpus, folder: Path, *, devices: Devices, base: str
) -> None:
    """Train LoRA on the t = 0 dataset, all that is in ``corpus``."""
    from liit.learning.train import fit
    from liit.model import lora

    with_adapter = lora.attach(model, params.lora, seed_for(0, folder.name, "adapter"))
    fit(
        with_adapter,
        corpus,
        sorted(id_ for store in corpus.stores for id_ in store.column("id")),
        train=dataclasses.replace(params.train, epochs=params.base.adapter_epochs),
        devices=devices,
        seed=seed_for(0, folder.name, "adapter order"),
        title=f"{folder.name} adapter",
    )
    if not is_other_rank():
        lora.save_adapter(with_adapter, folder / "adapter", base)


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


def _base_recipe(params: Params) -> Train:
    base = params.base
    return dataclasses.replace(
        params.train,
        epochs=base.epochs,
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
