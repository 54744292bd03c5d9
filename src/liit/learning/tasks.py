"""How similar two tasks are: what their records show, ask and answer, fused into one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import functional

from liit.learner import Past
from liit.model.records import queries

MODALITIES = ("image", "instruction", "answer")
Task = Mapping[str, Tensor]
"""The sum of a task's unit queries by modality; one that no record has is left out."""


def task_of(
    model: Any, past: Past, count: int, ids: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """Return the embedding of this step's task over ``count`` of ``ids``, or of what it chose.

    Its direction is the mean of the records' features at unit length, so that no long one leads.
    """
    training = model.training
    model.eval()
    sums: dict[str, Tensor] = {}
    for batch in past.singles("task", count, ids):
        for name, query in queries(model, batch).items():
            if not query.isnan().any():
                sums[name] = sums.get(name, 0) + functional.normalize(query[0], dim=0).cpu()
    model.train(training)
    return sums


def similarities(tasks: Sequence[Task]) -> list[float]:
    """Return the similarity of the last task to each one before, from 0 to 1.

    In each modality the cosines of all pairs of tasks are standardised by their mean and (n − 1)
    deviation and squashed by a sigmoid; where all are equal that is 1/2, and a single pair counts
    with its cosine, not below 0. The product over the modalities that both tasks have is raised to
    3 / their number, so that a missing one leaves the scale. Source: the public code line of He et
    al. (arXiv 2311.16206; the paper's equations are not available), whose table of pairs this is;
    the guards and the exponent are ours.
    """
    last = len(tasks) - 1
    shares: dict[int, list[float]] = {k: [] for k in range(last)}
    for name in MODALITIES:
        for (one, other), share in _squashed(tasks, name).items():
            if other == last:
                shares[one].append(share)
    return [float(np.prod(s)) ** (3 / len(s)) if s else 0.0 for s in shares.values()]


def _squashed(tasks: Sequence[Task], name: str) -> dict[tuple[int, int], float]:
    having = [place for place, task in enumerate(tasks) if name in task]
    pairs = list(combinations(having, 2))
    cosines = np.array([_cosine(tasks[one][name], tasks[other][name]) for one, other in pairs])
    if len(pairs) < 2:
        return dict(zip(pairs, cosines.clip(0, 1).tolist(), strict=True))
    spread = cosines.std(ddof=1)
    centred = (cosines - cosines.mean()) / (spread if spread > 1e-9 else np.inf)
    return dict(zip(pairs, (1 / (1 + np.exp(-centred))).tolist(), strict=True))


def _cosine(one: Tensor, other: Tensor) -> float:
    return float(functional.cosine_similarity(one.double(), other.double(), dim=0))


def numbered(kind: str, groups: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return groups of tensors as a part of a learner's state, by kind, number and name."""
    return {
        f"{kind}/{k}/{name}": one for k, part in enumerate(groups) for name, one in part.items()
    }


def groups_in(state: Mapping[str, Tensor], kind: str) -> list[dict[str, Tensor]]:
    """Return the groups of a kind that a state holds, in their order."""
    found: dict[int, dict[str, Tensor]] = {}
    for key, one in state.items():
        if key.startswith(f"{kind}/"):
            _, k, name = key.split("/")
            found.setdefault(int(k), {})[name] = one
    return [found[k] for k in sorted(found)]


def kept_tasks(tasks: Sequence[Task]) -> dict[str, Tensor]:
    """Return the embeddings of the tasks so far as a part of a learner's state."""
    return numbered("task", tasks)


def tasks_in(state: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return the embeddings of the tasks that a state knows, the oldest first."""
    return groups_in(state, "task")
