"""The experts of a stream with their keys, and which of them each step trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from liit.learner import Past
from liit.learning.experts import KEYS, nearest
from liit.learning.tasks import (
    Task,
    groups_in,
    kept_tasks,
    numbered,
    similarities,
    tasks_in,
)
from liit.model.records import queries


@dataclass
class Bank:
    """``experts``: parameters of each; ``owners``: the expert of each step; ``tasks``: of each."""

    experts: list[dict[str, Tensor]]
    owners: list[int]
    tasks: list[Task]

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Bank:
        """Return the bank of a learner's state; an empty one of an empty state."""
        owners = state["owners"].tolist() if "owners" in state else []
        return cls(groups_in(state, "expert"), owners, list(tasks_in(state)))

    def state(self) -> dict[str, Tensor]:
        """Return the bank as tensors by name."""
        owners = torch.tensor(self.owners)
        return {**numbered("expert", self.experts), **kept_tasks(self.tasks), "owners": owners}

    def choice(self, task: Task, reuse: float | None) -> tuple[int, int]:
        """Return the expert that a new task trains, and the one that it starts from."""
        if reuse is None:
            return len(self.experts), 0
        similar = similarities([*self.tasks, task])
        best = max(range(len(similar)), key=similar.__getitem__)
        expert = self.owners[best]
        return (expert if similar[best] >= reuse else len(self.experts)), expert

    def add(self, task: Task, expert: int, tensors: Mapping[str, Tensor]) -> None:
        """Note what a step trained: an expert of its own, or one that is there."""
        self.experts[expert : expert + 1] = [dict(tensors)]
        self.owners.append(expert)
        self.tasks.append(task)

    def keys(self) -> dict[str, Tensor]:
        """Return each expert's keys, [experts, w] by modality: the sums of its tasks' queries.

        Only their directions count, so a sum is a mean weighted by samples.
        """
        numbers = range(len(self.experts))
        return {name: torch.stack([self._key(name, k) for k in numbers]) for name in KEYS}

    def confusion(self, model: Any, past: Past, count: int) -> dict[str, Any]:
        """Return how records of every dataset so far are routed: rows are steps, columns experts.

        ``count`` records with images of each dataset; ``accuracy`` is the share (0..1) that goes to
        the expert which its step trained, None without any record.
        """
        keys, rows = self.keys(), []
        for step in [*past.steps, past.now]:
            rows.append([0] * len(self.experts))
            shown = past.with_images(past.arrived[step])
            for id_ in past.draw("routing", shown, count, step):
                asked = {n: one.cpu() for n, one in queries(model, past.batch([id_])).items()}
                rows[-1][int(nearest(asked, keys))] += 1
        right = sum(row[owner] for row, owner in zip(rows, self.owners, strict=True))
        total = sum(map(sum, rows))
        accuracy = right / total if total else None
        return {"confusion": rows, "experts": self.owners, "accuracy": accuracy}

    def _key(self, name: str, expert: int) -> Tensor:
        owned = zip(self.tasks, self.owners, strict=True)
        return torch.stack([task[name] for task, owner in owned if owner == expert]).sum(0)
