"""Learners that route: experts by record and by token, alike in training, passes and evaluation."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lessons import adapted, corpus_of, past_of, trained
from lm_eval.api.instance import Instance
from safetensors.torch import save_file
from tiny import CPU, LORA, TRAIN, tiny

from liit.config import Signals
from liit.data.corpus import Corpus
from liit.errors import LiitError
from liit.evaluation.adapter import LlavaLM
from liit.evaluation.documents import Documents
from liit.evaluation.predictions import PredictionStore
from liit.learner import STATE, Learner, Past
from liit.learning.bank import Bank
from liit.learning.experts import GatedLora, ProjectorExperts, lora_layers, nearest
from liit.learning.learners.e_proj import EProj
from liit.learning.learners.l2p import L2p
from liit.learning.learners.moe_lora import MoeLora
from liit.learning.lesson import Lesson
from liit.learning.space import answer_loss
from liit.model import lora
from liit.model.load import Theta
from liit.model.logits import answer_logits
from liit.model.records import queries
from liit.signals.engine import measure

FAST = replace(TRAIN, learning_rate=0.05, projector_learning_rate=0.05)
SETTINGS = Signals(64, "middle", tokens_per_batch=200, zero_order_directions=2, proxy=None)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return corpus_of(tmp_path, 24)


def step(learner: Learner, past: Past) -> tuple[Any, dict[str, torch.Tensor]]:
    """Train a step and return the model with what it keeps."""
    model, _, lesson = trained(learner, past.corpus, past, FAST, LORA)
    assert lesson is not None
    state = learner.finish(model, lesson.past)
    return model, {name: one.detach().clone() for name, one in state.items()}


def logits(model: Any, batch: Any) -> torch.Tensor:
    with torch.no_grad():
        return answer_logits(model, batch)[0]


# MoE-LoRA


def test_one_expert_is_lora_of_the_same_rank(corpus: Corpus, tmp_path: Path) -> None:
    past = past_of(corpus, tmp_path)
    plain, told, _ = trained(None, corpus, past, FAST, LORA)
    model, again, _ = trained(MoeLora(experts=1), corpus, past, FAST, LORA)
    np.testing.assert_allclose(again.curve["loss"], told.curve["loss"], rtol=1e-4)
    for name, layer in lora_layers(model).items():
        gated, twin = layer.get_base_layer().gated, lora_layers(plain)[name]
        close = {"rtol": 1e-3, "atol": 1e-4}
        torch.testing.assert_close(gated.down, twin.lora_A["default"].weight, **close)
        torch.testing.assert_close(gated.up, twin.lora_B["default"].weight, **close)
        assert float(layer.lora_B["default"].weight.abs().max()) == 0.0


def test_experts_are_mixed_token_by_token_as_by_hand() -> None:
    draw = torch.Generator().manual_seed(5)
    down, up, router, x = (
        torch.randn(*shape, generator=draw) for shape in ((6, 4), (5, 6), (3, 4), (2, 7, 4))
    )
    tensors = {"down": down, "up": up, "router": router, "scale": torch.tensor(2.0)}
    found = GatedLora(tensors)(x)
    for row, token in np.ndindex(2, 7):
        one = x[row, token]
        gates = torch.softmax(router @ one, 0)
        by_hand = sum(
            gates[e] * (up[:, 2 * e : 2 * e + 2] @ (down[2 * e : 2 * e + 2] @ one))
            for e in range(3)
        )
        torch.testing.assert_close(found[row, token], 2.0 * by_hand)


def test_experts_go_on_from_step_to_step_and_answer_the_same_once_loaded(
    corpus: Corpus, tmp_path: Path
) -> None:
    learner, past = MoeLora(experts=2), past_of(corpus, tmp_path)
    model, state = step(learner, past)
    batch = past.batch(past.chosen[:4])
    plain = lora.merge(load_projector(tiny()[0], model))
    learner.route(plain, state)
    torch.testing.assert_close(logits(plain, batch), logits(model, batch))
    save_file(state, tmp_path / STATE)
    second = replace(past, now=2, steps=range(2), states={1: tmp_path / STATE})
    fresh = load_projector(tiny()[0], model)
    learner.attach(fresh, second)
    torch.testing.assert_close(logits(fresh, batch), logits(model, batch))
    names = {name for name, _ in lora.trainable(fresh)}
    assert all(".gated." in name or lora.is_projector(name) for name in names)
    assert all(torch.equal(one, learner.finish(fresh, second)[n]) for n, one in state.items())


def load_projector(model: Any, other: Any) -> Any:
    """Attach a fresh adapter with the other's projector."""
    made = lora.attach(model, LORA, seed=1)
    ours, theirs = dict(lora.trainable(made)), dict(other.named_parameters())
    for name, one in ours.items():
        if lora.is_projector(name):
            one.data = theirs[name].data.clone()
    return made.eval()


def test_a_rank_that_experts_cannot_share_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(LiitError, match=r"rank of 4 .* 3 experts"):
        trained(MoeLora(experts=3), corpus, past_of(corpus, tmp_path))


# EProj


@pytest.fixture
def stream(corpus: Corpus, tmp_path: Path) -> tuple[Past, list[dict[str, torch.Tensor]], list[Any]]:
    """Two steps of EProj: the second's past, the state of each, and each step's own model."""
    ids = sorted(corpus.stores[0].column("id"))
    arrived = {0: ids[:8], 1: ids[8:16], 2: ids[16:]}
    first = past_of(corpus, tmp_path, arrived=arrived, chosen=ids[8:16])
    one, state = step(EProj(samples=5), first)
    save_file(state, tmp_path / STATE)
    states = {**first.states, 1: tmp_path / STATE}
    second = replace(
        first, now=2, chosen=ids[16:], steps=range(2), states=states, ids={}, held={}, told={}
    )
    other, after = step(EProj(samples=5), second)
    return second, [state, after], [one, other]


def routed(state: dict[str, torch.Tensor]) -> tuple[Any, ProjectorExperts]:
    model = tiny()[0]
    EProj().route(model, state)
    return model, model.model.multi_modal_projector


def test_the_nearest_keys_win_by_the_sum_of_their_cosines() -> None:
    keys = {
        "image": torch.tensor([[1.0, 0.0], [0.0, 5.0]]),
        "instruction": torch.tensor([[1.0, 0.0], [0.6, 0.8]]),
    }
    asked = {
        "image": torch.tensor([[1.0, 0.0], [2.0, 2.0]]),
        "instruction": torch.tensor([[0.0, 1.0], [0.0, 1.0]]),
    }
    # the first: 1 + 0 against 0 + 0.8; the second: 0.707 + 0 against 0.707 + 0.8
    assert nearest(asked, keys).tolist() == [0, 1]


def test_every_step_trains_an_expert_of_its_own(stream: Any) -> None:
    past, (state, after), (one, _) = stream
    assert state["owners"].tolist() == [0, 1] and after["owners"].tolist() == [0, 1, 2]
    banks = Bank.of(state), Bank.of(after)
    for number in (0, 1):  # what an earlier step trained is not touched
        for name, tensor in banks[0].experts[number].items():
            assert torch.equal(tensor, banks[1].experts[number][name])
    start = dict(tiny()[0].model.multi_modal_projector.named_parameters())
    assert all(torch.equal(p, banks[1].experts[0][n]) for n, p in start.items())
    assert not torch.equal(banks[1].experts[1]["linear_1.weight"], start["linear_1.weight"])
    assert all(lora.is_projector(name) for name, _ in lora.trainable(one))
    told = past.told["routing"]
    assert [len(row) for row in told["confusion"]] == [3, 3, 3]
    shown = [len(past.with_images(past.arrived[k])) for k in range(3)]
    assert [sum(row) for row in told["confusion"]] == [min(5, n) for n in shown]


def test_with_oracle_routing_nothing_is_forgotten(
    stream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    past, (_, after), models = stream
    model, _ = routed(after)
    batch = past.batch([one for ids in past.arrived.values() for one in ids])
    for number, one in enumerate(models, start=1):

        def oracle(asked: Any, keys: Any, number: int = number) -> torch.Tensor:
            return torch.full((len(asked["image"]),), number)

        monkeypatch.setattr("liit.learning.experts.nearest", oracle)
        assert torch.equal(logits(model, batch), logits(lora.merge(one), batch))


def test_a_mixed_batch_is_routed_as_its_records_alone(stream: Any) -> None:
    past, (_, after), _ = stream
    model, experts = routed(after)
    ids = [one for few in past.arrived.values() for one in few]
    together = logits(model, past.batch(ids))
    chosen, alone, parts = experts.chosen.tolist(), [], []
    for id_ in ids:
        experts.chosen = torch.tensor([-1])
        parts.append(logits(model, past.batch([id_])))
        alone += experts.chosen.tolist()
    shown = [place for place, id_ in enumerate(ids) if past.corpus.sample(id_).images]
    assert [chosen[place] for place in shown] == [alone[place] for place in shown]
    assert len({chosen[place] for place in shown}) > 1
    assert {alone[place] for place in range(len(ids))} - {-1} <= set(after["owners"].tolist())
    torch.testing.assert_close(together, torch.cat(parts), rtol=1e-4, atol=1e-5)


def one_by_one(past: Past) -> list[str]:
    return [one for few in past.arrived.values() for one in few]


def expect_passes_agree(learner: Learner, state: Any, past: Past, folder: Path) -> None:
    """The signals passes, in wide and in narrow batches, see what the model alone sees."""
    model, with_adapter, ids = tiny()[0], adapted(LORA), one_by_one(past)
    learner.route(model, state)
    learner.route(with_adapter, state)
    with torch.no_grad():
        nll = {one: float(answer_loss(model, past.batch([one]))) for one in ids}
    for name, tokens in (("wide", 2000), ("narrow", 50)):
        found = measure(
            with_adapter,
            past.corpus,
            ids,
            frozenset({"nll", "gradient"}),
            settings=replace(SETTINGS, tokens_per_batch=tokens),
            devices=CPU,
            folder=folder / name,
            made_from={"of": name},
            seed=0,
        )
        np.testing.assert_allclose(found["nll"], [nll[one] for one in sorted(ids)], rtol=1e-4)


def expect_answers_agree(model: Any, past: Past, folder: Path) -> None:
    """Greedy answers and likelihoods are the same one at a time and all together."""
    documents = Documents(past.corpus.stores[0])
    given, answers = {"until": ["</s>"], "max_gen_toks": 4, "do_sample": False}, []
    for size in (1, 24):
        store = PredictionStore(folder / f"{size}.sqlite")
        lm = LlavaLM(past.corpus.encoder, store, batch_size=size)
        lm.examine(model, "w")
        texts, likelihoods = (
            [Instance(kind, d, (d["text"], what, {"visual": d["item"]}), 0) for d in documents]
            for kind, what in (("generate_until", given), ("loglikelihood", " thing"))
        )
        scores = [score for score, _ in lm.loglikelihood(likelihoods)]
        answers.append((lm.generate_until(texts), scores))
    assert answers[0][0] == answers[1][0]
    np.testing.assert_allclose(answers[0][1], answers[1][1], rtol=1e-4)


def test_the_signals_passes_route_as_the_model_does(stream: Any, tmp_path: Path) -> None:
    past, (_, after), _ = stream
    expect_passes_agree(EProj(), after, past, tmp_path)


def test_evaluation_routes_by_the_question_whatever_the_batch(stream: Any, tmp_path: Path) -> None:
    past, (_, after), _ = stream
    expect_answers_agree(routed(after)[0], past, tmp_path)


def test_a_routed_model_is_the_same_in_a_new_process(stream: Any, tmp_path: Path) -> None:
    past, (_, after), _ = stream
    model, _ = routed(after)
    expected = float(logits(model, past.batch(past.chosen)).double().sum())
    save_file(after, tmp_path / "after.safetensors")
    code = (
        "import sys, torch; from safetensors.torch import load_file\n"
        "sys.path[:0] = sys.argv[2:]\n"
        "from lessons import Corpus, SampleStore\n"
        "from pathlib import Path\n"
        "from tiny import tiny; from test_routing import routed, logits, past_of\n"
        "folder = Path(sys.argv[1])\n"
        "corpus = Corpus([SampleStore(folder / 'tiny.arrow')], tiny()[1])\n"
        "ids = sorted(corpus.stores[0].column('id'))[16:]\n"
        "model, _ = routed(load_file(folder / 'after.safetensors'))\n"
        "print(float(logits(model, past_of(corpus, folder).batch(ids)).double().sum()))\n"
    )
    here = Path(__file__).parent
    places = [str(here), str(here.parent / "model")]
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *places],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert float(told.split()[-1]) == expected


def test_a_similar_step_trains_the_expert_that_is_there(corpus: Corpus, tmp_path: Path) -> None:
    past = past_of(corpus, tmp_path)
    _, state = step(EProj(reuse=0.0, samples=5), past)
    assert state["owners"].tolist() == [0, 0]
    bank = Bank.of(state)
    for name, key in bank.keys().items():
        assert torch.equal(key[0], bank.tasks[0][name] + bank.tasks[1][name])
    one = {"image": torch.tensor([1.0, 0.0]), "instruction": torch.tensor([1.0, 0.0])}
    half = {"image": torch.tensor([0.6, 0.8]), "instruction": torch.tensor([1.0, 0.0])}
    hand = Bank([{}], [0], [one])
    assert hand.choice(half, 0.4) == (0, 0)  # 0.6^1.5 = 0.465
    assert hand.choice(half, 0.5) == (1, 0)
    assert hand.choice(half, None) == (1, 0)


def test_text_alone_trains_no_projector(corpus: Corpus, tmp_path: Path) -> None:
    past = past_of(corpus, tmp_path)
    ids = Lesson(EProj(), past).ids()
    assert ids == past.with_images(past.chosen) and len(ids) < len(past.chosen)
    text = [one for one in past.chosen if one not in ids]
    with pytest.raises(LiitError, match="no record that step 1 chose has an image"):
        Lesson(EProj(), replace(past, chosen=text)).ids()


# L2P


@pytest.fixture
def prompted(corpus: Corpus, tmp_path: Path) -> tuple[Past, dict[str, torch.Tensor], Any]:
    past = past_of(corpus, tmp_path, told={}, held={}, ids={})
    model, state = step(POOL, past)
    return past, state, model


POOL = L2p(pool=5, length=2, chosen=2, samples=4)


def test_prompts_stand_before_the_sequence_as_by_hand(prompted: Any) -> None:
    past, state, _ = prompted
    model, plain = tiny()[0], tiny()[0]
    POOL.route(model, state)
    pool = model.model.language_model.pool
    for id_ in past.chosen[:3]:
        batch = past.batch([id_])
        found = logits(model, batch)
        asked = queries(plain, batch)["instruction"][0]
        near = torch.stack([torch.cosine_similarity(asked, key, dim=0) for key in state["keys"]])
        best = near.argsort(descending=True)[:2]
        assert pool.chosen[0].tolist() == best.tolist()
        assert float(pool.closeness) == pytest.approx(float(near[best].sum()), rel=1e-5)
        with torch.no_grad():
            core = plain.model
            embedded = core.get_input_embeddings()(batch["input_ids"])
            if "pixel_values" in batch:
                shown = core.get_image_features(
                    pixel_values=batch["pixel_values"], return_dict=True
                )
                where = (batch["input_ids"] == core.config.image_token_id).unsqueeze(-1)
                embedded = embedded.masked_scatter(where, torch.cat(shown.pooler_output))
            whole = torch.cat([state["prompts"][best].flatten(0, 1)[None], embedded], 1)
            hidden = core.language_model(inputs_embeds=whole).last_hidden_state[:, 4:]
            expected = plain.lm_head(hidden[:, :-1][batch["labels"][:, 1:] != -100])
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_nothing_but_the_pool_learns_and_it_goes_on(prompted: Any, tmp_path: Path) -> None:
    past, state, model = prompted
    assert {name.rpartition(".pool.")[2] for name, _ in lora.trainable(model)} == {
        "prompts",
        "keys",
    }
    fresh = adapted(LORA)
    again = replace(past, held={}, ids={})
    POOL.attach(fresh, again)
    start = POOL.finish(fresh, again)
    assert all(not torch.equal(one, start[name]) for name, one in state.items())
    save_file(state, tmp_path / STATE)
    second = replace(past, now=2, steps=range(2), states={1: tmp_path / STATE}, held={}, ids={})
    POOL.attach(other := adapted(LORA), second)
    assert all(torch.equal(one, state[name]) for name, one in POOL.finish(other, second).items())
    assert sum(past.told["prompts"]) == 2 * 4
    batch = past.batch(past.chosen[:4])
    torch.testing.assert_close(logits(other, batch), logits(model, batch))


def test_the_pull_is_subtracted(prompted: Any) -> None:
    past, _, model = prompted
    logits(model, past.batch(past.chosen[:4]))
    pool = past.held["pool"]
    loss = POOL.loss(model, None, torch.tensor(2.0), past)
    assert float(loss) == pytest.approx(2 - 0.1 * float(pool.closeness))


def test_prompts_are_a_records_own_whatever_the_batch(prompted: Any, tmp_path: Path) -> None:
    past, state, _ = prompted
    model = tiny()[0]
    POOL.route(model, state)
    ids = one_by_one(past)
    together = logits(model, past.batch(ids))
    alone = torch.cat([logits(model, past.batch([one])) for one in ids])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    expect_answers_agree(model, past, tmp_path)
    expect_passes_agree(POOL, state, past, tmp_path)


@pytest.mark.parametrize(
    "learner", [MoeLora(experts=2), EProj(samples=5), L2p(samples=4)], ids=repr
)
def test_twice_the_same_to_the_bit(learner: Learner, corpus: Corpus, tmp_path: Path) -> None:
    pasts = [past_of(corpus, tmp_path) for _ in range(2)]
    one, other = (trained(learner, corpus, past, FAST) for past in pasts)  # with dropout
    states = [
        learner.finish(model, past) for (model, *_), past in zip((one, other), pasts, strict=True)
    ]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())
    assert one[1].seen_sha256 == other[1].seen_sha256
    assert (pasts[0].ids, pasts[0].told) == (pasts[1].ids, pasts[1].told)


def test_a_model_remembers_who_routes(tmp_path: Path) -> None:
    zero = Theta("base", digest="d")
    plain = zero.then(tmp_path, "w", "merge_fresh", {STATE: "s"})
    routing = zero.then(tmp_path, "w", "merge_fresh", {STATE: "s"}, router=(EProj(), "code"))
    assert plain.routed is None and routing.routed == (EProj(), tmp_path / STATE)
    assert plain.digest != routing.digest
    assert not Learner().changes("route") and EProj().changes("route")
