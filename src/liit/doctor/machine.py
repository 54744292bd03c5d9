"""The machine: room on the disk, and a device that holds the model."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from liit import paths
from liit.config import Dataset, Params
from liit.data.store import SampleStore
from liit.doctor.data import absent_parts, bytes_of
from liit.doctor.findings import Finding, State, judged
from liit.doctor.weights import local_folder, sizes
from liit.selection import load, names

HALF, SINGLE = 2, 4
"""Bytes of a number in 16 and 32 bits."""

TRAINED = 16
"""Bytes per trained number: the weight, its gradient and Adam's two moments, 32 bits each."""

EMBEDDED = ("m3it", "mantis")
"""Formats whose records hold the images themselves: each prepared copy holds them again."""
COPIES = 2
"""In read/ as they were read, in data/ without what was set aside."""


def disk(params: Params, *, prepared: bool) -> Iterator[Finding]:
    """Yield the room that each kind of file takes, and the sum against what is free."""
    needs = {
        "prepared data": _prepared(params),
        "adapters": _adapters(params),
        "gradients of one step": _gradients(params, prepared),
    }
    for what, need in needs.items():
        if need is None:
            step = "ask again when weights and data are there"
            yield Finding("disk", what, "not run", "not known yet", step)
        elif need:
            yield Finding("disk", what, "ok", f"about {need / 1e9:,.1f} GB")
    total = sum(need for need in needs.values() if need)
    free = shutil.disk_usage(Path()).free
    detail = f"{free / 1e9:,.1f} GB free, {total / 1e9:,.1f} GB needed as far as known"
    if needs["gradients of one step"]:
        detail += "; signals of every step and row stay: `liit plan` adds them up"
    step = "work on a larger disk, or with fewer methods or seeds at a time"
    yield judged("disk", "free", total < free, detail, step)


def device(params: Params) -> Iterator[Finding]:
    """Yield whether the accelerator that params.yaml names is there, is enough, and does bf16."""
    import torch

    wanted = params.devices
    here = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted.accelerator == "cpu" or (wanted.accelerator == "auto" and not here):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        cores = os.cpu_count() or 1
        yield Finding("device", "CPU", "ok", f"{cores} cores, {memory:,.1f} GB")
        yield from _memory(params, memory)
        return
    if here == 0:
        step = "run on a machine with one, or set devices.accelerator: cpu for a small model"
        yield Finding("device", wanted.accelerator, "missing", "no accelerator found", step)
        return
    detail = f"{here} × {torch.cuda.get_device_name(0)}, {wanted.devices} asked for"
    step = f"set devices.devices: {here}"
    yield judged("device", wanted.accelerator, here >= wanted.devices, detail, step)
    if "bf16" in wanted.precision or params.model.dtype == "bfloat16":
        can = torch.cuda.is_bf16_supported()
        step = "set devices.precision and model.dtype to 32 bits or float16"
        yield judged("device", "bf16", can, str(can), step)
    yield from _memory(params, torch.cuda.get_device_properties(0).total_memory / 1e9)


def _memory(params: Params, gigabytes: float) -> Iterator[Finding]:
    folder = local_folder(params) if params.model.mini is None else None
    if folder is None:
        return
    if (size := sizes(folder, params.lora.rank)) is None:
        return
    width = SINGLE if params.model.dtype == "float32" else HALF
    need = (size.numbers * width + size.trained * TRAINED) / 1e9
    state: State = "ok" if 1.25 * need < gigabytes else "warning" if need < gigabytes else "missing"
    step = "" if state == "ok" else "lower train.micro_batch_size, or use a larger device"
    detail = f"weights and optimiser {need:,.1f} GB of {gigabytes:,.1f} GB; activations not counted"
    yield Finding("device", "memory", state, detail, step)


def _adapters(params: Params) -> int | None:
    if params.model.mini is not None:
        return 0
    folder = local_folder(params)
    size = None if folder is None else sizes(folder, params.lora.rank)
    if size is None:
        return None
    adapters = len(params.methods) * len(params.seeds) * (len(params.steps) - 1)
    return adapters * size.trained * SINGLE


def _gradients(params: Params, prepared: bool) -> int | None:
    known = [method for method in params.methods if method in names(paths.MAIN)]
    signals = {name for method in known for name in load(paths.MAIN, method).signals}
    if not any(name.startswith("gradient") for name in signals):
        return 0
    total = 0
    for dataset in params.stream:
        records = _records(dataset, prepared)
        if records is None:
            return None
        total += records
    return total * params.signals.projection_dim * HALF


def _records(dataset: Dataset, prepared: bool) -> int | None:
    """Return a dataset's records: as prepared, else as its options and the stream say."""
    store = paths.dataset_store(dataset.name)
    return len(SampleStore(store)) if prepared and store.is_file() else dataset.expected


def _prepared(params: Params) -> int | None:
    embedded = [dataset for dataset in params.stream if dataset.format in EMBEDDED]
    if any(absent_parts(params, dataset) for dataset in embedded):
        return None
    return COPIES * sum(_held(params, dataset) for dataset in embedded)


def _held(params: Params, dataset: Dataset) -> int:
    """Return the bytes that one copy of a dataset takes: its files', or its share of them."""
    expected, whole = dataset.expected, dataset.records
    share = expected / whole if expected and whole else 1.0
    return round(share * bytes_of(params, dataset, (".jsonl", ".parquet")))
