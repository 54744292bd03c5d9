"""Samples scored and trained on: against the sums of the paper's sizes, worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import samples, tiny

from liit import paths
from liit.base import is_base_of, open_encoder
from liit.config import Dataset, load_params
from liit.data.encode import IGNORED
from liit.data.store import write_store
from liit.errors import LiitError
from liit.planning.shape import LLAVA_7B, Lengths
from liit.planning.workload import arrivals, questions, steps_of
from liit.preparation.prepare import prepare
from liit.scales import params_of
from liit.selection import load

ROOT = Path(__file__).parents[2]
SIZES = [665_000, 2_100_000, 3_000, 666_000, 250_000, 191_000]  # Adapt-∞, Table 1
BUDGET = 25_000


def scored(name: str) -> list[int]:
    return [step.scored for step in steps_of(load("main", name), SIZES, BUDGET)]


def trained(name: str) -> list[int]:
    return [step.trained for step in steps_of(load("main", name), SIZES, BUDGET)]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_whole_pool_is_scored_anew_at_every_step() -> None:
    assert scored("adapt_inf") == [2_765_000, 2_768_000, 3_434_000, 3_684_000, 3_875_000]
    assert sum(scored("adapt_inf")) == 16_526_000
    assert trained("adapt_inf") == [BUDGET] * 5


def test_pruning_leaves_four_budgets_and_what_arrives() -> None:
    assert scored("lite_adapt_inf") == [2_765_000, 103_000, 766_000, 350_000, 291_000]


def test_methods_without_signals_score_nothing() -> None:
    assert scored("random") == [0] * 5
    assert trained("sequential") == SIZES[1:]
    assert trained("multitask") == [sum(SIZES)]
    assert trained("replay")[1] == 3_000 + 66_500 + 210_000
    assert trained("random") == [BUDGET] * 5


def test_learning_each_dataset_alone_trains_on_as_much_as_learning_them_in_turn() -> None:
    both = (load("continual", "individual"), load("main", "sequential"))
    alone, in_turn = ([step.trained for step in steps_of(one, SIZES, BUDGET)] for one in both)
    assert alone == in_turn == SIZES[1:]


def test_a_budget_above_the_pool_trains_on_the_pool() -> None:
    (one,) = steps_of(load("main", "random"), [10, 30], 100)
    assert (one.scored, one.trained, one.pool) == (0, 40, (0.25, 0.75))
    assert one.candidates == one.pool


def test_candidates_are_what_the_pool_rule_leaves() -> None:
    (one,) = steps_of(load("main", "sequential"), [10, 30], 100)
    assert (one.trained, one.candidates) == (30, (0.0, 1.0))
    (one,) = steps_of(load("main", "replay"), [10, 30], 100)
    assert (one.trained, one.candidates) == (31, (1 / 31, 30 / 31))


def test_lengths_are_mixed_by_share() -> None:
    both = Lengths.mixed([Lengths(8, 4, 2, 1), Lengths(4, 4, 0, 0)], (0.25, 0.75))
    assert both == Lengths(5, 4, 0.5, 0.25)


def test_published_datasets_are_assumed_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = params_of("llava-1.5-7b")
    drawn = params_of("mini")
    monkeypatch.chdir(tmp_path)
    found = arrivals(params, LLAVA_7B.patches, prepared=True)
    assert [one.size for one in found] == SIZES
    assert not any(one.measured for one in found)
    assert found[0].lengths == Lengths(776, 200, 100, 1)
    # what another scale has prepared under the same names does not count
    write_store(samples(5), tmp_path / "data" / "llava.arrow")
    assert [one.size for one in arrivals(params, LLAVA_7B.patches, prepared=False)] == SIZES
    with pytest.raises(LiitError, match=r"need the tokenizer of the base.*\n.*dvc repro base"):
        arrivals(drawn, 36, prepared=True)
    with pytest.raises(LiitError, match=r"need the scale's base.*\n.*liit scale mini"):
        arrivals(drawn, 36, prepared=False)


def test_a_dataset_of_which_a_part_is_taken_has_the_size_of_that_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    params = params_of("smollm2")
    monkeypatch.chdir(tmp_path)
    found = arrivals(params, 0, prepared=False)
    assert {one.size for one in found} == {80}
    assert {one.lengths for one in found} == {Lengths(200, 200, 100, 0)}  # it sees no images
    small = replace(params.stream[0], records=30)  # of which 80 cannot be taken
    params = replace(params, stream=(small, *params.stream[1:]))
    assert [one.size for one in arrivals(params, 0, prepared=False)] == [30] + 9 * [80]


@pytest.mark.parametrize("scale", ["smollm2", "cit-1-mini"])
def test_the_base_of_another_scale_is_not_taken_for_this_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: str
) -> None:
    """As in a clone after `liit scale`: the base of scale mini is in git."""
    (tmp_path / "base").symlink_to(ROOT / "base")
    monkeypatch.chdir(ROOT)
    params = params_of(scale)
    assert is_base_of(load_params()) and not is_base_of(params)
    monkeypatch.chdir(tmp_path)
    if params.model.mini:
        with pytest.raises(LiitError, match=r"need the tokenizer of the base.*\n.*dvc repro base"):
            arrivals(params, 36, prepared=True)
    else:
        assert not any(one.measured for one in arrivals(params, 0, prepared=True))
    with pytest.raises(LiitError, match=rf"scale {scale} starts from.*\n.*dvc repro base"):
        open_encoder(params)


def test_questions_of_an_exam_of_which_a_part_is_taken_are_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    some, every = params_of("one-gpu"), params_of("llava-1.5-7b")
    monkeypatch.chdir(tmp_path)
    found = questions(some, 64, prepared=False)
    sizes = [200 if one.skill == "grounding" else 500 for one in some.exams]
    assert [(one.name, one.size) for one in found] == [
        (one.task, size) for one, size in zip(some.exams, sizes, strict=True)
    ]
    assert {one.lengths for one in found} == {Lengths(214, 150, 10, 1)}
    assert not any(one.measured for one in found)
    assert questions(every, 576, prepared=False) == []


def test_a_fresh_clone_plans_from_the_draw_as_it_will_when_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = load_params(ROOT / "params.yaml")
    (tmp_path / "base").symlink_to(ROOT / "base")
    monkeypatch.chdir(tmp_path)
    params = replace(
        params,
        stream=tuple(
            replace(dataset, options={**dataset.options, "size": 30}) for dataset in params.stream
        ),
    )
    fresh = arrivals(params, 36, prepared=True)
    assert all(arrival.measured and arrival.size == 30 for arrival in fresh)
    for dataset in params.stream:
        prepare(params, dataset, paths.dataset_store(dataset.name))
    assert arrivals(params, 36, prepared=True) == fresh


def test_what_is_neither_prepared_nor_drawn_nor_published_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = load_params(ROOT / "params.yaml")
    (tmp_path / "base").symlink_to(ROOT / "base")
    monkeypatch.chdir(tmp_path)
    own = Dataset(name="own", label="own", format="llava", files=("own.json",))
    with pytest.raises(LiitError, match=r"how many samples own has.*\n.*liit prepare"):
        arrivals(replace(params, stream=(own,)), 36, prepared=True)
    sized = replace(own, options={"size": 30})
    with pytest.raises(LiitError, match=r"lengths of own need the prepared data.*\n.*liit prepare"):
        arrivals(replace(params, stream=(sized,)), 36, prepared=True)


def test_prepared_datasets_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, encoder = tiny()
    for part in (model, encoder.processor):
        part.save_pretrained(tmp_path / "base" / "model")
    record = {"model": "base/model", "revision": None, "adapter": None, "sha256": "", "folders": {}}
    (tmp_path / "base" / "base.json").write_text(json.dumps(record))
    everything = samples(18)
    write_store(everything, tmp_path / "data" / "one.arrow")
    write_store(everything[:5], tmp_path / "data" / "two.arrow")
    params = load_params(ROOT / "params.yaml")
    stream = tuple(Dataset(name=n, label=n, format="world") for n in ("one", "two"))
    monkeypatch.chdir(tmp_path)
    asked = replace(
        params,
        stream=stream,
        model=replace(
            params.model, system_prompt=encoder.system_prompt, max_length=encoder.max_length
        ),
    )
    first, second = arrivals(asked, 4, prepared=True)
    assert (first.size, second.size, first.measured) == (18, 5, True)
    encoded = [encoder.encode(sample) for sample in everything]
    image = encoder.image_token
    assert first.lengths == Lengths(
        tokens=float(np.mean([len(one) for one in encoded])),
        blind=float(np.mean([len(one.blind(image)) for one in encoded])),
        answers=float(np.mean([int((one.labels != IGNORED).sum()) for one in encoded])),
        images=float(np.mean([one.images for one in encoded])),
    )
