"""Stamps: everything that a phase is made from, listed once per phase.

A phase leaves its stamp beside what it made, last of all; the phase is skipped while the stamp
that it would leave now is the one that is there. What only decides how fast a phase runs, such as
the size of a batch, is in none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from liit import paths, versions
from liit.code import digest_phase
from liit.conditions import of_signals, stated
from liit.config import Params
from liit.files import digest_file, digest_folder

Stamp = dict[str, Any]

FILE = "made_from.json"
"""Where a phase leaves its stamp, in the folder that it fills."""


def base(params: Params, shape: object) -> Stamp:
    """What the weights of t = 0, or those of the proxy, are made from.

    The base is in git and every row starts from it, so the version of its definition counts here
    and not the code: a faster engine must not train it anew.
    """
    names = dict.fromkeys([params.stream[0].name, *params.base.tokenizer])
    stores = [paths.dataset_store(name) for name in names]
    if params.base.pretrain:
        stores.append(paths.dataset_store("pretrain"))
    return {
        "version": versions.BASE,
        "data": {store.stem: digest_file(store) for store in stores},
        "first": params.stream[0].name,
        "precision": params.devices.precision,
        "shape": shape if isinstance(shape, str) else stated(shape),
        **of_base(params),
        **_parts(params, "lora", "train"),
    }


def of_base(params: Params) -> Stamp:
    """What says which model t = 0 is, without the data and the adapter's training."""
    return _parts(params, "model", "base")


def signals(
    params: Params,
    names: Collection[str],
    *,
    ids: str,
    weights: str,
    proxy: str | None = None,
    targets: str | None = None,
) -> Stamp:
    """What measured signals depend on; ``ids`` and ``weights`` are digests, and so are the others.

    ``proxy``, ``targets``: None unless a signal is measured by them.
    """
    return {
        **({} if targets is None else {"targets": targets}),
        "code": digest_phase("signals"),
        "versions": {name: versions.signal_version(name) for name in sorted(names)},
        "ids": ids,
        "weights": weights,
        "proxy": proxy,
        "precision": params.devices.precision,
        "signals": of_signals(params, names),
        **_parts(params, "model"),
    }


def features(params: Params, pictures: str, base: str) -> Stamp:
    """What the tower makes depends on this; ``pictures`` (a prepared file), ``base``: digests."""
    return {
        "code": digest_phase("features"),
        "pictures": pictures,
        "base": base,
        **_parts(params, "model"),
    }


def facts(params: Params, names: Collection[str], base: str) -> Stamp:
    """What the facts of given samples depend on; ``base``, a digest, comes with the tokenizer."""
    return {
        "code": digest_phase("facts"),
        "names": sorted(names),
        "base": base,
        **_parts(params, "model"),
    }


def selection(
    params: Params,
    method: str,
    data: Sequence[str],
    seed: int,
    *,
    signals: Stamp | None = None,
    facts: Stamp | None = None,
    pruned: str | None = None,
) -> Stamp:
    """What a selection depends on.

    ``method``: digest of the method. ``data``: digests of the datasets that have arrived.
    ``signals``, ``facts``: stamps of what it measures and reads, None if nothing.
    ``pruned``: digest of the selection that cut the pool before, None unless the method prunes.
    """
    return {
        "code": digest_phase("selection"),
        "method": method,
        "data": list(data),
        "budget": params.budget,
        "seed": seed,
        "signals": signals,
        "facts": facts,
        "pruned": pruned,
    }


def training(
    params: Params,
    ids: str,
    data: Sequence[str],
    weights: str,
    seed: int,
    *,
    learner: str | None = None,
) -> Stamp:
    """What an adapter depends on; ``ids`` and ``weights`` (of θ_{t-1}) are digests.

    ``learner``: digest of the learner; plain training has none.
    """
    return {
        **({} if learner is None else {"learner": learner}),
        "code": digest_phase("training"),
        "ids": ids,
        "data": list(data),
        "weights": weights,
        "precision": params.devices.precision,
        "seed": seed,
        **_parts(params, "model", "lora", "train"),
    }


def evaluation(params: Params, items: Mapping[str, str], weights: str) -> Stamp:
    """What the scores of a model depend on.

    ``items``: digest of each exam's items. ``weights``: digest of the model.
    """
    return {
        "code": digest_phase("evaluation"),
        "items": dict(items),
        "weights": weights,
        **_parts(params, "model"),
    }


def exam_digests(params: Params) -> Mapping[str, str]:
    """Return the digest of each exam's items, and that of the text benchmarks' folder."""
    items = {exam.task: digest_file(paths.exam_store(exam.task)) for exam in params.prepared_exams}
    if params.evaluate.text_dir is not None:
        items["text"] = digest_folder(Path(params.data_root) / params.evaluate.text_dir)
    return items


def _parts(params: Params, *names: str) -> Stamp:
    return {name: stated(getattr(params, name)) for name in names}
