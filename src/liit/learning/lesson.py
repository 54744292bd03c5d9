"""A learner at one step of the stream: it calls the moments, and writes what is kept."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from liit.errors import LiitError
from liit.files import digest_file, whole, write_json
from liit.learner import RECORD, START, STATE, Learner, Past

SMALLEST = 1e-12
"""The least loss that a penalty is compared with."""


class Lesson:
    """A learner with its past.

    ``curve`` has one number per optimiser step under each name; ``aside`` are the seconds that it
    took before and after training. ``device``: where the learner looks at a trained model, which
    Lightning leaves on the CPU.
    """

    def __init__(self, learner: Learner, past: Past, device: str = "cpu") -> None:
        """Open nothing yet."""
        self.learner, self.past, self.device = learner, past, device
        self.curve: dict[str, list[float]] = {}
        self.aside = 0.0
        self._losses: list[tuple[Tensor, Tensor]] = []
        self._start: dict[str, Tensor] = {}
        self._kept: dict[str, Tensor] = {}

    def ids(self) -> list[str]:
        """Return the sorted ids to train on: the selection, or what the learner makes of it."""
        return sorted(set(self.learner.ids(self.past)))

    def attach(self, model: Any) -> None:
        """Let the learner prepare the model; keep what it wants of the stream's first model."""
        started = time.perf_counter()
        if self.past.now == 1 and self.past.steps and self.learner.changes("finish"):
            ids = self.past.arrived[0]
            zero = dataclasses.replace(
                self.past, now=0, chosen=ids, steps=(), ids={}, held={}, told={}
            )
            self._start = self._finished(model.eval(), zero)
            self.past.opened[self.past.states[0]] = self._start
            self.past.ids.update({f"start_{name}": ids for name, ids in zero.ids.items()})
        self.learner.attach(model, self.past)
        self.aside += time.perf_counter() - started

    def loss(self, model: Any, batch: Any, logits: Tensor, task_loss: Tensor) -> Tensor:
        """Return the loss of a micro-batch as the learner wants it; ``logits`` are its answers'."""
        self.past.logits, self.past.micro = logits, len(self._losses)
        loss: Tensor = self.learner.loss(model, batch, task_loss, self.past)
        self.past.logits = None
        if not torch.isfinite(loss):
            raise LiitError(
                f"the penalty of {type(self.learner).__name__} makes the loss {loss.item()}.",
                next_step="lower the learner's strength.",
            )
        self._losses.append((task_loss.detach(), (loss - task_loss).detach()))
        return loss

    def gradients(self, model: Any) -> None:
        """Let the learner change the gradients of an optimiser step, and note the penalty."""
        changed = self.learner.gradients(model, self.past)
        if changed is not None:
            self.curve.setdefault("changed", []).append(changed)
        if self.learner.changes("loss"):
            loss, penalty = (
                fmean(one.item() for one in ones) for ones in zip(*self._losses, strict=True)
            )
            self.curve.setdefault("penalty", []).append(penalty)
            self.curve.setdefault("ratio", []).append(penalty / max(loss, SMALLEST))
        self._losses.clear()
        self.past.step += 1

    def finish(self, model: Any) -> None:
        """Let the learner look at the trained model, and hold what it wants to keep."""
        started = time.perf_counter()
        self._kept = self._finished(model, self.past)
        self.aside += time.perf_counter() - started

    def costs(self, model: Any) -> dict[str, float]:
        """Return numbers trained, those of the whole model, seconds aside, and bytes kept."""
        sizes = [
            (one.numel(), one.requires_grad)
            for name, one in model.named_parameters()
            if ".original_module." not in name  # PEFT's copy of what is trained in full
        ]
        kept = [*self._start.values(), *self._kept.values()]
        return {
            "trained_parameters": sum(size for size, trained in sizes if trained),
            "parameters": sum(size for size, _ in sizes),
            "aside_seconds": round(self.aside, 3),
            "state_bytes": sum(one.nbytes for one in kept),
        }

    def keep(self, folder: Path) -> dict[str, str]:
        """Write what the learner keeps into an adapter's folder; return each file's digest."""
        kept = {START: self._start, STATE: self._kept}
        for name, tensors in kept.items():
            if tensors:
                with whole(folder / name) as partial:
                    save_file(tensors, partial)
        said = {"ids": self.past.ids, "told": self.past.told}
        write_json(folder / RECORD, {**self.learner.described(), **said})
        return {name: digest_file(folder / name) for name, tensors in kept.items() if tensors}

    def _finished(self, model: Any, past: Past) -> dict[str, Tensor]:
        past.device = self.device
        kept = _plain(self.learner.finish(model.to(self.device), past))
        model.cpu()
        return kept


def _plain(tensors: Any) -> dict[str, Tensor]:
    # Copies: a tensor that is a parameter's own would move with it.
    return {n: one.detach().cpu().contiguous().clone() for n, one in sorted(tensors.items())}
