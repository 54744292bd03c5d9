"""What continual learners cost over plain training: time of an optimiser step, and memory.

    python benchmarks/learners.py

Step 3 of a stream at scale mini with random weights: its budget's batches, LoRA and settings, one
epoch. What EWC and DER keep grows with the steps, so the middle of the stream's five is timed: an
average one. Every learner of experiments/continual that changes how a step trains has a past of its
own, kept at t = 0 and made by short training at steps 1 and 2. All train on records with images,
the only ones of EProj. What is done before and after training stands in the reports, not here.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from harness import ROOT, Side, by_turns, options, publish
from mini import mini_world
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from liit.learner import START, STATE, Learner, Past
from liit.learning.lesson import Lesson
from liit.learning.train import fit
from liit.model import lora
from liit.model.load import Theta, load_theta
from liit.selection import load
from signals import quiet

TABLE = "continual"
PLAIN = "plain"
STEP = 3
MEASURED = 16
"""Samples that importances, similarities and keys are of in the past: no step's time depends on
their number."""
PROFILED = 2
"""Optimiser steps of which every allocation is noted."""
MEMORY = (
    "bytes of tensors at the peak of an optimiser step: weights and what the learner holds between "
    "steps, and what PyTorch's allocator gave out and did not yet take back (torch.profiler)"
)


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Samples: of each dataset, of an earlier step's training, and of what is timed."""

    dataset: int
    earlier: int
    timed: int


@dataclasses.dataclass(frozen=True)
class Pupil:
    """A model at the step that is timed, with the lesson that it is given; None: plain training."""

    model: Any
    lesson: Lesson | None


def main() -> None:
    """Measure, print and write."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    quiet()
    sizes = Sizes(8, 4, 4) if asked.quick else Sizes(320, 64, 256)
    with tempfile.TemporaryDirectory() as folder:
        measured = Classroom(Path(folder), sizes).compare(asked.repeats)
    publish("learners", measured, {}, asked.out)


class Classroom:
    """A world, its datasets by step, and a base on disk that all learners start from."""

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        self.folder, self.sizes = folder, sizes
        self.world = mini_world(5 * (STEP + 1) * sizes.dataset // 4, folder)
        self.corpus, model = self.world.seeing(folder), self.world.model
        shown = [one for one in self.world.ids if self.corpus.sample(one).images]
        self.datasets = {
            step: shown[step * sizes.dataset : (step + 1) * sizes.dataset]
            for step in range(STEP + 1)
        }
        assert len(self.datasets[STEP]) == sizes.dataset, "too few records with images"
        self.base = folder / "base"
        model.save_pretrained(self.base)
        fresh = lora.attach(model, self.world.params.lora, seed=0)
        self._save(fresh, self._adapter(PLAIN, 0))
        self.devices = dataclasses.replace(self.world.params.devices, accelerator="cpu", devices=1)
        self.train = dataclasses.replace(self.world.params.train, epochs=1)

    def compare(self, repeats: int) -> dict[str, Any]:
        """Time one epoch of every learner by turns, and weigh what each holds."""
        learners = learners_of(self.world.params.tables[TABLE].rows)
        pupils = {PLAIN: Pupil(self._model([self._adapter(PLAIN, 0)]), None)}
        pupils |= {name: self.taught(name, learner) for name, learner in learners.items()}
        ids = self.datasets[STEP][: self.sizes.timed]
        steps = -(-len(ids) // self.train.batch_size)
        sides = {
            name: Side(lambda one=one: self.study(one, ids), steps) for name, one in pupils.items()
        }
        times = by_turns(sides, repeats)
        peaks = {name: self.peak(pupil) for name, pupil in pupils.items()}
        return {
            "scale": self.world.params.scale,
            "step": STEP,
            "batch_size": self.train.batch_size,
            "optimiser_steps": steps,
            "milliseconds_per_optimiser_step": times.medians(),
            "rounds": times.rounds,
            "memory": MEMORY,
            "peak_bytes": peaks,
            "learners": {
                name: {
                    "learner": learner.described(),
                    "step_time_over_plain": times.ratio(name, PLAIN),
                    "memory_over_plain": peaks[name] / peaks[PLAIN],
                    "held_bytes": bytes_of(held(pupils[name])) - bytes_of(held(pupils[PLAIN])),
                }
                for name, learner in learners.items()
            },
        }

    def taught(self, name: str, learner: Learner) -> Pupil:
        """Take a learner through the earlier steps, and prepare it for the one that is timed."""
        if "samples" in learner.described():
            learner = dataclasses.replace(learner, samples=MEASURED)  # type: ignore[call-arg]
        for step in range(1, STEP):
            model, lesson = self._lesson(name, learner, step)
            self.study(Pupil(model, lesson), lesson.ids()[: self.sizes.earlier])
            lesson.finish(model)
            self._save(model, self._adapter(name, step))
            lesson.keep(self._adapter(name, step))
        return Pupil(*self._lesson(name, learner, STEP))

    def study(self, pupil: Pupil, ids: Sequence[str]) -> None:
        """Train one epoch as a step of the stream does."""
        fit(
            pupil.model,
            self.corpus,
            ids,
            train=self.train,
            devices=self.devices,
            seed=0,
            lesson=pupil.lesson,
        )

    def peak(self, pupil: Pupil) -> int:
        """Return the bytes of tensors at the peak of an optimiser step."""
        pupil.model.zero_grad(set_to_none=True)
        ids = self.datasets[STEP][: min(self.sizes.timed, PROFILED * self.train.batch_size)]
        return bytes_of(held(pupil)) + most_out(lambda: self.study(pupil, ids), self.folder)

    def _lesson(self, name: str, learner: Learner, step: int) -> tuple[Any, Lesson]:
        adapters = {past: self._adapter(name, past) for past in range(step)}
        later = {past: self._adapter(name, past) / STATE for past in range(1, step)}
        past = Past(
            now=step,
            run_seed=0,
            corpus=self.corpus,
            arrived={one: self.datasets[one] for one in range(step + 1)},
            chosen=self.datasets[step],
            steps=range(step),
            adapters=adapters,
            states={0: self._adapter(name, 1) / START, **later},
        )
        model, lesson = self._model(list(adapters.values())), Lesson(learner, past)
        lesson.attach(model)
        return model, lesson

    def _adapter(self, name: str, step: int) -> Path:
        return self.folder / (f"adapters/{name}/{step}" if step else "adapter")

    def _model(self, adapters: Sequence[Path]) -> Any:
        """Return the model with these adapters merged, and a fresh one."""
        params = self.world.params
        theta = Theta(str(self.base), tuple(adapters[:-1]), adapters[-1])
        model = load_theta(theta, dtype=params.model.dtype, merged=True, routed=False)
        return lora.attach(model, params.lora, seed=len(adapters))

    def _save(self, model: Any, folder: Path) -> None:
        lora.save_adapter(model, folder, str(self.base))


def learners_of(rows: Sequence[str]) -> dict[str, Learner]:
    """Return the learners that change how a step trains, each once, by their rows' names."""
    found: dict[str, Learner] = {}
    for name in rows:
        learner = load(TABLE, name, ROOT / "experiments").learner
        if learner and learner.changes("attach", "loss", "gradients"):
            found |= {} if learner in found.values() else {name: learner}
    return found


def held(pupil: Pupil) -> list[Tensor]:
    """Return the tensors that live from one optimiser step to the next, gradients apart."""
    past = pupil.lesson.past if pupil.lesson else None
    return list(tensors_in([pupil.model, *([past.opened, past.held] if past else [])]))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield all tensors in a module, or in nested groups."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, nn.Module):
        yield from (*value.parameters(), *value.buffers())
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors_in(one)


def bytes_of(tensors: Sequence[Tensor]) -> int:
    """Return the bytes of tensors; memory that several share counts once."""
    storages = {one.untyped_storage().data_ptr(): one.untyped_storage() for one in tensors}
    return sum(one.nbytes() for one in storages.values())


def most_out(work: Callable[[], None], folder: Path) -> int:
    """Return the most bytes of tensors that were made meanwhile and alive at once."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        work()
    trace = folder / "trace.json"
    profiled.export_chrome_trace(str(trace))
    return highest(json.loads(trace.read_text("utf-8"))["traceEvents"])


def highest(events: Sequence[Mapping[str, Any]]) -> int:
    """Return the most bytes that were out at once, of those that a trace saw given out."""
    noted = [one for one in events if one.get("name") == "[memory]"]
    out: dict[int, int] = {}
    total = peak = 0
    for event in sorted(noted, key=lambda one: float(one["ts"])):
        address, size = event["args"]["Addr"], event["args"]["Bytes"]
        total -= out.pop(address, 0)
        if size > 0:
            out[address] = size
            total += size
        peak = max(peak, total)
    return peak


if __name__ == "__main__":
    main()
