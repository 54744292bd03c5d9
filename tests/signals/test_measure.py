"""The whole measurement: passes, shards, resuming, ranks, and defined ends of odd cases."""

from __future__ import annotations

import copy
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_sample_gradients import one_at_a_time
from tiny import CPU, SHAPE
from tiny_pool import SAMPLES, SETTINGS, World, build

from liit.data.corpus import Corpus
from liit.data.encode import IGNORED, Encoded, Encoder
from liit.data.sample import Turn
from liit.errors import LiitError
from liit.selection.signal_names import SIGNALS
from liit.signals import engine
from liit.signals.engine import measure
from liit.signals.module import Measuring
from liit.signals.passes import five_layers, middle, passes_for
from liit.signals.store import SignalStore, settled
from liit.signals.targets import Targets
from liit.signals.trunk import Trunk

BEYOND = frozenset({"nll_unasked", "attended_image", "fisher_last", "target_influence"})
ADAPT = frozenset({"nll", "nll_blind", "entropy", "error_norm", "hidden", "gradient"})


def run(world: World, folder: Path, names: frozenset[str] = ADAPT, **changed: Any) -> Any:
    given = {"settings": SETTINGS, "devices": CPU, "seed": 0, "ids": world.ids} | changed
    ids, made_from = given.pop("ids"), {"seed": given["seed"]}
    return measure(
        world.model, world.corpus, ids, names, folder=folder, made_from=made_from, **given
    )


@pytest.fixture(scope="module")
def measured(world: World, tmp_path_factory: pytest.TempPathFactory) -> Any:
    everything = frozenset(SIGNALS) - {"gradient_proxy"}
    folder = tmp_path_factory.mktemp("all") / "signals"
    return run(world, folder, everything, targets=exams_of(world))


def exams_of(world: World) -> Targets:
    """Samples of the pool in the place of two exams' items."""
    return Targets(world.corpus, {"one": world.ids[:5], "two": world.ids[5:13]})


def full_logits(world: World, encoded: Encoded) -> tuple[np.ndarray, np.ndarray, Any]:
    """The model's own logits [L, V] in float64, the labels [L], and its hidden states."""
    batch = world.corpus.encoder.collate([encoded])
    inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
    with torch.no_grad():
        out = world.model(**inputs, output_hidden_states=True)
    return out.logits[0].double().numpy(), encoded.labels.numpy(), out.hidden_states


def slow_scores(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    entropy = -(p * np.log(p)).sum(axis=1)
    places = [j - 1 for j in range(1, len(labels)) if labels[j] != IGNORED]
    nll = np.array([-np.log(p[j, labels[j + 1]]) for j in places])
    errors = [np.linalg.norm(p[j] - np.eye(p.shape[1])[labels[j + 1]]) for j in places]
    return {
        "nll": float(nll.mean()),
        "nll_exp": float(np.exp(nll).mean()),
        "entropy": float(entropy[places].mean()),
        "entropy_all": float(entropy.mean()),
        "error_norm": float(np.mean(errors)),
    }


def test_scores_equal_the_models_own_logits(world: World, measured: Any) -> None:
    for row, id_ in enumerate(world.ids):
        logits, labels, _ = full_logits(world, world.corpus.encoded(id_))
        for name, value in slow_scores(logits, labels).items():
            assert measured[name][row] == pytest.approx(value, rel=2e-5, abs=2e-5)


def test_scores_of_a_truncated_answer_are_of_what_is_left(world: World, tmp_path: Path) -> None:
    whole = world.corpus
    limit = max(len(whole.encoded(id_)) for id_ in world.ids) - 2
    encoder = Encoder(whole.encoder.processor, system_prompt="Be brief.", max_length=limit)
    short = Corpus(whole.stores, encoder)
    found = run(World(world.model, short, world.ids), tmp_path / "s", frozenset({"nll", "entropy"}))
    cut = [id_ for id_ in world.ids if len(short.encoded(id_)) < len(whole.encoded(id_))]
    assert cut
    for id_ in cut:
        logits, labels, _ = full_logits(world, short.encoded(id_))
        assert (labels != IGNORED).any()
        for name in found:
            expected = slow_scores(logits, labels)[name]
            assert found[name][world.ids.index(id_)] == pytest.approx(expected, rel=2e-5, abs=2e-5)


def test_blind_nll_is_of_the_text_alone(world: World, measured: Any) -> None:
    image = world.corpus.encoder.image_token
    for row, id_ in enumerate(world.ids):
        encoded = world.corpus.encoded(id_)
        if not encoded.images:
            assert math.isnan(measured["nll_blind"][row])
            continue
        blind = encoded.blind(image)
        assert image not in blind.input_ids
        expected = slow_scores(*full_logits(world, blind)[:2])["nll"]
        assert measured["nll_blind"][row] == pytest.approx(expected, rel=1e-5, abs=2e-5)
        assert measured["nll_blind"][row] != measured["nll"][row]


def test_unasked_nll_is_of_the_answers_after_the_images_alone(world: World, measured: Any) -> None:
    encoder = world.corpus.encoder
    for row, id_ in enumerate(world.ids):
        sample = world.corpus.sample(id_)
        if not sample.images:
            assert math.isnan(measured["nll_unasked"][row])
            continue
        said = " ".join(turn.text for turn in sample.turns if turn.role == "assistant")
        images = "\n".join(["<image>"] * len(sample.images))
        bare = replace(sample, turns=(Turn("user", images), Turn("assistant", said)))
        expected = slow_scores(*full_logits(world, encoder.encode(bare))[:2])["nll"]
        assert measured["nll_unasked"][row] == pytest.approx(expected, rel=1e-5, abs=2e-5)
    shown = np.isfinite(measured["nll_unasked"])
    moved = np.abs(measured["nll_unasked"] - measured["nll"])[shown] > 1e-3
    assert moved.mean() > 0.8, "most answers must depend on their question"


def test_attended_image_is_the_mean_of_what_the_question_sees(world: World, tmp_path: Path) -> None:
    """Against the model's own attention weights, one sample at a time and one token at a time."""
    sharp = copy.deepcopy(world.model)  # a random model attends to all alike
    Trunk(sharp).layers[0].self_attn.q_proj.get_base_layer().weight.data *= 60
    names = frozenset({"attended_image"})
    measured = run(World(sharp, world.corpus, world.ids), tmp_path / "s", names)
    eager = copy.deepcopy(sharp)
    eager.get_base_model().set_attn_implementation("eager")
    some, dropped = 0, 0
    for row, id_ in enumerate(world.ids):
        encoded = world.corpus.encoded(id_)
        image = np.flatnonzero(encoded.input_ids == world.corpus.encoder.image_token)
        if not len(image):
            assert not measured["attended_image"][row].any()
            continue
        asking = np.flatnonzero(encoded.labels == IGNORED)
        asking = np.setdiff1d(asking, image)
        batch = world.corpus.encoder.collate([encoded])
        inputs = {name: one for name, one in batch.items() if name not in ("ids", "labels")}
        with torch.no_grad():
            out = eager(**inputs, output_attentions=True, output_hidden_states=True)
        weights = out.attentions[0][0].mean(dim=0).double().numpy()
        received = np.array([weights[asking, place].mean() for place in image])
        chosen, together = [], 0.0
        for place in np.argsort(-received, kind="stable"):
            chosen.append(image[place])
            together += received[place] / received.sum()
            if together > 0.9:
                break
        mean = out.hidden_states[1][0].numpy()[chosen].mean(axis=0)
        np.testing.assert_allclose(measured["attended_image"][row], mean, rtol=2e-3, atol=1e-3)
        some, dropped = some + 1, dropped + len(image) - len(chosen)
    assert some > 40 and dropped > some, "some positions must be left out, or nothing is tested"


def test_fisher_is_the_squared_norm_of_the_last_layers_gradient(
    world: World, measured: Any
) -> None:
    last = len(Trunk(world.model).layers) - 1
    for row, id_ in enumerate(world.ids[:15]):
        gradients = one_at_a_time(world, id_)
        own = [one for name, one in gradients.items() if f".layers.{last}." in name]
        trace = float(sum(one.double().square().sum() for one in own))
        assert measured["fisher_last"][row] == pytest.approx(math.log(trace), abs=1e-4)


def test_target_influence_is_the_mean_cosine_with_an_exams_items(
    world: World, measured: Any
) -> None:
    unit = measured["gradient_all"].astype(np.float64)
    expected = np.stack([(unit @ unit[:5].T).mean(axis=1), (unit @ unit[5:13].T).mean(axis=1)], 1)
    np.testing.assert_allclose(measured["target_influence"], expected, atol=2e-3)
    assert expected.std() > 0.05


def test_targets_without_answers_do_not_count(world: World, tmp_path: Path) -> None:
    targets = Targets(world.corpus, {"empty": ["c"], "both": ["a", "b"]})
    means = targets.means(np.array([[1, 2], [3, 4], [np.nan, np.nan]], dtype=np.float16))
    np.testing.assert_array_equal(means, [[2, 3]])
    with pytest.raises(LiitError, match="no item of empty has an answer"):
        Targets(world.corpus, {"empty": ["c"]}).means(np.full((1, 2), np.nan))
    with pytest.raises(LiitError, match="needs the items of exams"):
        run(world, tmp_path / "s", frozenset({"target_influence"}))


def test_zero_image_keeps_the_placeholders(world: World, measured: Any) -> None:
    encoder = world.corpus.encoder
    for row, id_ in enumerate(world.ids[:20]):
        encoded = world.corpus.encoded(id_)
        batch = encoder.collate([encoded])
        if "pixel_values" in batch:
            batch["pixel_values"] = torch.zeros_like(batch["pixel_values"])
        del batch["ids"]
        with torch.no_grad():
            assert measured["nll_zero_image"][row] == pytest.approx(
                float(world.model(**batch).loss), rel=1e-5, abs=2e-5
            )


def test_hidden_vectors_are_means_of_the_models_states(world: World, measured: Any) -> None:
    for row, id_ in enumerate(world.ids[:12]):
        states = full_logits(world, world.corpus.encoded(id_))[2]
        middle_mean = states[2][0].mean(dim=0)  # states[0] is the embedding
        np.testing.assert_allclose(measured["hidden"][row], middle_mean, rtol=2e-3, atol=1e-3)
        width = SHAPE.width
        one = torch.nn.functional.normalize(states[1][0].mean(dim=0), dim=0)
        np.testing.assert_allclose(measured["hidden_all"][row][:width], one, rtol=2e-3, atol=1e-3)
        lengths = np.linalg.norm(
            measured["hidden_all"][row].astype(np.float32).reshape(-1, width), axis=1
        )
        np.testing.assert_allclose(lengths, 1, rtol=1e-3)


def test_attention_halves(world: World, measured: Any) -> None:
    trunk = Trunk(world.model)
    outputs: list[torch.Tensor] = []
    hook = trunk.layers[1].self_attn.register_forward_hook(lambda *a: outputs.append(a[2][0]))
    for row, id_ in enumerate(world.ids[:12]):
        encoded = world.corpus.encoded(id_)
        full_logits(world, encoded)
        image = encoded.input_ids == world.corpus.encoder.image_token
        part = slice(SHAPE.width, 2 * SHAPE.width)
        for name, where in (("attention_image", image), ("attention_text", ~image)):
            if where.any():
                half = torch.nn.functional.normalize(outputs[-1][0][where].mean(0).tanh(), dim=0)
                np.testing.assert_allclose(measured[name][row][part], half, rtol=2e-3, atol=1e-3)
            else:
                assert not measured[name][row].any()
    hook.remove()


def test_gradients_have_unit_length_and_their_own_layers(measured: Any) -> None:
    for name in ("gradient", "gradient_first", "gradient_last", "gradient_all"):
        lengths = np.linalg.norm(measured[name].astype(np.float64), axis=1)
        np.testing.assert_allclose(lengths, 1, rtol=1e-3)
    assert not np.allclose(measured["gradient"], measured["gradient_first"])
    assert not np.allclose(measured["gradient"], measured["gradient_last"])


@pytest.mark.parametrize(
    ("names", "main", "blind"),
    [
        ({"nll", "entropy", "error_norm", "hidden", "gradient"}, 1, 0),
        ({"nll_blind"}, 0, 1),
        ({"nll", "nll_blind"}, 1, 1),
    ],
)
def test_exactly_the_passes_needed(
    world: World, tmp_path: Path, names: set[str], main: int, blind: int
) -> None:
    """Each sample goes once through the model per pass; text-only samples are not run blind."""
    seen = {"whole": 0, "text": 0}
    embed = Trunk(world.model).embed_tokens

    def count(_: Any, inputs: tuple[torch.Tensor, ...], __: Any) -> None:
        images = (inputs[0] == world.corpus.encoder.image_token).any(dim=1)
        seen["whole"] += int(images.sum())
        seen["text"] += int((~images).sum())

    hook = embed.register_forward_hook(count)
    run(world, tmp_path / "s", frozenset(names))
    hook.remove()
    shown = sum(bool(one.images) for one in SAMPLES)
    assert seen["whole"] == main * shown
    assert seen["text"] == main * (len(SAMPLES) - shown) + blind * shown


def test_what_is_measured_is_not_measured_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(world, tmp_path / "s", frozenset({"nll", "nll_blind"}))
    kinds = []
    real = Measuring._measure
    monkeypatch.setattr(
        Measuring, "_measure", lambda self, batch: kinds.append(batch["kind"]) or real(self, batch)
    )
    again = run(world, tmp_path / "s", frozenset({"nll", "nll_blind"}))
    assert not kinds
    run(world, tmp_path / "s", frozenset({"nll", "entropy"}))
    assert set(kinds) == {"main"}
    for name, one in first.items():
        np.testing.assert_array_equal(one, again[name])
    kinds.clear()
    run(world, tmp_path / "s", frozenset({"nll"}), seed=1)  # stale: another seed
    assert kinds
    assert not (tmp_path / "s" / "entropy.npy").exists()


def file_bytes(folder: Path) -> dict[str, bytes]:
    """All but what clocks say."""
    files = [one for one in sorted(folder.rglob("*")) if one.name != "spent.json"]
    return {one.name: one.read_bytes() for one in files if one.is_file()}


def test_a_killed_pass_continues_and_gives_the_same_bytes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SHARD_SAMPLES", 8)
    run(world, tmp_path / "whole")
    real, batches = Measuring._measure, []

    def dies(self: Any, batch: Any) -> Any:
        if len(batches) == 9:
            raise KeyboardInterrupt
        batches.append(batch["number"])
        return real(self, batch)

    monkeypatch.setattr(Measuring, "_measure", dies)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(world, tmp_path / "killed")
    done = list((tmp_path / "killed").glob("parts-*/*.safetensors"))
    assert done
    resumed: list[int] = []
    monkeypatch.setattr(
        Measuring,
        "_measure",
        lambda self, batch: resumed.append(batch["number"]) or real(self, batch),
    )
    run(world, tmp_path / "killed")
    assert 0 < len(resumed) < len(set(resumed) | set(batches))
    assert file_bytes(tmp_path / "killed") == file_bytes(tmp_path / "whole")


def test_a_pass_killed_before_the_merge_is_merged(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SHARD_SAMPLES", 8)
    run(world, tmp_path / "whole")
    real = SignalStore.merge

    def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(SignalStore, "merge", dies)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(world, tmp_path / "killed")
    assert not (tmp_path / "killed" / "nll.npy").exists()
    monkeypatch.setattr(SignalStore, "merge", real)
    run(world, tmp_path / "killed")
    assert file_bytes(tmp_path / "killed") == file_bytes(tmp_path / "whole")


def test_neither_order_nor_batch_nor_shards_change_the_scores(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run(world, tmp_path / "a")
    shuffled = run(world, tmp_path / "b", ids=world.ids[::-1])
    monkeypatch.setattr(engine, "SHARD_SAMPLES", 5)
    sharded = run(world, tmp_path / "c")
    small = run(world, tmp_path / "d", settings=replace(SETTINGS, tokens_per_batch=90))
    large = run(world, tmp_path / "e", settings=replace(SETTINGS, tokens_per_batch=10**6))
    for name in ADAPT:
        for exact in (shuffled, sharded):
            np.testing.assert_array_equal(one[name], exact[name])
        for near in (small, large):
            np.testing.assert_allclose(one[name], near[name], rtol=1e-3, atol=2e-5)
    for name in ("nll", "nll_blind", "entropy", "error_norm"):
        same = (small[name] == one[name]) | np.isnan(one[name])
        assert same.mean() > 0.9  # the fifth decimal flips where a value sits on its edge


def test_batches_change_no_signal_of_newer_methods(
    world: World, tmp_path: Path, measured: Any
) -> None:
    for number, tokens in enumerate((90, 10**6)):
        settings = replace(SETTINGS, tokens_per_batch=tokens)
        other = run(
            world, tmp_path / str(number), BEYOND, settings=settings, targets=exams_of(world)
        )
        for name in BEYOND:
            np.testing.assert_allclose(measured[name], other[name], rtol=1e-3, atol=5e-4)


@pytest.mark.pipeline
@pytest.mark.parametrize("missing", ["all", "one"])
def test_ranks_give_the_same_bytes_as_one_process(
    world: World, tmp_path: Path, missing: str
) -> None:
    """With one shard missing, as after a kill, one of the two ranks has nothing to do."""
    run(world, tmp_path / "one")
    script = Path(__file__).with_name("two_ranks.py")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "two"), f"--{missing}-missing"],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    written = json.loads((tmp_path / "two" / "ranks.json").read_text())
    assert len(written) == 2
    assert [bool(count) for count in written.values()] == [True, missing == "all"]
    for name in ADAPT:
        one, two = (tmp_path / where / f"{name}.npy" for where in ("one", "two/signals"))
        assert one.read_bytes() == two.read_bytes()


def test_an_answer_cut_away_is_nan_and_counted(world: World, tmp_path: Path) -> None:
    class Cut(Corpus):
        def encoded(self, id_: str) -> Encoded:
            whole = super().encoded(id_)
            if id_ != world.ids[3]:
                return whole
            return replace(whole, labels=torch.full_like(whole.labels, IGNORED))

    cut = Cut(world.corpus.stores, world.corpus.encoder)
    found = run(World(world.model, cut, world.ids), tmp_path / "s", ADAPT)
    assert [np.isnan(found[name][3]).all() for name in ("nll", "entropy", "error_norm", "gradient")]
    assert np.isfinite(found["hidden"]).all()
    assert np.isfinite(np.delete(found["gradient"], 3, axis=0)).all()
    header = json.loads((tmp_path / "s" / "header.json").read_text())
    assert header["signals"]["nll"]["nan"] == {"count": 1, "ids": [world.ids[3]]}
    assert header["signals"]["hidden"]["nan"]["count"] == 0


def test_text_only_pool_has_no_blind_pass(world: World, tmp_path: Path) -> None:
    texts = [id_ for id_ in world.ids if not world.corpus.sample(id_).images]
    found = run(world, tmp_path / "s", ADAPT, ids=texts)
    assert np.isnan(found["nll_blind"]).all()
    assert len(found["nll_blind"]) == len(texts)
    header = json.loads((tmp_path / "s" / "header.json").read_text())
    assert header["signals"]["nll_blind"]["nan"]["count"] == 0


def test_one_sample(world: World, tmp_path: Path) -> None:
    found = run(world, tmp_path / "s", ADAPT, ids=world.ids[:1])
    assert {name: one.shape for name, one in found.items()} == {
        "nll": (1,),
        "nll_blind": (1,),
        "entropy": (1,),
        "error_norm": (1,),
        "hidden": (1, SHAPE.width),
        "gradient": (1, SETTINGS.projection_dim),
    }


def test_proxy_of_another_shape(world: World, tmp_path: Path) -> None:
    """Its gradients are those that it gives as the main model, with its own text and sizes."""
    shape = replace(SHAPE, width=48, layers=4, heads=3, vocabulary=290, patch=4)
    (tmp_path / "other").mkdir()
    other = build(tmp_path / "other", shape, seed=5, rank=2)
    names = frozenset({"nll", "gradient_proxy"})
    found = run(world, tmp_path / "s", names, proxy=(other.model, other.corpus))
    alone = run(other, tmp_path / "t", frozenset({"gradient"}))
    np.testing.assert_allclose(
        found["gradient_proxy"].astype(np.float32), alone["gradient"].astype(np.float32), atol=1e-3
    )
    with pytest.raises(LiitError, match="needs a proxy model"):
        run(world, tmp_path / "u", names)


def test_errors_say_what_to_do(world: World, tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="'loss' is no signal"):
        run(world, tmp_path / "s", frozenset({"loss"}))
    with pytest.raises(LiitError, match=r"signals\.layer is 9"):
        run(world, tmp_path / "s", settings=replace(SETTINGS, layer=9))
    plain = World(world.model.get_base_model().model.language_model, world.corpus, world.ids)
    with pytest.raises(LiitError, match="no language model of the usual layout"):
        run(plain, tmp_path / "s")


def test_settled_scores_have_the_promised_digits() -> None:
    values = torch.tensor([1.2345678, 12.345678, 123456.78, -0.0000049, torch.nan])
    np.testing.assert_allclose(settled("nll", values)[:4], [1.23457, 12.3457, 123457.0, 0.0])
    tiny = torch.tensor([[3e-30, 4e-30], [0.0, 0.0]])
    np.testing.assert_allclose(settled("gradient", tiny), [[0.6, 0.8], [0, 0]], rtol=1e-3)


def test_layers_by_name() -> None:
    assert [middle(32), middle(3), middle(1)] == [15, 1, 0]
    assert five_layers(24) == [3, 7, 11, 15, 19]
    assert five_layers(3) == [0, 1, 2]
    assert [one.kind for one in passes_for(frozenset(SIGNALS))] == [
        "main",
        "blind",
        "unasked",
        "zero_image",
        "proxy",
    ]
