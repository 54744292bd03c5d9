"""TIR and EProj on BLIP-2 and InstructBLIP: what their towers see, and projections by record."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from blips import FAMILIES, open_blip, save_blip
from lessons import past_of
from safetensors.torch import save_file
from test_routing import expect_answers_agree, logits
from tiny import CPU, LORA, TRAIN, image, prompt_of, several_images, text_only

from liit.config import Devices
from liit.data.corpus import Corpus
from liit.data.encode import Encoder
from liit.data.sample import Sample, Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.errors import LiitError
from liit.evaluation.adapter import batch_for
from liit.evaluation.decoding import greedy
from liit.files import digest_file
from liit.learner import STATE, Learner, Past
from liit.learning.bank import Bank
from liit.learning.experts import ProjectorExperts, place_experts
from liit.learning.learners.a_gem import AGem
from liit.learning.learners.e_proj import EProj
from liit.learning.learners.l2p import L2p
from liit.learning.learners.moe_lora import MoeLora
from liit.learning.learners.o_lora import OLora
from liit.learning.learners.tir import Tir
from liit.learning.lesson import Lesson
from liit.learning.space import answer_loss, importance
from liit.learning.tasks import similarities, tasks_in
from liit.learning.train import fit
from liit.model import lora
from liit.model.load import WEIGHTS, Theta, load_theta
from liit.model.records import announce, queries
from liit.prompts import CAPTION, SHORT

FAST = replace(TRAIN, epochs=4, learning_rate=0.02, projector_learning_rate=0.02, gradient_clip=0.0)
HALF = replace(CPU, precision="bf16-mixed")
TASKS = (f"What is it?\n{SHORT}", CAPTION, f"Why do they differ by a thing?\n{SHORT}")


class Stream(NamedTuple):
    """Three tasks, learnt one after the other: what each step left, and its own model."""

    family: str
    base: Path
    folder: Path
    past: Past
    states: list[dict[str, torch.Tensor]]
    models: list[Any]


def task(number: int) -> list[Sample]:
    """Images of a colour of the task's own under its request; text alone, and two images, too."""
    drawn = []
    for one in range(4):
        told = [Turn("user", f"<image>\n{TASKS[number]}"), Turn("assistant", f"thing {one}")]
        drawn.append(make_sample("tiny", told, [image(50 * number + one)]))
    return [*drawn, several_images(50 * number + 9), text_only(number)]


def continued(base: Path, folder: Path, steps: int) -> Theta:
    """The model after some steps of EProj, as a run finds it on disk."""
    theta = Theta(str(base))
    for step in range(1, steps + 1):
        place, state = folder / str(step), {STATE: digest_file(folder / str(step) / STATE)}
        weights = digest_file(place / WEIGHTS)
        theta = theta.then(place, weights, "merge_fresh", state, router=(EProj(), "code"))
    return theta


def learn(
    learner: Learner, model: Any, past: Past, devices: Devices
) -> tuple[Any, dict[str, torch.Tensor]]:
    """Train a step; return the model with what the learner keeps."""
    model = lora.attach(model, LORA, seed=1)
    lesson = Lesson(learner, past)
    lesson.attach(model)
    fit(model, past.corpus, lesson.ids(), train=FAST, devices=devices, seed=4, lesson=lesson)
    state = learner.finish(model, lesson.past)
    return model, {name: one.detach().clone() for name, one in state.items()}


def two_steps(
    learner: Learner,
    base: Path,
    folder: Path,
    encoder: Encoder,
    count: int = 6,
    devices: Devices = CPU,
) -> Iterator[tuple[Past, dict[str, torch.Tensor], Any]]:
    """Learn two steps as a run does, each from the files of the one before."""
    tasks = [task(number)[:count] for number in range(3)]
    write_store([sample for few in tasks for sample in few], folder / "tiny.arrow")
    corpus = Corpus([SampleStore(folder / "tiny.arrow")], encoder)
    arrived = {number: sorted(one.id for one in few) for number, few in enumerate(tasks)}
    first = past_of(corpus, folder, arrived=arrived, chosen=arrived[1])
    for step in (1, 2):
        states = {**first.states, **{one: folder / str(one) / STATE for one in range(1, step)}}
        past = replace(
            first, now=step, chosen=arrived[step], steps=range(step), states=states,
            ids={}, held={}, told={},
        )  # fmt: skip
        theta = continued(base, folder, step - 1)
        dtype = "bfloat16" if devices is HALF else "float32"
        model = load_theta(theta, dtype=dtype, merged=True, routed=False)
        model, state = learn(learner, model, past, devices)
        lora.save_adapter(model, folder / str(step), str(base))
        save_file(state, folder / str(step) / STATE)
        yield past, state, model


@pytest.fixture(scope="module", params=FAMILIES)
def blip(request: Any, tmp_path_factory: Any) -> tuple[str, Path]:
    base = tmp_path_factory.mktemp(request.param)
    save_blip(request.param, base)
    return request.param, base


@pytest.fixture(scope="module")
def stream(blip: tuple[str, Path], tmp_path_factory: Any) -> Stream:
    family, base = blip
    folder = tmp_path_factory.mktemp("stream")
    encoder = open_blip(base)[1]
    pasts, states, models = zip(*two_steps(EProj(samples=4), base, folder, encoder), strict=True)
    return Stream(family, base, folder, pasts[-1], list(states), list(models))


def every(past: Past) -> list[str]:
    return [one for few in past.arrived.values() for one in few]


def routed(stream: Stream) -> tuple[Any, ProjectorExperts]:
    """The model after the last step, as it is examined."""
    theta = continued(stream.base, stream.folder, 2)
    model = load_theta(theta, dtype="float32", merged=True)
    return model, model.language_projection


def test_an_image_is_the_mean_of_what_the_tower_sees_of_its_patches(stream: Stream) -> None:
    model, past = open_blip(stream.base)[0], stream.past
    ids = every(past)
    together = queries(model, past.batch(ids))
    for row, id_ in enumerate(ids):
        batch = past.batch([id_])
        if "pixel_values" not in batch:
            assert together["image"][row].isnan().all() and "image" not in queries(model, batch)
            continue
        with torch.no_grad():
            states = model.vision_model(batch["pixel_values"]).last_hidden_state
        assert states.shape[1] == 1 + 4 * 4  # a class token, and 28 pixels by 7
        by_hand = torch.stack([one[1:].mean(0) for one in states]).mean(0)
        torch.testing.assert_close(together["image"][row], by_hand)
        asked = (batch["labels"] == -100) & (batch["input_ids"] != model.image_token_id)
        words = model.get_input_embeddings().weight[batch["input_ids"][asked]]
        torch.testing.assert_close(together["instruction"][row], words.mean(0).detach())


def test_every_step_trains_its_own_projection_and_nothing_else(stream: Stream) -> None:
    start = open_blip(stream.base)[0]
    (first, second), plain = (Bank.of(one) for one in stream.states), dict(start.named_parameters())
    assert (first.owners, second.owners) == ([0, 1], [0, 1, 2])
    own = [start.language_projection.state_dict(), *(b.experts[-1] for b in (first, second))]
    for expert, expected in zip(second.experts, own, strict=True):
        assert all(torch.equal(expert[name], one) for name, one in expected.items())
    weights = [one["weight"] for one in second.experts]
    assert not any(torch.equal(weights[a], weights[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    for model in stream.models:
        moved = {n for n, one in model.named_parameters() if not torch.equal(one, plain[n])}
        trained = {"language_projection.weight", "language_projection.bias"}
        assert moved == trained == {name for name, _ in lora.trainable(model)}
    told = stream.past.told["routing"]
    assert [sum(row) for row in told["confusion"]] == [4, 4, 4]


def test_with_oracle_routing_nothing_is_forgotten(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = routed(stream)
    encoder, end = stream.past.corpus.encoder, stream.past.corpus.encoder.tokenizer.eos_token_id
    found = []
    for step, one in enumerate(stream.models, start=1):

        def oracle(asked: Any, keys: Any, step: int = step) -> torch.Tensor:
            return torch.full((len(asked["image"]),), step)

        monkeypatch.setattr("liit.learning.experts.nearest", oracle)
        left = lora.merge(copy.deepcopy(one))
        batch = stream.past.batch(stream.past.arrived[step])
        assert torch.equal(logits(model, batch), logits(left, batch))
        prompts = [prompt_of(encoder, task(step)[place]) for place in range(5)]
        asked = batch_for(model, encoder, prompts)
        announce(model, asked)
        answers = [greedy(one, asked, limit=5, end=end) for one in (model, left)]
        assert answers[0] == answers[1]
        found.append(logits(model, stream.past.batch(every(stream.past))))
    assert not torch.equal(*found)


def test_a_mixed_batch_is_routed_as_its_records_alone(stream: Stream, tmp_path: Path) -> None:
    past, (model, experts) = stream.past, routed(stream)
    ids = every(past)
    together = logits(model, past.batch(ids))
    chosen, parts = experts.chosen.tolist(), []
    keys = Bank.of(stream.states[-1]).keys()
    for place, id_ in enumerate(ids):
        parts.append(logits(model, past.batch([id_])))
        if past.corpus.sample(id_).images:
            asked = queries(open_blip(stream.base)[0], past.batch([id_]))
            near = sum(torch.cosine_similarity(asked[name], keys[name]) for name in keys)
            assert chosen[place] == int(near.argmax()) == int(experts.chosen)  # type: ignore[union-attr]
    assert len({chosen[ids.index(one)] for one in past.with_images(ids)}) > 1
    torch.testing.assert_close(together, torch.cat(parts), rtol=1e-4, atol=1e-5)
    expect_answers_agree(model, past, tmp_path)


def test_copies_of_the_projection_change_no_logit(stream: Stream) -> None:
    model, past = open_blip(stream.base)[0], stream.past
    batch = past.batch(every(past))
    expected = logits(model, batch)
    copies = [dict(model.language_projection.state_dict()) for _ in range(3)]
    experts = place_experts(model, copies, Bank.of(stream.states[-1]).keys())
    torch.testing.assert_close(logits(model, batch), expected)
    assert len(set(experts.chosen.tolist())) > 1


def test_a_similar_step_trains_the_projection_that_is_there(
    blip: tuple[str, Path], tmp_path: Path
) -> None:
    learner = EProj(reuse=0.0, samples=4)
    *_, (_, state, _) = two_steps(learner, blip[1], tmp_path, open_blip(blip[1])[1])
    assert state["owners"].tolist() == [0, 0, 0] and len(Bank.of(state).experts) == 1


def test_a_routed_model_is_the_same_in_a_new_process(stream: Stream) -> None:
    model, _ = routed(stream)
    past = stream.past
    expected = float(logits(model, past.batch(every(past))).double().sum())
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path\n"
        "from blips import open_blip\n"
        "from lessons import Corpus, SampleStore, past_of\n"
        "from test_blip_learners import continued, load_theta, logits, task\n"
        "base, folder = map(Path, sys.argv[1:3])\n"
        "corpus = Corpus([SampleStore(folder / 'tiny.arrow')], open_blip(base)[1])\n"
        "model = load_theta(continued(base, folder, 2), dtype='float32', merged=True)\n"
        "ids = [one for k in range(3) for one in sorted(s.id for s in task(k))]\n"
        "batch = past_of(corpus, folder).batch(ids)\n"
        "print(float(logits(model, batch).double().sum()))\n"
    )
    here = Path(__file__).parent
    told = subprocess.run(
        [sys.executable, "-c", code, str(stream.base), str(stream.folder),
         str(here), str(here.parent / "model")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert float(told.split()[-1]) == expected


@pytest.mark.parametrize("kind", ["ewc", "mas"])
def test_tir_weighs_what_the_part_learnt(blip: tuple[str, Path], kind: Any, tmp_path: Path) -> None:
    """One similarity per earlier step, and the step's gradient is that of the weighted penalty."""
    learner, encoder = Tir(importance=kind, strength=2.0, samples=3), open_blip(blip[1])[1]
    *_, (past, state, model) = two_steps(learner, blip[1], tmp_path, encoder, count=5)
    before, now = past.state(1), dict(model.named_parameters())
    trained = dict(lora.trainable(model))
    assert {name.split(".")[0] for name in trained} == {
        "query_tokens", "qformer", "language_projection",
    }  # fmt: skip
    tasks = tasks_in(state)
    assert all(one.keys() == {"image", "instruction", "answer"} for one in tasks)
    similar = similarities(tasks)
    assert len(similar) == past.now == 2 and all(0 < one < 1 for one in similar)
    penalty = 0.0
    for name in trained:
        assert torch.equal(state[f"anchor/{name}"], now[name])
        held = 1 - torch.tensor(similar)[before[f"winner/{name}"].long()]
        moved = now[name].detach() - before[f"anchor/{name}"]
        penalty += float((held * before[f"importance/{name}"] * moved**2).sum())
    assert penalty > 0
    zero = torch.zeros(())
    found = float(learner.loss(model, None, zero, past).detach())
    assert found == pytest.approx(penalty, rel=1e-4)
    winners = {int(one) for n in trained for one in state[f"winner/{n}"].unique()}
    assert winners == {0, 1, 2}


def test_a_record_without_images_adds_no_importance(stream: Stream) -> None:
    """It passes by all that is trained, so that its gradient is zero."""
    ids = every(stream.past)
    shown = stream.past.with_images(ids)
    assert len(shown) < len(ids)
    found = []
    for some in (ids, shown):
        model = lora.attach(open_blip(stream.base)[0], LORA, seed=1)
        batches = [stream.past.batch([one]) for one in some]
        found.append(importance(model, batches, answer_loss, power=2))
    for name, one in found[0].items():
        torch.testing.assert_close(one, found[1][name], rtol=1e-5, atol=0)


@pytest.mark.parametrize("learner", [None, AGem(memory=8, batch=1)], ids=repr)
def test_a_batch_of_text_alone_trains_nothing(stream: Stream, learner: Learner | None) -> None:
    shown = set(stream.past.with_images(every(stream.past)))
    text = [one for one in every(stream.past) if one not in shown]
    past = replace(stream.past, arrived={0: text, 1: text}, chosen=text, ids={}, held={}, told={})
    model = lora.attach(open_blip(stream.base)[0], LORA, seed=1)
    before = {name: one.detach().clone() for name, one in lora.trainable(model)}
    lesson = Lesson(learner, past) if learner else None
    if lesson:
        lesson.attach(model)
    few = replace(FAST, weight_decay=0.0, gradient_checkpointing=False)
    fit(model, past.corpus, text, train=few, devices=CPU, seed=4, lesson=lesson)
    assert all(torch.equal(one, before[name]) for name, one in lora.trainable(model))


@pytest.mark.parametrize("learner", [OLora(), MoeLora(), L2p()], ids=repr)
def test_learners_of_lora_and_of_prompts_refuse_it(stream: Stream, learner: Learner) -> None:
    model = lora.attach(open_blip(stream.base)[0], LORA, seed=1)
    with pytest.raises(LiitError, match=r"(?s)(LoRA factors|not tried).*Next step: use"):
        learner.attach(model, stream.past)


@pytest.mark.parametrize("learner", [Tir(samples=3), EProj(samples=4)], ids=repr)
def test_half_precision_is_learnt_below(
    blip: tuple[str, Path], learner: Learner, tmp_path: Path
) -> None:
    """As the scales train: frozen weights in bfloat16, and what learns in float32."""
    encoder = open_blip(blip[1])[1]
    *_, (past, state, model) = two_steps(learner, blip[1], tmp_path, encoder, 5, HALF)
    assert all(one.isfinite().all() for one in state.values())
    assert {one.dtype for _, one in lora.trainable(model)} == {torch.float32}
    if isinstance(learner, EProj):
        theta = continued(blip[1], tmp_path, 2)
        examined = load_theta(theta, dtype="bfloat16", merged=True)
        found = logits(examined, past.batch(every(past)))
        assert found.dtype == torch.bfloat16 and found.isfinite().all()
        weights = [one["weight"] for one in Bank.of(state).experts]
        moved = [float((one - weights[0]).abs().max()) for one in weights[1:]]
        assert all(one > 0.01 for one in moved)
