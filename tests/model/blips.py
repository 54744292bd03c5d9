"""Tiny random BLIP-2 and InstructBLIP checkpoints, in the layout of the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    BlipImageProcessorPil,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    LlamaConfig,
    OPTConfig,
    PreTrainedTokenizerFast,
)

from liit.data.encode import Encoder
from liit.model import mini
from liit.model.load import READER, load_model, load_processor

FAMILIES = ("blip-2", "instructblip")
QUERIES, SIDE = 4, 28
WORDS = "question short answer : ? what is it a the image description same why no they differ by"


def save_blip(family: str, folder: Path, seed: int = 0) -> None:
    """Write a checkpoint with drawn weights: OPT below BLIP-2, Llama below InstructBLIP."""
    texts = ["Question: What is it? Short answer: thing 0 1 2 3 4 5 6 7 8 9", WORDS]
    tokenizer = mini.train_tokenizer(texts, 400)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    shared: dict[str, Any] = {
        "vision_config": {
            **sizes, "intermediate_size": 24, "image_size": SIDE, "patch_size": 7,
        },
        "qformer_config": {
            **sizes, "intermediate_size": 24, "vocab_size": 60, "max_position_embeddings": 160,
            "cross_attention_frequency": 1, "encoder_hidden_size": 16,
            "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
        },
        "num_query_tokens": QUERIES,
        "image_token_index": tokenizer.convert_tokens_to_ids("<image>"),
    }  # fmt: skip
    text: dict[str, Any] = {"vocab_size": len(tokenizer), "max_position_embeddings": 256, **sizes}
    text["tie_word_embeddings"] = False  # tied, a random model repeats its last word
    marks = {
        f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")
    }
    made: Any
    if family == "blip-2":
        opt = OPTConfig(**text, **marks, ffn_dim=24, word_embed_proj_dim=16, dropout=0.0)
        config: Any = Blip2Config(**shared, text_config=opt.to_dict())
        made = Blip2ForConditionalGeneration
    else:
        llama = LlamaConfig(**text, **marks, intermediate_size=24, num_key_value_heads=2)
        config = InstructBlipConfig(**shared, text_config=llama.to_dict())
        made = InstructBlipForConditionalGeneration
        _reader().save_pretrained(folder / READER)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = made(config)
        for name, one in model.named_parameters():  # no zeros, and large enough to answer apart
            is_norm = "norm" in name.lower() and name.endswith("weight")
            one.data = 0.4 * torch.randn(one.shape) + float(is_norm)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    BlipImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


def _reader() -> Any:
    """A tokenizer of words in BERT's manner: [CLS] … [SEP], [PAD] 0."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS.split()]
    tokenizer = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]"
    )


def open_blip(folder: Path) -> tuple[Any, Encoder]:
    """The model and its encoder, opened as those of a published checkpoint are."""
    encoder = Encoder(load_processor(folder), system_prompt="", max_length=200, written="blip")
    return load_model(folder, dtype="float32"), encoder
