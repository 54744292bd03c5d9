"""What the model cannot be shown is set aside with the data, at its true length and template."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from liit import paths
from liit.base import encoder_of, tokenizer_texts
from liit.config import PRETRAIN, MiniModel, Params
from liit.data.encode import Encoder
from liit.data.sample import Sample
from liit.data.sources import image_root
from liit.data.store import Prepared, Quarantined, SampleStore, read_quarantine, write_store
from liit.errors import LiitError
from liit.locks import at_work_on
from liit.preparation.prepare import gather
from liit.progress import say

Fault = Callable[[Sample], str | None]


def sift(params: Params) -> None:
    """Make ``data/`` of what was read: without what the model cannot be shown."""
    with at_work_on("data"):
        gather(params)
        set_aside_unfit(params)


def set_aside_unfit(params: Params) -> None:
    """Move what would stop training, signals or an exam from the stores to their quarantine.

    A model that is trained from scratch gets its tokenizer from these very texts, so they are
    looked at again until nothing more is moved.
    """
    moved = True
    while moved:
        encoders, moved = _encoders(params), False
        for path, root, fault in _stores(params, encoders):
            done = _sift(SampleStore(path, root), fault)
            if done is not None:
                moved = True
                say(
                    f"{path.stem}: {done.kept} samples, [yellow]{done.quarantined} set aside[/] "
                    "with what the model cannot be shown"
                )


def training_fault(params: Params, root: Path | None) -> Fault:
    """Return what says of a training sample why the model cannot be shown it, or None."""
    return partial(_first_fault, _encoders(params), root)


def _stores(params: Params, encoders: list[Encoder]) -> Iterator[tuple[Path, Path | None, Fault]]:
    for dataset in params.stream:
        root = image_root(params, dataset)
        yield paths.dataset_store(dataset.name), root, partial(_first_fault, encoders, root)
    if params.base.pretrain:
        yield paths.dataset_store(PRETRAIN), None, partial(_first_fault, encoders, None)
    for exam in params.prepared_exams if encoders else ():
        root = image_root(params, exam)
        asks = partial(encoders[0].prompt_fault, image_root=root)
        yield paths.exam_store(exam.task), root, asks


def _first_fault(encoders: list[Encoder], root: Path | None, sample: Sample) -> str | None:
    faults = (encoder.training_fault(sample, root) for encoder in encoders)
    return next(filter(None, faults), None)


def _encoders(params: Params) -> list[Encoder]:
    """Return the encoders of the model and of a proxy that is trained here."""
    shapes = [shape for shape in (params.model.mini, params.signals.proxy) if shape]
    minis = [shape for shape in shapes if isinstance(shape, MiniModel)]
    if params.model.mini is not None:
        from liit.model import mini

        # Of shapes with one vocabulary, what fits the one with the most patches fits the others.
        minis.sort(key=lambda shape: shape.patches)
        encoders = []
        for size, shape in {shape.vocabulary: shape for shape in minis}.items():
            tokenizer = mini.train_tokenizer(tokenizer_texts(params), size)
            encoders.append(encoder_of(params, mini.build_processor(tokenizer, shape)))
        return encoders
    from liit.model.load import load_processor

    checkpoint = str(params.model.checkpoint)
    try:
        processor = load_processor(
            checkpoint, revision=params.model.revision, pad=params.model.pad_to_square
        )
    except (OSError, ValueError) as error:
        say(
            f"[yellow]{checkpoint} is not here ({str(error).splitlines()[0]}): lengths are not "
            "checked; run `liit prepare` again once it is.[/]",
            stderr=True,
        )
        return []
    return [encoder_of(params, processor)]


def _sift(store: SampleStore, fault: Fault) -> Prepared | None:
    """Write the store anew without what has a fault; None if nothing has."""
    reasons = {sample.id: reason for sample in store if (reason := fault(sample)) is not None}
    if not reasons:
        return None
    if len(reasons) == len(store):
        raise LiitError(
            f"{store.path.stem}: the model can be shown none of {len(store)} samples; the first: "
            f"{next(iter(reasons.values()))}.",
            next_step="raise model.max_length in params.yaml, or mend the dataset.",
        )
    sifted = (
        Quarantined(sample.source, str(sample.extra.get("record", sample.id)), reasons[sample.id])
        if sample.id in reasons
        else sample
        for sample in store
    )
    return write_store(itertools.chain(read_quarantine(store.path), sifted), store.path)
