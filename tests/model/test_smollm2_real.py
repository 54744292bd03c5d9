"""Scale ``smollm2`` with its real weights: what is supervised, and that the numbers are the file's.

Needs the folder and the file of docs/real-data.md ("Language models"): LIIT_SMOLLM2 names the
folder that `liit unpack` wrote, LIIT_SMOLLM2_GGUF the file that it came from.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf_forward import GgufLlama

from liit.data.encode import IGNORED, Encoder
from liit.data.readers import load_reader
from liit.data.sample import Sample
from liit.model.load import load_model, load_processor

STREAM = Path(__file__).parents[3] / "shared" / "streams" / "cl_benchmark" / "CL_Benchmark"
TASKS = [
    "NLI/MNLI", "NLI/CB", "WiC/WiC", "COPA/COPA", "QQP/QQP",
    "BoolQA/BoolQA", "NLI/RTE", "SC/SST-2", "SC/amazon", "TC/agnews",
]  # fmt: skip
END = "<|im_end|>"


def place(variable: str) -> Path:
    """The path that an environment variable names; skips where it names none that is there."""
    path = Path(os.environ.get(variable, ""))
    if variable not in os.environ or not path.exists():
        pytest.skip(f"{variable} names no weights of SmolLM2 (docs/real-data.md)")
    return path


@pytest.fixture
def folder() -> Path:
    if not STREAM.is_dir():
        pytest.skip("O-LoRA's benchmark is not at hand (../shared/streams)")
    return place("LIIT_SMOLLM2")


def samples(task: str, split: str) -> list[Sample]:
    read = load_reader("cl_benchmark", split=split)
    return [one for one in read("set", [STREAM / task], None) if isinstance(one, Sample)]


@cache
def encoder(folder: Path) -> Encoder:
    processor = load_processor(folder)
    return Encoder(processor, system_prompt="", max_length=10**6, written="checkpoint")


@pytest.mark.parametrize("task", TASKS)
def test_masks_decode_to_exactly_the_answers(folder: Path, task: str) -> None:
    """One stretch at the end of each sample, answer and end mark, behind the template's prompt."""
    ours = encoder(folder)
    for sample in samples(task, "train") + samples(task, "test"):
        ids, labels = ours.tokens(sample, None)
        (places,) = torch.nonzero(labels != IGNORED, as_tuple=True)
        assert places.tolist() == list(range(int(places[0]), len(ids))), sample.id
        assert ours.tokenizer.decode(labels[places]) == sample.turns[1].text + END, sample.id
        asked = ours.tokenizer.decode(ids[: places[0]])
        assert asked.endswith(f"{sample.turns[0].text}{END}\n<|im_start|>assistant\n"), sample.id
        assert torch.equal(ours.prompt(sample), ids[: places[0]])


def test_likelihoods_are_those_of_a_forward_pass_of_another_make(folder: Path) -> None:
    """Both work in float32 on the same dequantised weights: only the order of sums may differ.

    Over 50 texts, five of each task, the two differed by at most 9e-5 nats of up to a thousand.
    """
    other = GgufLlama(place("LIIT_SMOLLM2_GGUF"))
    model, tokenizer = load_model(folder, dtype="float32"), encoder(folder).tokenizer
    for task in TASKS:
        question, answer = samples(task, "test")[0].turns
        ids = tokenizer(f"{question.text} {answer.text}", add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            chances = model(torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1)
        ours = float(chances[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].sum())
        assert ours == pytest.approx(other.log_likelihood(np.array(ids)), abs=1e-3), task
