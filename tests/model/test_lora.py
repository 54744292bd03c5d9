"""Adapters: every linear layer of the language model, exact after saving, same when merged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import LORA, samples, tiny
from torch import nn

from liit.errors import LiitError
from liit.model import lora
from liit.model.logits import answer_logits


def perturbed(seed: int) -> tuple[nn.Module, dict]:  # type: ignore[type-arg]
    model, encoder = tiny()
    adapted = lora.attach(model, LORA, seed)
    generator = torch.Generator().manual_seed(seed)
    for _, parameter in lora.trainable(adapted):
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    batch = encoder.collate([encoder.encode(sample) for sample in samples(4)])
    return adapted.eval(), batch


def test_targets_are_the_seven_linear_layers_and_the_projector_trains_in_full() -> None:
    adapted, _ = perturbed(1)
    names = [name for name, _ in lora.trainable(adapted)]
    layers = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name in names if ".lora_" in name}
    assert layers == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert sum(".lora_" in name for name in names) == 3 * 7 * 2
    rest = [name for name in names if ".lora_" not in name]
    assert len(rest) == 4 and all("multi_modal_projector" in name for name in rest)


def test_saved_and_loaded_gives_the_same_logits(tmp_path: Path) -> None:
    adapted, batch = perturbed(2)
    lora.save_adapter(adapted, tmp_path / "a", "base/model")
    again = lora.load_adapter(tiny()[0], tmp_path / "a")
    assert torch.equal(answer_logits(adapted, batch)[0], answer_logits(again, batch)[0])


def test_merging_keeps_the_logits() -> None:
    adapted, batch = perturbed(3)
    before = answer_logits(adapted, batch)[0]
    after = answer_logits(lora.merge(adapted), batch)[0]
    torch.testing.assert_close(after, before, atol=2e-5, rtol=1e-5)


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    adapted, _ = perturbed(4)
    for name in ("a", "b"):
        lora.save_adapter(adapted, tmp_path / name, "base/model")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_missing_tensor_is_noticed(tmp_path: Path) -> None:
    adapted, _ = perturbed(5)
    lora.save_adapter(adapted, tmp_path / "a", "base/model")
    file = tmp_path / "a" / "adapter_model.safetensors"
    tensors = load_file(file)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, file)
    with pytest.raises(LiitError, match="places"):
        lora.load_adapter(tiny()[0], tmp_path / "a")


def test_no_adapter_in_the_folder(tmp_path: Path) -> None:
    with pytest.raises(LiitError, match=r"adapter_config.json does not exist"):
        lora.load_adapter(tiny()[0], tmp_path)


def test_answer_logits_are_those_of_the_whole_forward() -> None:
    adapted, batch = perturbed(6)
    logits, targets, rows = answer_logits(adapted, batch)
    inputs = {name: value for name, value in batch.items() if name != "ids"}
    whole = adapted(**inputs)
    shifted = batch["labels"][:, 1:]
    torch.testing.assert_close(logits, whole.logits[:, :-1][shifted != -100])
    assert torch.equal(targets, shifted[shifted != -100])
    assert torch.equal(rows, (shifted != -100).nonzero()[:, 0])
    torch.testing.assert_close(nn.functional.cross_entropy(logits, targets), whole.loss)
