"""One method along the stream under one seed: select, train, evaluate, step by step.

Each phase goes from files to files and leaves a stamp, last of all, of everything that it was made
from. A phase whose stamp still holds is skipped, so a killed run, an appended dataset and a changed
metric all continue with what is left.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from liit import paths, stamps
from liit.base import open_proxy, proxy_digest, theta_zero
from liit.code import digest_learner, digest_method
from liit.config import Params
from liit.costs import Meter
from liit.errors import LiitError
from liit.evaluation.evaluator import Evaluator
from liit.evaluation.exams import evaluate_exams, open_evaluator
from liit.files import (
    digest_file,
    digest_folder,
    digest_json,
    is_up_to_date,
    read_record,
    write_json,
    write_text,
)
from liit.learner import Learner
from liit.learning.train import fit
from liit.lessons import lesson_of
from liit.model import lora
from liit.model.load import WEIGHTS, Theta, load_theta
from liit.model.sealed import is_intact
from liit.pool import Pool
from liit.progress import say
from liit.ranks import is_other_rank
from liit.results import record_costs, write_result
from liit.seeds import seed_for
from liit.selection import load, select
from liit.selection.files import (
    SELECTION,
    digest_ids,
    is_whole,
    read_ids,
    read_kept,
    seals,
    write_selection,
)
from liit.signals.facts import facts_of
from liit.stamps import Stamp
from liit.stream import Stream

EVALUATION = "exam.json"
"""The scores of a step, beside its adapter."""


class Run:
    """A method of a table under one seed; ``method`` is its file's name."""

    def __init__(self, params: Params, table: str, method: str, seed: int) -> None:
        self.params, self.table, self.name, self.seed = params, table, method, seed
        self.method = load(table, method)
        self.stream = Stream(params)

    @property
    def steps(self) -> list[int]:
        """The steps that the method trains at: all after t = 0, or the last alone."""
        last = self.stream.last
        return [last] if self.method.start == "base" else list(range(1, last + 1))

    def go(self) -> None:
        """Do what is left of every step, and write the result."""
        for t in self.steps:
            self.select(t)
            self.train(t)
            self.evaluate(t)
        write_result(self)

    def select(self, t: int) -> None:
        """Measure the pool's signals under θ_{t-1}, choose, and write the selection."""
        folder, stamp = self.folder(paths.selection, t), self._selection_stamp(t)
        if is_up_to_date(folder / stamps.FILE, stamp) and is_whole(folder / stamps.FILE):
            return
        self._expect_possible()
        pool, meter = self.pool(t), Meter()
        self._say(t, f"select from {len(pool):,} samples")
        signals = self._signals(t, pool, meter) if self.method.signals else {}
        if is_other_rank():
            return
        if names := self.method.facts:
            with meter.phase("signals") as cost:
                cost["samples"] = len(pool)
                signals = {**signals, **facts_of(self.stream.corpus, pool.ids.tolist(), names)}
        selection = select(self.method, pool, signals, self.params.budget, self.seed)
        for phase, seconds in selection.seconds.items():
            meter.add(phase, {"samples": len(pool), "seconds": seconds})
        shutil.rmtree(folder, ignore_errors=True)
        write_selection(folder, selection)
        self._finish(t, meter, folder / stamps.FILE, {"made_from": stamp, "files": seals(folder)})

    def is_trained(self, t: int) -> bool:
        """Return whether a step's adapter is here, of these parameters and its selection."""
        record = self.folder(paths.adapter, t) / stamps.FILE
        chosen = self.folder(paths.selection, t) / SELECTION
        if not (record.is_file() and chosen.is_file()):
            return False
        return is_up_to_date(record, self._training_stamp(t))

    def train(self, t: int) -> None:
        """Train an adapter on the selection, starting from θ_{t-1}."""
        params, folder = self.params, self.folder(paths.adapter, t)
        if self.is_trained(t) and all(
            is_intact(*seal) for seal in self.theta(t).seals if seal[0].parent == folder
        ):
            return
        stamp = self._training_stamp(t)
        self._expect_possible()
        ids, theta, meter = read_ids(self.folder(paths.selection, t)), self.before(t), Meter()
        lesson = lesson_of(self.method, self.stream, t, ids, seed=self.seed, folder=self.folder)
        ids = lesson.ids() if lesson else ids
        self._say(t, f"train on {len(ids):,} samples, epochs: {params.train.epochs}")
        with meter.phase("training") as cost:
            cost["samples"] = len(ids) * params.train.epochs
            fresh = params.lora.mode == "merge_fresh" or theta.adapter is None
            model = load_theta(theta, dtype=params.model.dtype, merged=fresh, routed=False)
            if fresh:
                model = lora.attach(model, params.lora, seed_for(self.seed, t, "adapter"))
            if lesson:
                lesson.attach(model)
            trained = fit(
                model,
                self.stream.corpus,
                ids,
                train=params.train,
                devices=params.devices,
                seed=seed_for(self.seed, t, "training"),
                title=f"{self.name} {self.stream.names[t]}",
                lesson=lesson,
            )
            if lesson:
                lesson.finish(model)
                cost.update(lesson.costs(model))
        if is_other_rank():
            return
        lora.save_adapter(model, folder, theta.base)
        write_text(folder / "seen.txt", "".join(f"{i} {params.train.epochs}\n" for i in ids))
        write_json(folder / "training.json", dataclasses.asdict(trained))
        made = {"made_from": stamp, "weights": digest_file(folder / WEIGHTS)}
        if lesson and (state := lesson.keep(folder)):
            made["state"] = state
        self._finish(t, meter, folder / stamps.FILE, made)

    def evaluate(self, t: int) -> None:
        """Ask θ_t every exam and keep the scores beside the adapter."""
        file, theta, meter = self.folder(paths.adapter, t) / EVALUATION, self.theta(t), Meter()
        stamp = stamps.evaluation(self.params, self.stream.exam_digests, theta.digest)
        if is_other_rank() or is_up_to_date(file, stamp):
            return
        self._say(t, "evaluate")
        with meter.phase("evaluation") as cost:
            cells = evaluate_exams(self.params, self._evaluator, theta)
            cost["samples"] = sum(cell["n"] for cell in cells.values())
        self._finish(t, meter, file, {"made_from": stamp, "cells": cells})

    def theta(self, t: int) -> Theta:
        """Return the model after step ``t``; t = 0 is the base that all methods share."""
        theta = theta_zero()
        if t > 0 and self.method.start == "base":
            theta = theta.bare()
        for step in self._steps_behind(t):
            adapter = self.folder(paths.adapter, step)
            train = f"run `liit run {self.name} --table {self.table} --seed {self.seed}`."
            made = read_record(adapter / stamps.FILE, "weights", next_step=train)
            mode, state = self.params.lora.mode, made.get("state")
            theta = theta.then(adapter, made["weights"], mode, state, router=self._router)
        return theta

    def before(self, t: int) -> Theta:
        """Return the model that step ``t`` starts from."""
        if self.method.start == "base":
            return theta_zero().bare()
        return self.theta(t - 1 if self.method.start == "previous" else 0)

    def pool(self, t: int) -> Pool:
        """Return U_t: all that has arrived, less what the method pruned for good."""
        pool = self.stream.pool(t)
        if self._is_pruned(t):
            kept = read_kept(self.folder(paths.selection, t - 1))
            pool = pool.take((pool.step == t) | np.isin(pool.ids, kept))
        return pool

    def folder(self, kind: Callable[[str, int, str], Path], t: int) -> Path:
        """Return ``paths.selection`` or ``paths.adapter`` of step ``t``."""
        return kind(self.name, self.seed, self.stream.names[t])

    @cached_property
    def _router(self) -> tuple[Learner, str] | None:
        learner = self.method.learner
        return (learner, digest_learner(learner)) if learner and learner.changes("route") else None

    @cached_property
    def _evaluator(self) -> Evaluator:
        """The exams, opened once per process."""
        return open_evaluator(self.params, self.stream.corpus.encoder, f"{self.name}-{self.seed}")

    def _signals(self, t: int, pool: Pool, meter: Meter) -> Mapping[str, Any]:
        # methods without signals never need them
        from liit.signals.engine import measure
        from liit.signals.shared import first_cost, measured_once
        from liit.signals.targets import open_targets

        if self.method.needs_images and not self.stream.corpus.encoder.sees:
            raise LiitError(
                f"{self.name} ranks samples by what their images add, and {theta_zero().base} sees "
                "no images.",
                next_step=f"leave {self.name} out of params.yaml, or take a vision-language model.",
            )
        params, names, ids = self.params, self.method.signals, pool.ids.tolist()
        stamp = self._signals_stamp(t, digest_ids(ids))

        def fill(folder: Path) -> None:
            measure(
                load_theta(self.before(t), dtype=params.model.dtype, merged=False),
                self.stream.corpus,
                ids,
                names,
                settings=params.signals,
                devices=params.devices,
                folder=folder,
                made_from=stamp,
                seed=seed_for(0, "projection"),
                proxy=open_proxy(params, self.stream.stores) if "gradient_proxy" in names else None,
                targets=open_targets(params, self.stream.corpus.encoder)
                if "target_influence" in names
                else None,
            )

        with meter.phase("signals") as cost:
            cost["samples"] = len(ids)
            signals = measured_once(stamp, fill)
        meter.costs["signals"] = first_cost(stamp, meter.costs["signals"])
        return signals

    def _selection_stamp(self, t: int) -> Stamp:
        # what is in the pool follows from the data and the selections before
        signals = self._signals_stamp(t) if self.method.signals else None
        names, before = self.method.facts, self.folder(paths.selection, t - 1)
        facts = stamps.facts(self.params, names, theta_zero().digest) if names else None
        return stamps.selection(
            self.params,
            digest_method(self.method),
            self.stream.digests[: t + 1],
            self.seed,
            signals=signals,
            facts=facts,
            pruned=digest_folder(before) if self._is_pruned(t) else None,
        )

    def _signals_stamp(self, t: int, ids: str = "") -> Stamp:
        names = self.method.signals
        return stamps.signals(
            self.params,
            names,
            ids=ids,
            weights=self.before(t).digest,
            proxy=proxy_digest(self.params) if "gradient_proxy" in names else None,
            targets=digest_json(self.stream.exam_digests) if "target_influence" in names else None,
        )

    def _training_stamp(self, t: int) -> Stamp:
        return stamps.training(
            self.params,
            digest_ids(read_ids(self.folder(paths.selection, t))),
            self.stream.digests[: t + 1],
            self.before(t).digest,
            self.seed,
            learner=digest_learner(learner) if (learner := self.method.learner) else None,
        )

    def _expect_possible(self) -> None:
        """Fail before anything is measured or loaded where the device or the learner will."""
        from liit.model.load import device_of

        params, learner = self.params, self.method.learner
        device_of(params.devices.accelerator)
        why = learner and learner.refusal(params.lora.mode, params.devices)
        if why:
            raise LiitError(f"{self.name}: {why.problem}", next_step=why.next_step)

    def _steps_behind(self, t: int) -> list[int]:
        """Return the steps whose training is in θ_t."""
        first = t if self.method.start == "theta_zero" else 1
        return [step for step in self.steps if first <= step <= t]

    def _is_pruned(self, t: int) -> bool:
        return self.method.prune is not None and t > 1

    def _finish(self, t: int, meter: Meter, stamp_file: Path, content: Mapping[str, Any]) -> None:
        """Record the costs, then leave the stamp: a phase without its stamp is done again."""
        record_costs(self, t, meter.costs)
        write_json(stamp_file, content)

    def _say(self, t: int, what: str) -> None:
        if not is_other_rank():
            step = f"{self.stream.names[t]} (t = {t})"
            say(f"[bold]{self.name}[/] seed {self.seed} · {step} · {what}")
