"""A real but small LLaVA: CLIP tower, two-layer projector, Llama, and a tokenizer of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessorPil,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from liit.config import MiniModel
from liit.data.sample import IMAGE_TAG
from liit.data.vision import NoImages, Parts

SPECIAL_TOKENS = ["<unk>", "<s>", "</s>", "<pad>", IMAGE_TAG]


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Train a byte-level BPE tokenizer with Llama's special tokens and ``<image>``."""
    tokenizer = Tokenizer(models.BPE())
    # Digits one by one, as Llama does: boxes and sums are then made of ten tokens. Chinese by the
    # character: of a vocabulary of this size most would else be told by parts of their bytes.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated"),
            pre_tokenizers.ByteLevel(False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((text.replace(IMAGE_TAG, "") for text in texts), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", SPECIAL_TOKENS.index("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=SPECIAL_TOKENS[0],
        bos_token=SPECIAL_TOKENS[1],
        eos_token=SPECIAL_TOKENS[2],
        pad_token=SPECIAL_TOKENS[3],
        additional_special_tokens=[IMAGE_TAG],
        clean_up_tokenization_spaces=False,
    )


def build_processor(tokenizer: Any, shape: MiniModel) -> LlavaProcessor | Parts:
    """Pair a tokenizer with LLaVA's image processor (pad to a square with CLIP's mean colour)."""
    if not shape.sees:
        return Parts(tokenizer, None, NoImages())
    side = shape.image_side
    images = LlavaImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}, do_pad=True
    )
    return LlavaProcessor(
        images,
        tokenizer,
        patch_size=shape.patch,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=IMAGE_TAG,
    )


def build_model(
    tokenizer: Any, shape: MiniModel, max_length: int, seed: int
) -> LlavaForConditionalGeneration | LlamaForCausalLM:
    """Build a LLaVA-1.5, or a Llama, of the given geometry with weights drawn from ``seed``."""
    text = _language_config(tokenizer, shape, max_length)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = (
            LlavaForConditionalGeneration(_llava_config(tokenizer, shape, text))
            if shape.sees
            else LlamaForCausalLM(text)
        )
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.bos_token_id = tokenizer.bos_token_id
    return model


def _language_config(tokenizer: Any, shape: MiniModel, max_length: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        intermediate_size=shape.mlp_width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
        # The default of 0.02 suits widths of thousands; a narrow model starts too quiet with it.
        initializer_range=0.05,
    )


def _llava_config(tokenizer: Any, shape: MiniModel, text: LlamaConfig) -> LlavaConfig:
    vision = CLIPVisionConfig(
        hidden_size=shape.vision_width,
        intermediate_size=2 * shape.vision_width,
        num_hidden_layers=shape.vision_layers,
        num_attention_heads=max(1, shape.vision_width // 32),
        image_size=shape.image_side,
        patch_size=shape.patch,
        projection_dim=shape.vision_width,
    )
    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_TAG),
        image_seq_length=shape.patches,
        # A tower of one or two layers has no layer to spare: take its last, not its last but one.
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
    )
