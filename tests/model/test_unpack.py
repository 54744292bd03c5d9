"""`liit unpack`: a GGUF file becomes a checkpoint's folder with the same weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from backbones import CHAT_ML, MARKS
from gguf import GGUFWriter
from tiny import samples
from transformers import LlamaConfig, LlamaForCausalLM

from liit.cli import main
from liit.data.encode import Encoder
from liit.errors import LiitError
from liit.files import digest_file
from liit.model import mini
from liit.model.load import load_model, load_processor
from liit.model.unpack import unpack

HEADS, WIDTH, LAYERS = 2, 32, 2
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def tokenizer() -> Any:
    texts = [turn.text for sample in samples(30) for turn in sample.turns]
    made = mini.train_tokenizer(texts, 400)
    made.add_special_tokens({"additional_special_tokens": MARKS})
    return made


def model(vocabulary: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=128,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config).eval()


def paired(weight: np.ndarray) -> np.ndarray:
    """GGUF keeps the two halves of a rotated pair side by side."""
    halves = weight.reshape(HEADS, 2, WIDTH // HEADS // 2, WIDTH)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(WIDTH, WIDTH))


def write(path: Path, architecture: str = "llama") -> LlamaForCausalLM:
    vocabulary = tokenizer()
    made = model(len(vocabulary))
    parts = json.loads(vocabulary.backend_tokenizer.to_str())["model"]
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(48)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(made.config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(vocabulary.convert_ids_to_tokens(list(range(len(vocabulary)))))
    special = set(vocabulary.all_special_ids)
    writer.add_token_types([3 if number in special else 1 for number in range(len(vocabulary))])
    writer.add_token_merges([" ".join(pair) for pair in parts["merges"]])
    writer.add_bos_token_id(vocabulary.bos_token_id)
    writer.add_eos_token_id(vocabulary.convert_tokens_to_ids("<|im_end|>"))
    writer.add_pad_token_id(vocabulary.pad_token_id)
    writer.add_chat_template(CHAT_ML)
    for name, tensor in made.state_dict().items():
        values = tensor.numpy()
        if name.startswith("model.layers."):
            _, _, number, *rest = name.split(".")
            part = ".".join(rest[:-1])
            values = paired(values) if part.endswith(("q_proj", "k_proj")) else values
            writer.add_tensor(f"blk.{number}.{NAMES[part]}.weight", values)
        else:
            known = {"model.embed_tokens": "token_embd", "model.norm": "output_norm"}
            writer.add_tensor(f"{known.get(name.removesuffix('.weight'), 'output')}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return made


def test_the_folder_holds_the_same_model_and_its_chat(tmp_path: Path) -> None:
    made = write(tmp_path / "a.gguf")
    weights = unpack(tmp_path / "a.gguf", tmp_path / "a", digest_file(tmp_path / "a.gguf"))
    assert weights == sum(one.numel() for one in made.parameters())
    again = load_model(tmp_path / "a", dtype="float32")
    ids = torch.arange(3, 40)[None]
    with torch.no_grad():
        torch.testing.assert_close(again(ids).logits, made(ids).logits, rtol=1e-5, atol=1e-5)
    encoder = Encoder(
        load_processor(tmp_path / "a"), system_prompt="", max_length=99, written="checkpoint"
    )
    encoded = encoder.encode(samples(1)[0])
    text = encoder.tokenizer.decode(encoded.input_ids)
    assert text.endswith("<|im_start|>assistant\nIt is 0.<|im_end|>")
    assert text.startswith("<|im_start|>system\n"), "no second mark of a beginning"
    assert encoder.tokenizer.decode(encoded.labels[encoded.labels >= 0]) == "It is 0.<|im_end|>"


def test_a_file_that_is_not_whole_or_not_known_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.gguf")
    data = (tmp_path / "a.gguf").read_bytes()
    for kept in (0, 10, 900, len(data) // 2, len(data) - 200):
        (tmp_path / "cut.gguf").write_bytes(data[:kept])
        with pytest.raises(LiitError, match=r"cut\.gguf is cut short, or no GGUF file"):
            unpack(tmp_path / "cut.gguf", tmp_path / "cut", None)
    write(tmp_path / "b.gguf", "gemma")
    with pytest.raises(LiitError, match=r"b\.gguf holds a model of type gemma"):
        unpack(tmp_path / "b.gguf", tmp_path / "b", None)
    with pytest.raises(LiitError, match="has the SHA-256"):
        unpack(tmp_path / "a.gguf", tmp_path / "a", "0" * 64)
    with pytest.raises(LiitError, match="does not exist"):
        unpack(tmp_path / "c.gguf", tmp_path / "c", None)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_what_lies_in_the_folder_is_not_thrown_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.gguf")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    assert main(["unpack", str(tmp_path / "a.gguf"), str(tmp_path / "mine")]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "mine/notes.txt").read_text() == "mine"
