"""How a step learns: the moments of a learner, and what earlier steps left for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from liit.errors import LiitError
from liit.seeds import generator

STATE = "learner.safetensors"
"""What a learner keeps of a step, beside the step's adapter."""
START = "learner_start.safetensors"
"""What it keeps of the model that the stream starts from, beside the first step's adapter."""
RECORD = "learner.json"
"""Its name and numbers, the ids that it drew, and what it says of the step."""
ALONE = ("loss", "gradients", "finish")
"""Moments that were tried on one rank alone."""


@dataclass(frozen=True)
class Sizes:
    """How large what a learner deals with at a step is: numbers, and samples.

    ``step``: its number, 0 for the start of the stream. ``adapted``: weights below the adapters,
    ``matrix`` in the largest of them; ``factors``, of which ``first`` read what enters, and
    ``projector``: trained beside them; ``logits``: answer tokens of a sample times the vocabulary;
    ``batch``, ``micro_batch``: samples of an optimiser step and of a micro-batch;
    ``number_bytes``: of a number in the model's precision.
    """

    step: int
    adapted: float
    matrix: float
    factors: float
    first: float
    projector: float
    logits: float
    batch: int
    micro_batch: int
    number_bytes: int


@dataclass(frozen=True)
class Extra:
    """What a learner costs beside plain training, for `liit plan`.

    ``replayed``: share of all earlier samples that a step trains on besides. Per sample of
    training, ``forwards`` passes, and ``gradients`` passes forward and backward. After each step,
    t = 0 included, ``measured`` samples pass forward and backward, and ``kept`` numbers stay on
    disk. On the device, while a step trains, lie the activations of ``beside`` samples and ``held``
    bytes more; ``apart`` from a micro-batch, that many samples pass backward at once in eval mode,
    where nothing is recomputed, beside ``apart_held`` bytes.
    """

    replayed: float = 0.0
    forwards: float = 0.0
    gradients: float = 0.0
    measured: int = 0
    kept: float = 0.0
    beside: int = 0
    held: float = 0.0
    apart: int = 0
    apart_held: float = 0.0


SINGLE = 4
"""Bytes of a number in float32."""


def importance_cost(sizes: Sizes, samples: int, kept: float = 2.0) -> Extra:
    """Return what :mod:`liit.learning.space` costs: ``kept`` numbers of each weight stay.

    A penalty has five float32 arrays of one matrix at a time: importance, anchor, how far the
    weight moved, its square, and their product. The pass after the step has every gradient in the
    model's precision, and the sums.
    """
    weights = sizes.adapted + sizes.projector
    return Extra(
        measured=samples,
        kept=kept * weights,
        held=5 * SINGLE * sizes.matrix,
        apart=1,
        apart_held=(sizes.number_bytes + SINGLE) * weights,
    )


@dataclass
class Past:
    """What earlier steps left, opened on demand; a new process finds the same.

    ``now``: number of this step. ``arrived``: sorted ids of the dataset of each step up to now.
    ``chosen``: this step's selection. ``steps``: the earlier steps whose model this one continues.
    ``adapters``, ``states``: their folders and files, by step. ``logits`` [m, V] are those of the
    micro-batch in hand, ``step`` counts the optimiser steps and ``micro`` the micro-batches of the
    one in hand. ``ids``: what was drawn, by purpose; it is written down beside the adapter.
    ``held``: what a learner holds while the step trains; ``told``: what it says of the step, as
    JSON, for the result. ``device``: where batches go; None leaves them.
    """

    now: int
    run_seed: int
    corpus: Any
    arrived: Mapping[int, Sequence[str]]
    chosen: Sequence[str]
    steps: Sequence[int] = ()
    adapters: Mapping[int, Path] = field(default_factory=dict)
    states: Mapping[int, Path] = field(default_factory=dict)
    logits: Any = None
    step: int = 0
    micro: int = 0
    ids: dict[str, list[str]] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    opened: dict[Path, Mapping[str, Any]] = field(default_factory=dict)
    device: Any = None

    def state(self, step: int) -> Mapping[str, Any]:
        """Return the tensors that the learner kept of an earlier step, by name."""
        return self._open(self.states[step])

    def adapter(self, step: int) -> Mapping[str, Any]:
        """Return the tensors of an earlier step's adapter, by the names of its file."""
        return self._open(self.adapters[step] / "adapter_model.safetensors")

    def draw(self, purpose: str, ids: Sequence[str], count: int, *axes: str | int) -> list[str]:
        """Draw ``count`` ids, or all there are, and note them; the same in every process."""
        order = generator(self.run_seed, self.now, purpose, *axes).permutation(len(ids))
        drawn = sorted(ids[place] for place in order[:count].tolist())
        self.ids.setdefault(purpose, []).extend(drawn)
        return drawn

    def with_images(self, ids: Sequence[str]) -> list[str]:
        """Return the samples that have images, in the given order."""
        return [one for one in ids if self.corpus.sample(one).images]

    def batch(self, ids: Sequence[str], device: Any = None) -> dict[str, Any]:
        """Return samples as one batch, on a device if one is named here or by the step."""
        device = self.device if device is None else device
        batch = self.corpus.encoder.collate([self.corpus.encoded(one) for one in ids])
        return {n: one.to(device) if hasattr(one, "to") else one for n, one in batch.items()}

    def singles(
        self, purpose: str, count: int, ids: Sequence[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield samples as batches of one, drawn and noted: of ``ids``, or of those chosen."""
        drawn = self.draw(purpose, self.chosen if ids is None else ids, count)
        yield from (self.batch([one]) for one in drawn)

    def _open(self, file: Path) -> Mapping[str, Any]:
        if file not in self.opened:
            from safetensors.torch import load_file

            self.opened[file] = load_file(file)
        return self.opened[file]


@dataclass(frozen=True)
class Learner:
    """Plain training; a subclass changes the moments that it needs.

    Raise a subclass's ``version`` when it gives other weights. ``fresh``: it wants a fresh adapter
    at every step.
    """

    version: ClassVar[int] = 1
    fresh: ClassVar[bool] = False

    def attach(self, model: Any, past: Past) -> None:
        """Prepare the adapted model before the optimiser is made, or refuse it."""

    def ids(self, past: Past) -> Sequence[str]:
        """Return the ids to train on."""
        return past.chosen

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:  # noqa: ARG002
        """Return the loss of a micro-batch, in units of the token mean ``task_loss``."""
        return task_loss

    def gradients(self, model: Any, past: Past) -> float | None:  # noqa: ARG002
        """Change the gradients, once per optimiser step: complete, unscaled, not yet clipped.

        What it returns is noted in the step's curve as ``changed``.
        """
        return None

    def finish(self, model: Any, past: Past) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what to keep of the trained model, in eval mode: tensors by name."""
        return {}

    def route(self, model: Any, state: Mapping[str, Any]) -> None:
        """Give a loaded model the modules that its records or tokens are routed to.

        ``state`` is what the last step kept. It is called wherever a model is loaded but to be
        trained; what a record is routed to must not depend on the rest of its batch.
        """

    def cost(self, sizes: Sizes) -> Extra:  # noqa: ARG002
        """Return what the learner costs besides."""
        return Extra()

    def changes(self, *moments: str) -> bool:
        """Return whether the learner has any of these moments."""
        return any(getattr(type(self), one) is not getattr(Learner, one) for one in moments)

    @property
    def alone(self) -> bool:
        """Whether it trains on one rank alone."""
        return self.changes(*ALONE)

    def refusal(self, mode: str, devices: Any) -> LiitError | None:
        """Return why it does not train under ``lora.mode`` and ``devices`` of params.yaml."""
        if self.fresh and mode != "merge_fresh":
            return LiitError(
                f"the learner wants a fresh adapter at every step, and lora.mode is {mode}.",
                next_step="set lora.mode to merge_fresh.",
            )
        several = devices.devices * devices.num_nodes > 1
        if self.alone and (several or devices.strategy != "auto"):
            return LiitError(
                "the learner sees gradients and weights, which it was not tried on where several "
                "ranks share or split them.",
                next_step="set devices.devices and devices.num_nodes to 1 and devices.strategy to "
                "auto, or use a learner that only rehearses.",
            )
        return None

    def described(self) -> dict[str, Any]:
        """Return the learner's name and numbers as JSON."""
        return {"name": type(self).__name__, **asdict(self)}
