"""The three phases of a step, each from files to files, skipped while their stamp holds."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities import rank_zero_only
from rich.console import Console

from liit import paths
from liit.base import open_examined, open_proxy
from liit.code import digest_of
from liit.costs import Meter
from liit.evaluation.run import Examiner
from liit.exams import PREDICTIONS, evaluation_digest, open_examiner, write_exam
from liit.files import digest_file, digest_folder, digest_json, hold, write_json, write_text
from liit.learning.train import fit
from liit.model import lora
from liit.model.load import load_theta
from liit.seeds import seed_for
from liit.selection import select
from liit.selection.files import digest_ids, read_ids, write_selection
from liit.tracking import RunIdentity
from liit.tracking.weights_and_biases import training_logger
from liit.trajectory import STAMP, Trajectory

SIGNALS = paths.SCRATCH / "signals"
Stamp = dict[str, Any]


def is_other_rank() -> bool:
    """Return whether another process of this run writes the files."""
    return bool(getattr(rank_zero_only, "rank", 0))


class Phases:
    """Runs the phases of one trajectory."""

    def __init__(self, trajectory: Trajectory, console: Console) -> None:
        """Digest the code of each phase once."""
        self.at, self.console, self.params = trajectory, console, trajectory.params
        self.code = {name: digest_of(name) for name in ("selection", "training")}

    def run(self) -> None:
        """Run what is left of every step that the method trains at."""
        for t in self.at.trained_steps:
            self.select(t)
            self.train(t)
            self.evaluate(t)

    def select(self, t: int) -> None:
        """Measure the pool's signals under θ_{t-1}, choose, and write the selection."""
        at, folder = self.at, self.at.folder(paths.selection, t)
        stamp = self._selection_stamp(t)
        if hold(folder, stamp, STAMP):
            return
        pool, meter = at.pool(t), Meter()
        self._say(t, f"select from {len(pool)} samples")
        signals: Mapping[str, Any] = {}
        if at.method.signals:
            signals = self._signals(t, pool.ids.tolist(), meter)
        if is_other_rank():
            return
        selection = select(at.method, pool, signals, self.params.budget, at.seed)
        for phase, seconds in selection.seconds.items():
            meter.add(phase, {"samples": len(pool), "seconds": seconds})
        shutil.rmtree(folder, ignore_errors=True)
        write_selection(folder, selection)
        write_json(folder / STAMP, {"made_from": stamp})
        at.record_costs(t, meter.costs)

    def train(self, t: int) -> None:
        """Train an adapter on the selection, starting from θ_{t-1}."""
        at, params, folder = self.at, self.params, self.at.folder(paths.adapter, t)
        stamp = self._training_stamp(t)
        if hold(folder, stamp, STAMP):
            return
        ids, theta, meter = read_ids(at.folder(paths.selection, t)), at.before(t).theta, Meter()
        self._say(t, f"train on {len(ids)} samples × {params.train.epochs} epochs")
        with meter.phase("training") as cost:
            cost["samples"] = len(ids) * params.train.epochs
            fresh = params.lora.mode == "merge_fresh" or theta.adapter is None
            model = load_theta(theta, dtype=params.model.dtype, merged=fresh)
            if fresh:
                model = lora.attach(model, params.lora, seed_for(at.seed, t, "adapter"))
            trained = fit(
                model,
                at.corpus,
                ids,
                train=params.train,
                devices=params.devices,
                seed=seed_for(at.seed, t, "training"),
                logger=self._logger(t),
                title=f"{at.name} {at.steps[t]}",
            )
        if is_other_rank():
            return
        lora.save_adapter(model, folder, theta.base)
        write_text(folder / "seen.txt", "".join(f"{i} {params.train.epochs}\n" for i in ids))
        write_json(folder / "training.json", dataclasses.asdict(trained))
        made = {"made_from": stamp, "weights": digest_file(folder / "adapter_model.safetensors")}
        write_json(folder / STAMP, made)
        at.record_costs(t, meter.costs)

    def evaluate(self, t: int) -> None:
        """Ask θ_t every exam and keep the cells beside the adapter."""
        at, folder = self.at, self.at.folder(paths.adapter, t)
        point, meter = at.point(t), Meter()
        stamp = {"exams": self.exams_digest, "weights": point.weights}
        if is_other_rank() or hold(folder, stamp, "exam.json"):
            return
        self._say(t, "evaluate")
        with meter.phase("evaluation") as cost:
            cells = self.examiner.run(open_examined(self.params, point.theta), point.weights)
            cost["samples"] = sum(cell.n for cell in cells.values())
        write_exam(folder / "exam.json", stamp, cells)
        at.record_costs(t, meter.costs)

    @cached_property
    def examiner(self) -> Examiner:
        """The exams, opened once per process."""
        store = PREDICTIONS / f"{self.at.name}-{self.at.seed}.sqlite"
        return open_examiner(self.params, self.at.corpus.encoder, store)

    @cached_property
    def exams_digest(self) -> str:
        """Digest of everything that an answer's score depends on besides the weights."""
        return evaluation_digest(self.params)

    def _signals(self, t: int, ids: list[str], meter: Meter) -> Mapping[str, Any]:
        from liit.signals.engine import measure  # methods without signals never need it

        at, params, before = self.at, self.params, self.at.before(t)
        names = at.method.signals
        made_from = [
            self.code["selection"],
            before.weights,
            digest_ids(ids),
            sorted(names),
            dataclasses.asdict(params.signals),
        ]
        # Keyed by content: methods that need the same signals of θ_0 measure them once.
        folder = SIGNALS / digest_json(made_from)[:16]
        with meter.phase("signals") as cost:
            cost["samples"] = len(ids)
            signals = measure(
                load_theta(before.theta, dtype=params.model.dtype, merged=False),
                at.corpus,
                ids,
                names,
                settings=params.signals,
                devices=params.devices,
                folder=folder,
                seed=seed_for(0, "projection"),
                proxy=open_proxy(params, at.stores) if "gradient_proxy" in names else None,
            )
        self._charge_first_cost(folder, meter)
        return signals

    def _charge_first_cost(self, folder: Path, meter: Meter) -> None:
        """Charge a method for signals that another one had measured: it would have had to."""
        cost = folder / "cost.json"
        if cost.is_file():
            meter.costs["signals"] = json.loads(cost.read_text())
        elif not is_other_rank():
            write_json(cost, meter.costs["signals"])

    def _selection_stamp(self, t: int) -> Stamp:
        at, params = self.at, self.params
        stamp: Stamp = {
            "code": self.code["selection"],
            "method": at.method_digest,
            "data": at.data_digests[: t + 1],
            "budget": params.budget,
            "seed": at.seed,
        }
        if at.method.signals:
            stamp["weights"] = at.before(t).weights
            stamp["signals"] = dataclasses.asdict(params.signals)
        if at.method.prune is not None and t > 1:
            stamp["pool"] = digest_folder(at.folder(paths.selection, t - 1))
        return stamp

    def _training_stamp(self, t: int) -> Stamp:
        at, params = self.at, self.params
        return {
            "code": self.code["training"],
            "selection": digest_ids(read_ids(at.folder(paths.selection, t))),
            "data": at.data_digests[: t + 1],
            "weights": at.before(t).weights,
            "train": dataclasses.asdict(params.train),
            "lora": dataclasses.asdict(params.lora),
            "model": dataclasses.asdict(params.model),
            "precision": params.devices.precision,
            "seed": at.seed,
        }

    def _logger(self, t: int) -> Any:
        at, params = self.at, self.params
        table = paths.home(at.name).name or paths.MAIN
        run = RunIdentity(params.scale, table, at.name, at.seed, params.budget)
        return training_logger(run, at.steps[t], project=params.tracking.project)

    def _say(self, t: int, what: str) -> None:
        at = self.at
        if not is_other_rank():
            self.console.print(
                f"[bold]{at.name}[/] seed {at.seed} · {at.steps[t]} (t = {t}): {what}"
            )
