"""Models of other families with drawn weights, saved and loaded as a checkpoint would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tiny import image, samples, several_images, text_only
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    Idefics3Config,
    LlamaConfig,
    LlavaOnevisionConfig,
    Qwen2Config,
    Qwen2VLConfig,
    Qwen3Config,
    SiglipVisionConfig,
    SmolLM3Config,
)
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
    LlavaOnevisionImageProcessorPil,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from liit.data.encode import Encoder
from liit.data.sample import Sample, Turn, make_sample
from liit.model import mini
from liit.model.load import load_model, load_processor

LANGUAGE = {
    "llama": LlamaConfig,
    "qwen2": Qwen2Config,
    "qwen3": Qwen3Config,
    "smollm3": SmolLM3Config,
}
FAMILIES = ("qwen2_vl", "llava_onevision", "idefics3", *LANGUAGE)

# The templates of Qwen/Qwen2-VL-7B-Instruct (without video), of
# llava-hf/llava-onevision-qwen2-7b-ov-hf and of HuggingFaceTB/SmolVLM-500M-Instruct.
QWEN = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ONEVISION = (
    "{% for message in messages %}<|im_start|>{{ message['role'] + ' ' }}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}"
    "{{ '<image>' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{{ '\n' + content['text'] }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SMOLVLM = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for line in message['content'] %}"
    "{% if line['type'] == 'text' %}{{ line['text'] }}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
# That of HuggingFaceTB/SmolLM2-135M-Instruct, which wants words and no pieces.
CHAT_ML = (
    "{% for message in messages %}"
    "{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
MARKS = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
MARKS += ["<fake_token_around_image>", "<global-img>"]
SEEING = {"qwen2_vl": QWEN, "llava_onevision": ONEVISION, "idefics3": SMOLVLM}


def save_backbone(family: str, folder: Path) -> None:
    """Write a checkpoint of the family: weights, configuration, tokenizer, image processor."""
    if family in LANGUAGE:
        _save_language_model(LANGUAGE[family], folder)
        return
    tokenizer = _tokenizer(SEEING[family])
    made = {"qwen2_vl": _qwen, "llava_onevision": _onevision, "idefics3": _smolvlm}
    config, images = made[family](tokenizer)
    torch.manual_seed(3)
    AutoModelForImageTextToText.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    images.save_pretrained(folder)


def open_backbone(folder: Path) -> tuple[Any, Encoder]:
    """Load it the way that any checkpoint is loaded."""
    encoder = Encoder(
        load_processor(folder), system_prompt="", max_length=256, written="checkpoint"
    )
    return load_model(folder, dtype="float32"), encoder


def mixed(count: int) -> list[Sample]:
    """Text-only, one-image and two-image samples, with images of several proportions."""
    sizes = [(16, 12), (40, 9), (9, 40), (64, 64)]
    kept = [text_only(1), text_only(22), several_images(3)]
    for number in range(count):
        turns = [Turn("user", "<image>\nWhat is it?"), Turn("assistant", f"thing {number}")]
        kept.append(make_sample("sized", turns, [image(number, sizes[number % 4])]))
    turns = [Turn("user", "<image>\n<image>\nSame?"), Turn("assistant", "no")]
    kept.append(make_sample("two", turns, [image(1, sizes[1]), image(2, sizes[3])]))
    return kept


def samples_of(family: str, count: int) -> list[Sample]:
    """Samples that models of the family can read."""
    return conversations(count) if family in LANGUAGE else mixed(count)


def conversations(count: int) -> list[Sample]:
    """Samples without images, of one and of two turns."""
    kept = [text_only(number) for number in range(count)]
    for number in range(count):
        turns = [
            Turn("user", f"Say {number} twice." + " Please." * number),
            Turn("assistant", f"{number}, {number}"),
            Turn("user", "Again?"),
            Turn("assistant", f"It is {number}"),
        ]
        kept.append(make_sample("talk", turns))
    return kept


def _save_language_model(kind: Any, folder: Path) -> None:
    tokenizer = _tokenizer(CHAT_ML)
    more = {"no_rope_layers": [1, 0, 1]} if kind is SmolLM3Config else {}
    config = kind(**_text(tokenizer, head_dim=16, **more))
    torch.manual_seed(3)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(template: str) -> Any:
    texts = [turn.text for sample in samples(30) for turn in sample.turns]
    tokenizer = mini.train_tokenizer([*texts, "system user assistant helpful"], 400)
    tokenizer.add_special_tokens({"additional_special_tokens": MARKS})
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = template
    return tokenizer


def _text(tokenizer: Any, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 4096,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.2,
        "tie_word_embeddings": False,
        **more,
    }


def _qwen(tokenizer: Any) -> tuple[Any, Any]:
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    config = Qwen2VLConfig(
        text_config=_text(tokenizer, rope_parameters=rope),
        vision_config={
            "depth": 2,
            "embed_dim": 16,
            "hidden_size": 32,
            "num_heads": 2,
            "mlp_ratio": 2,
            "patch_size": 4,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        vision_start_token_id=tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    images = Qwen2VLImageProcessorPil(
        patch_size=4, temporal_patch_size=2, merge_size=2, min_pixels=8 * 8, max_pixels=32 * 32
    )
    return config, images


def _onevision(tokenizer: Any) -> tuple[Any, Any]:
    pinpoints = [[side, other] for side in (16, 32, 48) for other in (16, 32, 48)]
    config = LlavaOnevisionConfig(
        text_config=Qwen2Config(**_text(tokenizer)),
        vision_config=SiglipVisionConfig(
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=16,
            patch_size=4,
            vision_use_head=False,
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=pinpoints,
        vision_aspect_ratio="anyres_max_4",
        tie_word_embeddings=False,
    )
    images = LlavaOnevisionImageProcessorPil(
        size={"height": 16, "width": 16}, image_grid_pinpoints=pinpoints
    )
    return config, images


def _smolvlm(tokenizer: Any) -> tuple[Any, Any]:
    config = Idefics3Config(
        text_config=LlamaConfig(**_text(tokenizer)),
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 4,
        },
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )
    return config, Idefics3ImageProcessorPil(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}
    )
