"""Operations of a pass and of training, by hand; and counted by PyTorch on a real model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from backbones import open_backbone, save_backbone
from blips import FAMILIES, open_blip, save_blip
from tiny import SHAPE, several_images, text_only, tiny
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    Qwen2VLConfig,
)

from liit.config import Lora, Model, Signals
from liit.errors import LiitError
from liit.model import lora
from liit.planning.operations import pass_operations, training_operations
from liit.planning.qformer import QFormer
from liit.planning.shape import (
    BLIP2_OPT_2_7B,
    INSTRUCTBLIP_7B,
    LLAVA_7B,
    SMOLVLM_500M,
    Lengths,
    ModelShape,
    shape_of,
)
from liit.signals.passes import passes_for

TOY = ModelShape(
    layers=3,
    width=4,
    key_value_width=4,
    mlp_width=8,
    vocabulary=10,
    tower_layers=1,
    tower_width=2,
    tower_mlp_width=4,
    patches=3,
)
LENGTHS = Lengths(tokens=6, blind=3, answers=2, images=1)
SETTINGS = Signals(8, "middle", 100, zero_order_directions=5, proxy=None)


def operations(*names: str, shape: ModelShape = TOY, lengths: Lengths = LENGTHS) -> float:
    (one,) = passes_for(frozenset(names))
    return pass_operations(shape, one, lengths, SETTINGS, rank=2)


def test_parts_by_hand() -> None:
    assert TOY.layer_weights == 4 * 16 + 3 * 32
    assert TOY.layer(6) == 2 * 160 * 6 + 4 * 6 * 6 * 4 == 2496
    # keys and values (32 weights) at 6 places, the other 128 at 2; 2 queries see 6 keys
    assert TOY.short_layer(6, 2) == 2 * (32 * 6 + 128 * 2) + 4 * 2 * 6 * 4 == 1088
    assert TOY.head(2) == 160
    # four positions with the class token through 32 weights, 4 x 4 attention, then the projector
    assert TOY.images(1) == 2 * 32 * 4 + 4 * 16 * 2 + 2 * 24 * 3 == 528
    assert TOY.lora_weights(2) == 2 * (2 * 8 + 2 * 8 + 3 * 12)


def test_forward_pass_by_hand() -> None:
    assert operations("nll", "entropy") == 528 + 2 * 2496 + 1088 + 160
    # no image, three tokens
    assert operations("nll_blind") == 2 * (960 + 144) + (2 * (96 + 256) + 96) + 160
    # the last layer at all places, and the head at all of them, too
    assert operations("entropy_all") == 528 + 3 * 2496 + 160 + 480


def test_newer_signals_by_hand() -> None:
    # images and answers alone: 6 - 3 + 2 tokens
    assert operations("nll_unasked") == 528 + 2 * (1600 + 400) + (2 * (160 + 256) + 160) + 160
    # queries and keys of one layer again, and half of its attention
    assert operations("nll", "attended_image") == operations("nll") + 2 * 32 * 6 + 288
    assert operations("fisher_last") == operations("gradient_last")
    assert operations("target_influence") == operations("gradient_all")


def test_backward_pass_by_hand() -> None:
    below = 528 + 2 * 2496 + 1088 + 160
    back = (2496 + 1088 + 160) + (576 + 192)  # layers 1 and 2; attention costs twice
    factors = 4 * 136 * 6 + 2 * 136 * 4  # both sides at six places; four columns of signs
    assert operations("nll", "gradient") == below + back + factors


def test_projector_gradients_cost_a_backward_pass_down_to_the_images() -> None:
    back = (2 * 2496 + 1088 + 160) + (2 * 576 + 192)
    projector = 4 * 24 * 3 + 2 * 24 * 8  # three patches; eight columns of signs
    extra = operations("nll", "gradient_projector") - operations("nll")
    assert extra == back + projector


def test_zero_order_runs_the_upper_layers_twice_per_direction() -> None:
    upper = 2496 + 1088 + 160
    extra = operations("nll", "gradient_zero_order") - operations("nll")
    assert extra == 2 * 5 * upper


def test_training_by_hand() -> None:
    layer = 2 * 1920 + 3 * 576 + 3 * 1632
    rest = 2 * 160 + 528 + 2 * 2 * 24 * 3
    assert training_operations(TOY, LENGTHS, 2, checkpointing=False) == 3 * layer + rest
    again = 3 * 1920 + 4 * 576 + 4 * 1632
    assert training_operations(TOY, LENGTHS, 2, checkpointing=True) == 3 * again + rest


def test_llava_7b_has_its_published_size() -> None:
    """7.06 billion weights (its model card); 9,994,240 LoRA weights a layer at rank 128."""
    assert LLAVA_7B.parameters == pytest.approx(7.06e9, rel=2e-3)
    assert LLAVA_7B.lora_weights(128) == 9_994_240


def test_smolvlm_has_its_published_size() -> None:
    """507 million weights (its file of 1.02 GB in 16 bits), 64 positions per image (its card)."""
    assert SMOLVLM_500M.parameters == pytest.approx(507e6, rel=5e-3)
    assert SMOLVLM_500M.positions == 64


def test_blips_have_their_published_sizes() -> None:
    """Whole models by their cards; what trains by the papers (BLIP-2, Table 2; section 3.1)."""
    assert BLIP2_OPT_2_7B.parameters == pytest.approx(3.74e9, rel=3e-3)
    assert INSTRUCTBLIP_7B.parameters == pytest.approx(7.91e9, rel=3e-3)
    for shape, trained in ((BLIP2_OPT_2_7B, 107e6), (INSTRUCTBLIP_7B, 188e6)):
        assert shape.adapter_weights(128) + shape.projector_weights == pytest.approx(
            trained, rel=5e-3
        )
        assert (shape.positions, shape.lora_weights(128)) == (32, 0)


def test_a_qformer_by_hand() -> None:
    former = QFormer(2, layers=2, crossed=1, width=4, mlp_width=8, image_width=3)
    # attention and feed-forward twice, one look at the image, two queries
    assert former.weights == 2 * (64 + 64) + (32 + 24) + 8
    look = 2 * 24 * 5  # keys and values of five patches
    linear = 2 * (2 * 128 * 2 + 32 * 2)  # two queries through both layers, and across
    attention = 4 * 4 * (2 * 2**2 + 2 * 5)
    assert former.forward(5, 7) == look + linear + attention
    assert former.backward(5, 7) == look + 2 * (linear + attention)
    asked = replace(former, vocabulary=10)
    assert asked.weights == former.weights + 2 * 64 + 40  # the request's own layers, embeddings
    # seven words pass beside the queries
    assert asked.forward(5, 7) == look + 2 * (256 * 9 + 64) + 16 * (2 * 9**2 + 10)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_blip_costs_what_pytorch_counts(family: str, tmp_path: Path) -> None:
    save_blip(family, tmp_path)
    model, encoder = open_blip(tmp_path)
    model.set_attn_implementation("eager")
    encoded = encoder.encode(several_images(1))
    batch = encoder.collate([encoded])
    inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
    read = inputs.get("qformer_input_ids", torch.zeros(1, 0))
    request = int((read >= 0).sum(dim=1).max())
    shape = shape_of(Model(str(tmp_path), None, None, "float32", "", 99, True, template="blip"))
    assert shape.parameters == sum(  # but for norms, biases and places, which a plan leaves out
        one.numel()
        for name, one in model.named_parameters()
        if one.dim() > 1
        and not name.startswith(
            ("vision_model.embeddings", "language_model.model.decoder.embed_positions")
        )
    )
    model.requires_grad_(False)  # the counter's hooks want a gradient function where one is asked
    with FlopCounterMode(display=False) as counter:
        model(**inputs, use_cache=False)
    forward = shape.images(encoded.images, request) + shape.layers * shape.layer(len(encoded))
    forward += shape.head(len(encoded))
    patches = 2 * 3 * 7**2 * shape.tower_width * shape.patches * encoded.images
    assert counter.get_total_flops() == forward + patches

    lora.attach(model, Lora(2, 4, 0.0, "merge_fresh"), seed=0).train()
    with FlopCounterMode(display=False) as counter:
        model(**inputs, use_cache=False).logits.sum().backward()
    lengths = Lengths(len(encoded), request + len(encoded), len(encoded), encoded.images)
    ours = training_operations(shape, lengths, 2, checkpointing=False)
    assert counter.get_total_flops() == ours + patches


def test_a_smolvlm_costs_what_pytorch_counts(tmp_path: Path) -> None:
    save_backbone("idefics3", tmp_path)
    model, encoder = open_backbone(tmp_path)
    model.set_attn_implementation("eager")
    encoded = encoder.encode(several_images(1))
    batch = encoder.collate([encoded])
    inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**inputs, use_cache=False)
    shape = shape_of(Model(str(tmp_path), None, None, "float32", "", 99, True))
    ours = shape.images(encoded.images) + shape.layers * shape.layer(len(encoded))
    patches = 2 * 3 * 4**2 * shape.tower_width * shape.patches * encoded.images
    assert counter.get_total_flops() == ours + shape.head(len(encoded)) + patches


@pytest.mark.parametrize("sample", [text_only(1), several_images(1)], ids=["text", "images"])
def test_a_forward_pass_costs_what_pytorch_counts(sample) -> None:  # type: ignore[no-untyped-def]
    model, encoder = tiny()
    model.set_attn_implementation("eager")  # the counter knows no flash attention on a CPU
    encoded = encoder.encode(sample)
    batch = encoder.collate([encoded])
    inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**inputs, use_cache=False)
    mini = replace(SHAPE, vocabulary=model.config.text_config.vocab_size)
    shape = shape_of(Model(None, None, None, "float32", "", 99, True, mini=mini))
    images = encoded.images
    ours = shape.images(images) + shape.layers * shape.layer(len(encoded))
    patches = 2 * 3 * SHAPE.patch**2 * SHAPE.vision_width * shape.patches * images
    assert counter.get_total_flops() == ours + shape.head(len(encoded)) + patches


def test_training_with_lora_costs_what_pytorch_counts() -> None:
    """LLaVA-1.5-7B's widths on the meta device, with two of its layers."""
    config = LlavaConfig(text_config=LlamaConfig(num_hidden_layers=2, vocab_size=32064))
    shape, (tokens, answers, rank) = ModelShape.of_config(config), (776, 100, 128)
    assert shape == replace(LLAVA_7B, layers=2), "the library's default is LLaVA-1.5-7B"
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(config)
        entered = torch.zeros(1, tokens, shape.width, requires_grad=True)
        rope = model.model.language_model.rotary_emb(entered, torch.arange(tokens).unsqueeze(0))
    lora.attach(model, Lora(rank, 2 * rank, 0.05, "merge_fresh"), seed=0).train()
    with FlopCounterMode(display=False) as counter:
        hidden = entered
        for layer in model.model.language_model.layers:
            hidden = layer(hidden, attention_mask=None, position_embeddings=rope)
        model.lm_head(hidden[:, -answers:]).sum().backward()
    lengths = Lengths(tokens, tokens, answers, images=0)
    ours = training_operations(shape, lengths, rank, checkpointing=False)
    assert counter.get_total_flops() == ours


def test_another_layout_is_named(tmp_path: Path) -> None:
    Qwen2VLConfig().save_pretrained(tmp_path)
    model = Model(str(tmp_path), None, None, "float32", "", 99, True)
    with pytest.raises(LiitError, match=r"operations of a qwen2_vl.*\n.*LLaVA"):
        shape_of(model)
