"""One method along the stream: select, train, evaluate, step by step, each from files to files.

Every phase leaves a stamp: the digest of all it was made from. A phase whose stamp still holds is
skipped, so a killed run, an appended dataset and a changed metric all continue with what is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from liit import paths
from liit.base import open_encoder, theta_zero
from liit.code import digest_code
from liit.config import Params
from liit.data.corpus import Corpus
from liit.data.prepare import open_dataset
from liit.data.store import SampleStore
from liit.files import digest_file, digest_json, read_json, write_json
from liit.model.load import Theta
from liit.pool import Pool
from liit.provenance import provenance
from liit.selection import Method
from liit.selection.files import read_kept

STAMP = "made_from.json"


@dataclass(frozen=True, slots=True)
class Point:
    """Where the trajectory stands after a step: the model as files, and its weights' digest."""

    theta: Theta
    weights: str


class Trajectory:
    """A method under one seed; ``name`` is its file's name in the folder of its table."""

    def __init__(self, params: Params, name: str, method: Method, method_file: Path, seed: int):
        """Keep the parts; nothing is opened before it is needed."""
        self.params, self.name, self.method, self.seed = params, name, method, seed
        self.method_digest = digest_code([], [method_file])
        self.steps = params.steps

    @property
    def last(self) -> int:
        """T: the number of the last step."""
        return len(self.steps) - 1

    @property
    def trained_steps(self) -> list[int]:
        """The steps that this method trains at: all after t = 0, or the last alone."""
        return [self.last] if self.method.start == "base" else list(range(1, self.last + 1))

    @cached_property
    def data_digests(self) -> list[str]:
        """The digest of each step's prepared dataset."""
        return [digest_file(store.path) for store in self.stores]

    @cached_property
    def stores(self) -> list[SampleStore]:
        """The prepared dataset of each step."""
        return [open_dataset(self.params, dataset) for dataset in self.params.stream]

    @cached_property
    def origins(self) -> dict[str, tuple[str, str | None]]:
        """The dataset and the published skill of each sample of the stream."""
        return {
            id_: (self.steps[step], skill)
            for step, store in enumerate(self.stores)
            for id_, skill in zip(store.column("id"), store.column("skill"), strict=True)
        }

    @cached_property
    def corpus(self) -> Corpus:
        """Every sample of the stream, by id."""
        return Corpus(self.stores, open_encoder(self.params))

    def folder(self, kind: Callable[[str, int, str], Path], t: int) -> Path:
        """Return ``paths.selection`` or ``paths.adapter`` of step ``t``."""
        return kind(self.name, self.seed, self.steps[t])

    def point(self, t: int) -> Point:
        """Return the model after step ``t``; t = 0 is the base that all methods share."""
        theta, weights = theta_zero()
        if t == 0:
            return Point(theta, weights)
        if self.method.start == "base":
            theta = Theta(theta.base, revision=theta.revision)
        mode = self.params.lora.mode
        for step in self.trained_steps:
            if step > t:
                break
            adapter = self.folder(paths.adapter, step)
            theta = theta.then(adapter, mode)
            # Digested once, when it was trained: an adapter of a 7B model has a gigabyte.
            made = read_json(adapter / STAMP, next_step=f"train it first: `liit run {self.name}`.")
            weights = digest_json([weights, mode, made["weights"]])
        return Point(theta, weights)

    def before(self, t: int) -> Point:
        """Return the model that step ``t`` starts from."""
        if self.method.start == "base":
            theta, weights = theta_zero()
            return Point(Theta(theta.base, revision=theta.revision), digest_json([weights, "base"]))
        return self.point(t - 1)

    def pool(self, t: int) -> Pool:
        """Return U_t: all that has arrived, less what the method pruned for good."""
        arrivals = {step: self.stores[step].column("id") for step in range(t + 1)}
        pool = Pool.of(arrivals, t)
        if self.method.prune is not None and t > 1:
            kept = read_kept(self.folder(paths.selection, t - 1))
            pool = pool.take((pool.step == t) | np.isin(pool.ids, kept))
        return pool

    def record_costs(self, t: int, costs: Mapping[str, Mapping[str, float]]) -> None:
        """Add the costs of a phase of step ``t`` to the run's record."""
        path = paths.run_record(self.name, self.seed)
        record = json.loads(path.read_text()) if path.is_file() else {"costs": {}}
        record["costs"].setdefault(self.steps[t], {}).update(costs)
        record["provenance"] = provenance(self.params.devices.accelerator)
        write_json(path, record)
