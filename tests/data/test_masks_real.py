"""The loss stands on the answers of every real training file, and on nothing else."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from tiny import SHAPE

from liit.data.encode import IGNORED, Encoder
from liit.data.readers import load_reader
from liit.data.sample import Sample
from liit.model import mini

CHAT = "A chat between a curious user and an artificial intelligence assistant."
FILES = [
    ("llava", "llava_665k/llava_v1_5_mix1k.first500.jsonl"),
    ("llava", "llava_665k/llava_v1_5_mix665k.sample200.json"),
    ("llava", "small_streams/lmms_finetune/celeba_image_train.json"),
    ("llava", "small_streams/lmms_finetune/single_image_has_text_only.json"),
    ("llava", "small_streams/lmms_finetune/multi_images.json"),
    ("llava", "llama_factory_mm/mllm_demo.json"),
    ("vision_flan", "vision_flan/annotation_vision-flan.sample60.json"),
    ("mantis", "mantis/chat/train.sample30.json"),
    ("mantis", "mantis/classification/train.sample8.json"),
    ("mantis", "mantis/training_example.json"),
    ("mantis", "mantis/cls_training_example.json"),
    ("minigpt4", "minigpt4/filter_cap.sample.json"),
    ("scienceqa", "scienceqa/llava_test_CQM-A.json"),
    ("scienceqa", "scienceqa/problems.first400.json"),
    ("tabmwp", "small_streams/tabmwp/problems_test1k.slice100.json"),
    ("nlvr", "small_streams/nlvr/dev/dev.0-150.json"),
    ("easy_vqa", "small_streams/easy_vqa/train/questions.json"),
    ("alpaca", "alpaca/alpaca_en_demo.first150.json"),
    ("alpaca", "alpaca/alpaca_zh_demo.first150.json"),
    ("alpaca", "alpaca/seed_tasks.jsonl"),
    ("alpaca", "alpaca_cot/strategyqa_train.first200.json"),
    ("firefly", "firefly/dummy_data.first25.jsonl"),
    ("firefly", "firefly/firefly-train-1.1M.sample5.jsonl"),
    ("natural_instructions", "natural_instructions/tasks"),
    ("ultrachat", "ultrachat/README_example_line.json"),
    ("xp3", "xp3/xp3_card_example.jsonl"),
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """LLaVA's text over a byte-level vocabulary: whatever is supervised decodes exactly."""
    tokenizer = mini.train_tokenizer([CHAT, "USER: What is it? ASSISTANT: 是 the one"], 320)
    processor = mini.build_processor(tokenizer, SHAPE)
    return Encoder(processor, system_prompt=CHAT, max_length=10**6)


def runs(labels: torch.Tensor) -> list[list[int]]:
    """The stretches of neighbouring supervised tokens."""
    places = (labels != IGNORED).nonzero()[:, 0].tolist()
    cuts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(places)) if b != a + 1), len(places)]
    return [labels[places[a:b]].tolist() for a, b in pairwise(cuts) if b > a]


@pytest.mark.parametrize(("name", "file"), FILES, ids=[file for _, file in FILES])
def test_masks_decode_to_the_assistant_turns(
    samples: Path, encoder: Encoder, name: str, file: str
) -> None:
    read = load_reader(name)
    found = [one for one in read("set", [samples / file], None) if isinstance(one, Sample)]
    assert found
    for sample in found:
        ids, labels = encoder.tokens(sample, None)
        wanted = [f" {turn.text}</s>" for turn in sample.turns if turn.role == "assistant"]
        assert [encoder.tokenizer.decode(run) for run in runs(labels)] == wanted, sample.id
        assert torch.equal(labels[labels != IGNORED], ids[labels != IGNORED])
        shown = int((ids == encoder.image_token).sum())
        assert shown == len(sample.images) * encoder.images.per_image
