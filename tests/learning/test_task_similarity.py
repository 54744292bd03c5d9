"""TIR: its table of similarities by hand, and which weights it lets go."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from lessons import adapted, corpus_of, past_of, trained

from liit.errors import LiitError
from liit.learning.learners.tir import Tir, combined, weighted
from liit.learning.prompts import _llava
from liit.learning.space import answer_loss, importance
from liit.learning.tasks import kept_tasks, similarities, task_of, tasks_in
from liit.model.records import patches, queries

ALIKE = {"image": torch.tensor([1.0, 0.0])}


def test_the_table_by_hand() -> None:
    """Cosines 0, 0.6 and 0.8: mean 0.46667, deviation 0.41633, z of the new pairs 0.32026, 0.80064.

    Images and questions have these; the answers of all tasks are the same, so their share is 1/2.
    """
    corners = ([2.0, 0.0], [0.0, 3.0], [0.6, 0.8])
    tasks = [
        {
            "image": torch.tensor(one),
            "instruction": torch.tensor(one) * 7,
            "answer": torch.tensor([1.0, 1.0]),
        }
        for one in corners
    ]
    one, other = 1 / (1 + math.exp(-0.32026)), 1 / (1 + math.exp(-0.80064))
    assert (round(one, 5), round(other, 5)) == (0.57939, 0.69011)
    expected = [one * one * 0.5, other * other * 0.5]
    assert similarities(tasks) == pytest.approx(expected, abs=1e-5)
    without = [{name: one for name, one in task.items() if name != "answer"} for task in tasks]
    expected = [(one * one) ** 1.5, (other * other) ** 1.5]
    assert similarities(without) == pytest.approx(expected, abs=1e-5)


def test_one_earlier_task_counts_with_its_cosine() -> None:
    new = {"image": torch.tensor([0.6, 0.8]), "instruction": torch.tensor([1.0, 0.0])}
    old = {"image": torch.tensor([1.0, 0.0]), "instruction": torch.tensor([1.0, 0.0])}
    assert similarities([old, new]) == pytest.approx([0.6**1.5])
    assert similarities([old, {"image": torch.tensor([-1.0, 0.0])}]) == [0.0]
    assert similarities([old, old]) == pytest.approx([1.0])


def test_equal_tasks_have_no_deviation_to_divide_by() -> None:
    assert similarities([ALIKE] * 4) == pytest.approx([0.5**3] * 3)


def test_a_task_without_images_is_compared_by_its_text() -> None:
    text = {"instruction": torch.tensor([1.0, 0.0])}
    found = similarities([{**ALIKE, **text}, text, {**ALIKE, **text}])
    assert found == pytest.approx([(1.0 * 0.5) ** 1.5, 0.5**3])  # images: one pair alone
    assert similarities([ALIKE, text]) == [0.0]


def test_importances_are_the_largest_and_the_older_one_wins() -> None:
    first, owners = combined({}, {"w": torch.tensor([1.0, 2.0, 0.0])}, 0)
    assert owners["w"].tolist() == [0, 0, 0]
    state = {"importance/w": first["w"], "winner/w": owners["w"]}
    largest, owners = combined(state, {"w": torch.tensor([3.0, 2.0, 1.0])}, 1)
    assert largest["w"].tolist() == [3.0, 2.0, 1.0] and owners["w"].tolist() == [1, 0, 1]


def test_weighting_twice_does_not_compound() -> None:
    state = {
        "anchor/w": torch.zeros(3),
        "importance/w": torch.tensor([4.0, 4.0, 4.0]),
        "winner/w": torch.tensor([0, 1, 0], dtype=torch.uint8),
    }
    for _ in range(2):
        found = weighted(state, [0.25, 1.0])["importance/w"]
        assert found.tolist() == [3.0, 0.0, 3.0]
    assert state["importance/w"].tolist() == [4.0, 4.0, 4.0]


def test_records_are_seen_one_by_one(tmp_path: Path) -> None:
    past, model = past_of(corpus_of(tmp_path), tmp_path), adapted()
    ids = list(past.chosen)
    together = queries(model, past.batch(ids))
    for row, id_ in enumerate(ids):
        alone = queries(model, past.batch([id_]))
        images = past.corpus.sample(id_).images
        assert ("image" in alone) == bool(images)
        if not images:
            alone["image"] = torch.full((1, 32), torch.nan)
        for name, one in alone.items():
            torch.testing.assert_close(together[name][row], one[0], equal_nan=True)
    core, batch = model.get_base_model().model, past.batch(ids[:1])
    answered = batch["input_ids"][batch["labels"] != -100]
    by_hand = core.language_model.embed_tokens(answered).mean(0)
    torch.testing.assert_close(queries(model, past.batch(ids[:1]))["answer"][0], by_hand.detach())


def test_other_towers_are_refused() -> None:
    with pytest.raises(LiitError, match="SimpleNamespace is no LLaVA, BLIP-2 or InstructBLIP"):
        patches(SimpleNamespace(config=SimpleNamespace()), torch.zeros(1, 3, 2, 2))
    tiles = SimpleNamespace(model_type="llava_onevision", vision_feature_layer=-1)
    for refuse in (lambda core: patches(core, torch.zeros(1, 3, 2, 2)), _llava):
        with pytest.raises(LiitError, match="SimpleNamespace"):
            refuse(SimpleNamespace(config=tiles, vision_tower=None))


def test_a_step_keeps_the_tasks_and_whose_each_weight_is(tmp_path: Path) -> None:
    past = past_of(corpus_of(tmp_path), tmp_path)
    model, _, lesson = trained(Tir(samples=3), past.corpus, past)
    assert lesson is not None
    past = lesson.past
    state, start = lesson.learner.finish(model, past), past.state(0)
    assert len(tasks_in(state)) == 2 and len(tasks_in(start)) == 1
    drawn = past.ids["importance"][-3:]
    fresh = importance(model, [past.batch([one]) for one in drawn], answer_loss, 2)
    for name, one in fresh.items():
        before = start[f"importance/{name}"]
        torch.testing.assert_close(state[f"importance/{name}"], one.maximum(before))
        assert torch.equal(state[f"winner/{name}"].bool(), one > before)
    again = task_of(model, past, 3)
    assert all(torch.equal(one, tasks_in(state)[1][name]) for name, one in again.items())
    assert kept_tasks(tasks_in(state)).keys() == {key for key in state if key.startswith("task/")}
