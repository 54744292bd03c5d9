"""What the evaluation harness costs over a bare `generate` loop on the same questions.

    python benchmarks/evaluation.py

All exams of scale mini, drawn afresh. The model is base/ where it was made (answers then end as
they do in a campaign), else one with random weights. The bare loop has its prompts encoded
beforehand, takes them in file order and decodes; it neither parses nor scores nor stores.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from harness import ROOT, Side, by_turns, options, publish
from mini import mini_world

from liit import paths
from liit.base import RECORD, open_encoder, theta_zero
from liit.config import Params, load_params
from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import Sample
from liit.data.store import SampleStore, write_store
from liit.data.world import draw_exam
from liit.evaluation.evaluator import Evaluator
from liit.model.load import load_theta
from signals import quiet

SIDES = {
    "ours": "Evaluator.run: lm-eval, our batches, parsing, scores and stored answers",
    "bare_generate": "collate, model.generate(do_sample=False), batch_decode",
}
QUICK_TASKS = ("gqa", "refcoco")


def main() -> None:
    """Measure, print and write."""
    parser = options(__doc__)
    parser.add_argument("--items", type=int, default=100, help="questions per exam")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    quiet()
    os.chdir(ROOT)
    params = load_params()
    tasks = QUICK_TASKS if asked.quick else [exam.task for exam in params.exams]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task in tasks:
            drawn = draw_exam(task, size=4 if asked.quick else asked.items, seed=1)
            write_store(drawn, folder / f"{task}.arrow")
        model, encoder, weights = _subject(params, folder)
        result = compare(
            model,
            encoder,
            tasks,
            folder,
            batch_size=params.evaluate.batch_size,
            repeats=asked.repeats,
        )
    headline = {"evaluation_over_bare_generate": result["ratios"]["ours_over_bare_generate"]}
    publish("evaluation", {**result, "weights": weights}, headline, asked.out)


def compare(
    model: Any,
    encoder: Encoder,
    tasks: Sequence[str],
    folder: Path,
    *,
    batch_size: int,
    repeats: int,
) -> dict[str, Any]:
    """Ask every question of ``folder`` on both sides by turns; no answer is used twice."""
    examiner = Evaluator(
        encoder,
        tasks,
        tasks_dir=paths.TASKS,
        exams_dir=folder,
        store=folder / "answers.sqlite",
        batch_size=batch_size,
    )
    limits = _limits(examiner)
    prompts = {
        task: [_question(encoder, one) for one in SampleStore(folder / f"{task}.arrow")]
        for task in tasks
    }
    count, fresh = sum(map(len, prompts.values())), itertools.count()
    sides = {
        "ours": Side(lambda: examiner.run(model, f"round {next(fresh)}"), count),
        "bare_generate": Side(
            lambda: [
                generate(model, encoder, some, limits[task], batch_size)
                for task, some in prompts.items()
            ],
            count,
        ),
    }
    times = by_turns(sides, repeats)
    return {
        "sides": SIDES,
        "questions": count,
        "batch_size": batch_size,
        "milliseconds_per_question": times.medians(),
        "rounds": times.rounds,
        "ratios": {"ours_over_bare_generate": times.ratio("ours", "bare_generate")},
    }


@torch.inference_mode()
def generate(
    model: Any, encoder: Encoder, prompts: Sequence[Encoded], limit: int, batch_size: int
) -> list[str]:
    """Answer prompts greedily, batch by batch in their order."""
    answers: list[str] = []
    for start in range(0, len(prompts), batch_size):
        batch = encoder.collate(prompts[start : start + batch_size], pad="left")
        inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
        given = model.generate(**inputs, do_sample=False, max_new_tokens=limit)
        new = given[:, inputs["input_ids"].shape[1] :]
        answers += encoder.tokenizer.batch_decode(new, skip_special_tokens=True)
    return answers


def _question(encoder: Encoder, sample: Sample) -> Encoded:
    """Return what the model is given before it answers."""
    ids = encoder.prompt(sample)
    nothing = torch.full_like(ids, IGNORED)
    return Encoded(sample.id, ids, nothing, encoder.pictures(sample.images, None))


def _limits(examiner: Evaluator) -> dict[str, int]:
    """Return how many tokens each task allows."""
    tasks = examiner._loaded["tasks"]
    return {name: task.config.generation_kwargs["max_gen_toks"] for name, task in tasks.items()}


def _subject(params: Params, folder: Path) -> tuple[Any, Encoder, str]:
    """Return a model, its encoder, and what its weights are."""
    if RECORD.is_file():
        model = load_theta(theta_zero(), dtype=params.model.dtype, merged=True)
        return model.eval(), open_encoder(params), "base/"
    world = mini_world(60, folder)
    return world.model.eval(), world.encoder, "random"


if __name__ == "__main__":
    main()
