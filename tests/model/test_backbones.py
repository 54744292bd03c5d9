"""Other backbones by configuration: seen, written, trained, scored and asked like LLaVA-1.5."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from backbones import (
    FAMILIES,
    LANGUAGE,
    open_backbone,
    samples_of,
    save_backbone,
)
from tiny import CPU, LORA, TRAIN, prompt_of

from liit.config import Signals
from liit.data.corpus import Corpus
from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.data.template import of_tokenizer
from liit.evaluation.decoding import greedy
from liit.learning.train import fit
from liit.model import lora
from liit.model.logits import answer_logits
from liit.signals.engine import measure

Backbone = tuple[str, Any, Encoder]


@pytest.fixture(scope="module", params=FAMILIES)
def backbone(request: Any, tmp_path_factory: Any) -> Backbone:
    folder = tmp_path_factory.mktemp(request.param)
    save_backbone(request.param, folder)
    return request.param, *open_backbone(folder)


@pytest.fixture(scope="module")
def corpus(backbone: Backbone, tmp_path_factory: Any) -> Corpus:
    path = tmp_path_factory.mktemp("corpus") / "mixed.arrow"
    write_store(samples_of(backbone[0], 8), path)
    return Corpus([SampleStore(path)], backbone[2])


def perturbed(backbone: Backbone, seed: int) -> Any:
    """The model with an adapter that does something, as after a step."""
    adapted = lora.attach(copy.deepcopy(backbone[1]), LORA, seed)
    generator = torch.Generator().manual_seed(seed)
    for _, parameter in lora.trainable(adapted):
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    return adapted.eval()


def test_as_many_positions_as_the_model_makes_features(backbone: Backbone) -> None:
    family, model, encoder = backbone
    counts = set()
    for sample in samples_of(family, 8):
        encoded = encoder.encode(sample)
        assert encoder.length(sample) == len(encoded)
        places = int((encoded.input_ids == encoder.image_token).sum())
        assert places == sum(encoder.positions(sample.images, None))
        if sample.images:
            batch = encoder.collate([encoded])
            names = ("pixel_values", "image_sizes", "image_grid_thw")
            images = {name: batch[name] for name in names if name in batch}
            features = model.model.get_image_features(**images, return_dict=True).pooler_output
            assert [len(one) for one in features] == encoder.positions(sample.images, None)
        counts.add(places)
    if family in LANGUAGE or family == "idefics3":
        assert counts == ({0, 16, 32} if family == "idefics3" else {0})
    else:
        assert len(counts) > 4  # of several sizes, or the equality would say little


def test_masks_decode_to_every_answer_and_its_end_mark(backbone: Backbone) -> None:
    encoder = backbone[2]
    for sample in samples_of(backbone[0], 6):
        encoded = encoder.encode(sample)
        answered = encoder.tokenizer.decode(encoded.labels[encoded.labels != IGNORED])
        answers = [turn.text for turn in sample.turns if turn.role == "assistant"]
        lead = " " if backbone[0] == "idefics3" else ""  # behind `Assistant:`
        wanted = "".join(f"{lead}{answer}<|im_end|>" for answer in answers)
        assert answered.replace("\n", "") == wanted
        text, _ = encoder.render(sample)
        messages = [{"role": turn.role, "content": turn.text} for turn in sample.turns]
        if not sample.images and backbone[0] not in ("llava_onevision", "idefics3"):
            whole = encoder.tokenizer.apply_chat_template(messages, tokenize=False)
            assert text == whole.rstrip("\n")


def test_a_space_that_opens_an_answer_stands_once(backbone: Backbone) -> None:
    encoder, answer = backbone[2], "  thing 3"
    turns = [Turn("user", "Say 3."), Turn("assistant", answer)]
    text, ((start, stop),) = encoder.render(make_sample("spaced", turns))
    lead = " " if backbone[0] == "idefics3" else ""
    assert text[start:stop] == f"{lead}{answer}{encoder.tokenizer.eos_token}"


def test_a_template_that_writes_the_date_gives_the_same_prompt_every_day() -> None:
    from backbones import _tokenizer

    dated = "{{ strftime_now('%d %b %Y') }} {{ date_string }} "
    answers = "{% for m in messages %}{{ m.role }} {{ m.content }}<|im_end|>{% endfor %}"
    opened = "{% if add_generation_prompt %}assistant {% endif %}"
    tokenizer = _tokenizer(dated + answers + opened)
    turns = [Turn("user", "hi"), Turn("assistant", "yo")]
    rendered = of_tokenizer(
        turns, "", tokenizer, content=lambda turn: turn.text, image=("<image>", "<image>")
    )
    assert rendered[0].startswith("26 Jul 2024 26 Jul 2024 user hi")


def test_every_linear_layer_of_the_language_model_and_the_projector_train(
    backbone: Backbone, corpus: Corpus, tmp_path: Path
) -> None:
    adapted = lora.attach(copy.deepcopy(backbone[1]), LORA, seed=1)
    names = [name for name, _ in lora.trainable(adapted)]
    assert sum(".lora_" in name for name in names) == 3 * 7 * 2
    rest = [name for name in names if ".lora_" not in name]
    assert bool(rest) == (backbone[0] not in LANGUAGE)
    assert all(lora.is_projector(name) for name in rest)
    assert not any("lora" in name and ("visual" in name or "tower" in name) for name in names)
    before = {name: one.detach().clone() for name, one in lora.trainable(adapted)}
    ids = sorted(corpus.stores[0].column("id"))
    trained = fit(adapted, corpus, ids, train=TRAIN, devices=CPU, seed=5)
    assert trained.samples == 2 * len(ids)
    changed = {n for n, one in lora.trainable(adapted) if not torch.equal(one, before[n])}
    assert {name for name in names if "lora_B" in name or name in rest} <= changed
    lora.save_adapter(adapted, tmp_path / "a", "base")
    again = lora.load_adapter(copy.deepcopy(backbone[1]), tmp_path / "a")
    batch = corpus.encoder.collate([corpus.encoded(id_) for id_ in ids[:4]])
    assert torch.equal(answer_logits(adapted, batch)[0], answer_logits(again, batch)[0])


def test_signals_are_the_models_own(backbone: Backbone, corpus: Corpus, tmp_path: Path) -> None:
    model, encoder = perturbed(backbone, 2), corpus.encoder
    ids = sorted(corpus.stores[0].column("id"))
    settings = Signals(
        projection_dim=2048, layer=1, tokens_per_batch=500, zero_order_directions=2, proxy=None
    )
    names = frozenset({"nll", "nll_blind", "nll_zero_image", "gradient", "hidden"})
    found = measure(
        model,
        corpus,
        ids,
        names,
        settings=settings,
        devices=CPU,
        folder=tmp_path,
        made_from={},
        seed=0,
    )
    gradients = []
    for row, id_ in enumerate(ids):
        encoded = corpus.encoded(id_)
        loss = plain_loss(model, encoder, encoded)
        assert found["nll"][row] == pytest.approx(float(loss), rel=1e-4)
        if encoded.images:
            blind = plain_loss(model, encoder, encoded.blind(encoder.image_token))
            assert found["nll_blind"][row] == pytest.approx(float(blind), rel=1e-4)
            black = plain_loss(model, encoder, encoded, black=True)
            assert found["nll_zero_image"][row] == pytest.approx(float(black), rel=1e-4)
            assert found["nll"][row] != found["nll_zero_image"][row] != found["nll_blind"][row]
        factors = [one for name, one in lora.trainable(model) if ".layers.1." in name]
        one = torch.cat([part.flatten() for part in torch.autograd.grad(loss, factors)])
        gradients.append((one / one.norm()).numpy())
    expected = np.stack(gradients) @ np.stack(gradients).T
    given = found["gradient"].astype(np.float64)
    np.testing.assert_allclose(given @ given.T, expected, atol=0.12)  # 5 σ of a projection to 2048


def plain_loss(model: Any, encoder: Encoder, encoded: Encoded, *, black: bool = False) -> Any:
    """The loss that the model itself reports for one sample alone."""
    batch = encoder.collate([encoded])
    if black:
        batch["pixel_values"] = torch.zeros_like(batch["pixel_values"])
    del batch["ids"]
    return model(**batch).loss


@pytest.mark.parametrize("batch_size", [1, 4])
def test_answers_are_those_of_the_models_own_generate(backbone: Backbone, batch_size: int) -> None:
    family, model, encoder = backbone
    prompts = [prompt_of(encoder, sample) for sample in samples_of(family, 7)]
    answers: list[list[int]] = []
    end = encoder.tokenizer.eos_token_id
    for start in range(0, len(prompts), batch_size):
        batch = encoder.collate(prompts[start : start + batch_size], pad="left")
        del batch["ids"], batch["labels"]
        answers += greedy(model, batch, limit=6, end=end)
    for prompt, answer in zip(prompts, answers, strict=True):
        batch = encoder.collate([prompt])
        del batch["ids"], batch["labels"]
        out = model.generate(**batch, max_new_tokens=6, do_sample=False, eos_token_id=end)
        alone = out[0, len(prompt) :].tolist()
        assert answer == (alone[: alone.index(end)] if end in alone else alone)
    assert len({tuple(answer) for answer in answers}) > 3
