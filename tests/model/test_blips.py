"""BLIP-2 and InstructBLIP: seen, written, trained, kept and asked; tiny models, no weights."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from blips import FAMILIES, QUERIES, open_blip, save_blip
from tiny import CPU, LORA, TRAIN, one_image, prompt_of, several_images, text_only
from transformers import Blip2ForConditionalGeneration, InstructBlipForConditionalGeneration

from liit.data import template
from liit.data.corpus import Corpus
from liit.data.encode import IGNORED, Encoder
from liit.data.sample import Sample, Turn, make_sample
from liit.data.store import Quarantined, SampleStore, write_store
from liit.errors import LiitError
from liit.evaluation.decoding import greedy
from liit.learning.learners.lwf import Lwf
from liit.learning.space import answer_loss, importance, squared_logits
from liit.learning.train import fit
from liit.model import lora
from liit.model.load import WEIGHTS
from liit.model.logits import answer_logits
from liit.model.queries import PART, QUERY_MODELS
from liit.prompts import CAPTION, OPTION, SHORT, UNANSWERABLE
from liit.scoring.exam_items import read_training
from liit.signals.trunk import Trunk

Blip = tuple[str, Any, Encoder]


@pytest.fixture(scope="module", params=FAMILIES)
def blip(request: Any, tmp_path_factory: Any) -> Blip:
    folder = tmp_path_factory.mktemp(request.param)
    save_blip(request.param, folder)
    return request.param, *open_blip(folder)


def asked(count: int) -> list[Sample]:
    """One image, short answers, of several lengths; every fourth is text alone."""
    drawn = []
    for number in range(count):
        if number % 4 == 3:
            drawn.append(text_only(number))
            continue
        question = f"<image>\nWhat is it{' a' * (number % 3)}?\n{SHORT}"
        turns = [Turn("user", question), Turn("assistant", f"thing {number}")]
        drawn.append(make_sample("tiny", turns, one_image(number).images))
    return drawn


def corpus_of(samples: list[Sample], encoder: Encoder, path: Path) -> Corpus:
    write_store(samples, path)
    return Corpus([SampleStore(path)], encoder)


def test_requests_are_worded_as_lavis_words_them() -> None:
    words = {
        f"<image>\nWhat is it?\n{SHORT}": "Question: What is it? Short answer:",
        f"<image>\nWhat is it?\n{UNANSWERABLE}\n{SHORT}": "Question: What is it? Short answer:",
        f"<image>\n{CAPTION}": "A short image description:",
        f"<image>\nWhich?\nA. one\nB. two\n{OPTION}": "Question: Which? A. one B. two Answer:",
        f"What?\nReference OCR token: x, y\n{SHORT}": (
            "OCR tokens: x, y. Question: What? Short answer:"
        ),
        f"<image>\n{CAPTION}\nReference OCR token: x.": "OCR tokens: x. A short image description:",
        "Tell me more.": "Tell me more.",
    }
    assert {text: template.request(text) for text in words} == words


def test_images_come_first_and_the_loss_falls_on_answers_alone(blip: Blip) -> None:
    _, model, encoder = blip
    for sample in [*asked(4), several_images(1)]:
        encoded = encoder.encode(sample)
        images = QUERIES * len(sample.images)
        assert encoder.length(sample) == len(encoded)
        start = encoder.tokenizer.bos_token_id
        assert encoded.input_ids[: images + 1].tolist() == [encoder.image_token] * images + [start]
        told = encoder.tokenizer.decode(encoded.labels[encoded.labels != IGNORED])
        answers = [turn.text for turn in sample.turns if turn.role == "assistant"]
        assert told.replace(" ", "") == "".join(f"{one}</s>" for one in answers).replace(" ", "")
        batch = encoder.collate([encoded])
        logits, targets, _ = answer_logits(model, batch)
        assert targets.tolist() == encoded.labels[encoded.labels != IGNORED].tolist()
        del batch["ids"]
        ours = torch.nn.functional.cross_entropy(logits, targets)
        assert float(model(**batch).loss.detach()) == pytest.approx(float(ours.detach()), rel=1e-5)


def test_the_forward_is_the_published_one(blip: Blip) -> None:
    """With images, loss and answers are those of transformers' own class on the same weights."""
    family, model, encoder = blip
    classes: dict[str, Any] = {
        "blip-2": Blip2ForConditionalGeneration,
        "instructblip": InstructBlipForConditionalGeneration,
    }
    own = classes[family](model.config).eval()
    own.load_state_dict(model.state_dict())
    end = encoder.tokenizer.eos_token_id
    answers = set()
    for number in (0, 1, 2, 4):
        sample = asked(8)[number]
        batch = encoder.collate([prompt_of(encoder, sample)])
        ids = batch["input_ids"]
        del batch["ids"], batch["labels"]
        given = dict(batch)
        if family == "instructblip":
            read = given["qformer_input_ids"]
            given["qformer_input_ids"] = read[read >= 0][None]
        logits = own(**given).logits
        torch.testing.assert_close(model(**batch).logits, logits, rtol=1e-4, atol=1e-5)
        out = own.generate(**given, max_new_tokens=6, do_sample=False, eos_token_id=end)
        alone = out[0, ids.shape[1] :].tolist()
        (ours,) = greedy(model, batch, limit=6, end=end)
        assert ours == (alone[: alone.index(end)] if end in alone else alone)
        answers.add(tuple(ours))
    assert len(answers) > 1


def test_answers_do_not_depend_on_the_batch(blip: Blip) -> None:
    _, model, encoder = blip
    prompts = [prompt_of(encoder, sample) for sample in asked(7)]
    end, found = encoder.tokenizer.eos_token_id, []
    for size in (1, 3, 7):
        answers = []
        for start in range(0, 7, size):
            batch = encoder.collate(prompts[start : start + size], pad="left")
            del batch["ids"], batch["labels"]
            answers += greedy(model, batch, limit=6, end=end)
        found.append(answers)
    assert found[0] == found[1] == found[2]
    assert len({tuple(answer) for answer in found[0]}) > 3


def test_training_moves_queries_qformer_and_projection_alone(blip: Blip, tmp_path: Path) -> None:
    _, model, encoder = blip
    model = copy.deepcopy(model)
    corpus = corpus_of(asked(8), encoder, tmp_path / "c.arrow")
    adapted = lora.attach(model, LORA, seed=1)
    names = [name for name, _ in lora.trainable(adapted)]
    assert names and all(name.startswith(PART) for name in names)
    assert {part for part in PART if any(n.startswith(part) for n in names)} == set(PART)
    before = {name: one.detach().clone() for name, one in adapted.named_parameters()}
    recipe = dataclasses.replace(TRAIN, learning_rate=0.01, projector_learning_rate=0.01)
    ids = sorted(corpus.stores[0].column("id"))
    trained = fit(adapted, corpus, ids, train=recipe, devices=CPU, seed=5)
    assert trained.samples == 2 * len(ids)
    moved = {n for n, one in adapted.named_parameters() if not torch.equal(one, before[n])}
    assert moved and moved <= set(names)
    assert {part for part in PART if any(n.startswith(part) for n in moved)} == set(PART)

    lora.save_adapter(adapted, tmp_path / "part", "base")
    lora.save_adapter(adapted, tmp_path / "again", "base")
    written = [(tmp_path / one / WEIGHTS).read_bytes() for one in ("part", "again")]
    assert written[0] == written[1]
    again = lora.load_adapter(copy.deepcopy(blip[1]), tmp_path / "part")
    batch = encoder.collate([corpus.encoded(id_) for id_ in ids[:4]])
    assert torch.equal(answer_logits(adapted, batch)[0], answer_logits(again, batch)[0])
    assert [name for name, _ in lora.trainable(again)] == names
    merged = lora.merge(again)
    assert torch.equal(answer_logits(adapted, batch)[0], answer_logits(merged, batch)[0])
    assert not lora.trainable(merged)


def test_half_precision_trains_the_part_in_float32(blip: Blip, tmp_path: Path) -> None:
    _, model, encoder = blip
    model = copy.deepcopy(model).to(torch.bfloat16)
    corpus = corpus_of(asked(4), encoder, tmp_path / "c.arrow")
    ids = sorted(corpus.stores[0].column("id"))
    adapted = lora.attach(model, LORA, seed=1)
    assert {one.dtype for _, one in lora.trainable(adapted)} == {torch.float32}
    devices = dataclasses.replace(CPU, precision="bf16-mixed")
    rates = {"learning_rate": 1e-5, "projector_learning_rate": 1e-5}
    recipe = dataclasses.replace(TRAIN, **rates, gradient_clip=0.0)
    before = [one.detach().clone() for _, one in lora.trainable(adapted)]
    fit(adapted, corpus, ids, train=recipe, devices=devices, seed=5)
    moved = [
        not torch.equal(one, old)
        for (_, one), old in zip(lora.trainable(adapted), before, strict=True)
    ]
    assert sum(moved) > 10
    batch = encoder.collate([prompt_of(encoder, sample) for sample in asked(3)], pad="left")
    del batch["ids"], batch["labels"]
    merged = lora.merge(adapted)
    assert {one.dtype for one in merged.parameters()} == {torch.bfloat16}
    assert len(greedy(merged, batch, limit=3, end=encoder.tokenizer.eos_token_id)) == 3


def test_a_part_of_another_model_is_refused(blip: Blip, tmp_path: Path) -> None:
    family, model, _ = blip
    other = next(one for one in FAMILIES if one != family)
    save_blip(other, tmp_path / "other")
    stranger, _ = open_blip(tmp_path / "other")
    lora.save_adapter(lora.attach(stranger, LORA, seed=0), tmp_path / "part", "base")
    with pytest.raises(LiitError, match=r"do not fit[\s\S]*another base model"):
        lora.load_adapter(copy.deepcopy(model), tmp_path / "part")


def test_learners_and_signals(blip: Blip, tmp_path: Path) -> None:
    """Regularisers and a teacher find the part; what needs LoRA says why it cannot."""
    _, model, encoder = blip
    model = lora.attach(copy.deepcopy(model), LORA, seed=1)
    batch = encoder.collate([encoder.encode(sample) for sample in asked(3)])
    weights = importance(model, [batch], answer_loss, 2)
    assert weights.keys() == {name for name, _ in lora.trainable(model)}
    assert all(torch.isfinite(one).all() for one in weights.values())
    assert float(squared_logits(model, batch)) > 0

    before = answer_logits(model, batch)[0].detach()
    for _, parameter in lora.trainable(model):
        parameter.data += 0.05
    after = answer_logits(model, batch)[0].detach()
    with torch.no_grad(), model.disable_adapter():
        assert torch.equal(answer_logits(model, batch)[0], before)
    assert torch.equal(answer_logits(model, batch)[0], after) and not torch.equal(before, after)
    moved = copy.deepcopy(model).to("meta")
    with moved.disable_adapter():  # the weights of before follow those that Lightning moved
        assert {one.device.type for _, one in lora.trainable(moved)} == {"meta"}
    past: Any = type("Past", (), {"steps": [1], "logits": after})()
    zero = torch.zeros(())
    apart = before.softmax(-1) * (before.log_softmax(-1) - after.log_softmax(-1))
    distance = float(apart.sum(-1).mean())
    assert float(Lwf(1.0).loss(model, batch, zero, past)) == pytest.approx(distance, rel=1e-4)

    with pytest.raises(LiitError, match=r"trains its Q-Former[\s\S]*sequential"):
        Trunk(model)
    from liit.learning.learners.o_lora import OLora

    with pytest.raises(LiitError, match="has none"):
        OLora().attach(model, past)


def test_a_learner_passes_through_half_precision_on_its_own(blip: Blip) -> None:
    """The part in float32, the rest in bfloat16, and no autocast around it."""
    _, whole, encoder = blip
    batch = encoder.collate([encoder.encode(sample) for sample in asked(1)])
    exact = float(answer_loss(whole, batch).detach())
    model = lora.attach(copy.deepcopy(whole).to(torch.bfloat16), LORA, seed=1)
    assert float(answer_loss(model, batch).detach()) == pytest.approx(exact, rel=0.05)
    found = importance(model, [batch], answer_loss, 2)
    assert found.keys() == {name for name, _ in lora.trainable(model)}
    assert all(torch.isfinite(one).all() for one in found.values())
    assert found["query_tokens"].any()


def test_language_models_with_an_encoder_are_refused(blip: Blip) -> None:
    family, model, _ = blip
    config = copy.deepcopy(model.config)
    config.use_decoder_only_language_model = False
    with pytest.raises(LiitError, match=r"has an encoder[\s\S]*Vicuna"):
        QUERY_MODELS[family](config)


def test_the_qformer_of_instructblip_reads_the_request(blip: Blip) -> None:
    family, model, encoder = blip
    first, second = asked(8)[0], asked(8)[1]
    batches = [encoder.collate([prompt_of(encoder, one)]) for one in (first, second)]
    if family == "blip-2":
        assert "qformer_input_ids" not in batches[0]
        return
    read = batches[0]["qformer_input_ids"][0]
    told = encoder.images.reader.decode(read[read >= 0])  # type: ignore[attr-defined]
    assert "answer" in told and told.startswith("[CLS]")
    pixels = batches[0]["pixel_values"]
    seen = [
        model.embedded(one["input_ids"], pixels, one["qformer_input_ids"])[:, :QUERIES]
        for one in batches
    ]
    assert not torch.allclose(seen[0], seen[1])  # the same image, asked another thing


def test_real_files_train(blip: Blip, samples: Path, tmp_path: Path) -> None:
    """Published files with their images, from the reader to a lower loss."""
    _, model, encoder = blip
    flickr, vqa = samples / "cit/flickr30k", samples / "cit/vqav2_train/allennlp_fixture"
    table = flickr / "kaggle_results.1image.csv"
    records = [*read_training("flickr30k", [table], flickr / "images", source="f")]
    asked_of = [vqa / "annotations.json", vqa / "questions.json"]
    questions = [*read_training("vqav2", asked_of, vqa, source="v")]
    assert (len(records), len(questions)) == (5, 3)
    for root, some in ((flickr / "images", records), (vqa, questions)):
        assert not any(isinstance(one, Quarantined) for one in some)
        kept: list[Any] = some
        path = tmp_path / f"{kept[0].source}.arrow"
        write_store(kept, path)
        corpus = Corpus([SampleStore(path, root)], encoder)
        trained = lora.attach(copy.deepcopy(model), LORA, seed=1)
        recipe = dataclasses.replace(
            TRAIN, epochs=12, learning_rate=0.01, projector_learning_rate=0.01, batch_size=8,
            micro_batch_size=8,
        )  # fmt: skip
        ids = sorted(corpus.stores[0].column("id"))
        losses = fit(trained, corpus, ids, train=recipe, devices=CPU, seed=3).curve["loss"]
        assert losses[-1] < losses[0]
