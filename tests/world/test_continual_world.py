"""The drawn tasks of the continual streams, and the scales that are made of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pixels import blobs

from liit.config import Params
from liit.data.sample import Sample, fault_of
from liit.data.world import CONTINUAL, CONTINUAL_EXAMS, draw_dataset, draw_exam
from liit.scales import params_of

ROOT = Path(__file__).parents[2]
SIZE, ITEMS = 150, 60


@cache
def drawn(name: str, size: int = SIZE) -> list[Sample]:
    skills = dict.fromkeys(CONTINUAL[name], 1.0)
    return list(draw_dataset(name, size, 3, duplicates=0.0, low_quality=0.0, skills=skills))


@cache
def asked(task: str) -> list[Sample]:
    return list(draw_exam(task, ITEMS, 3))


@pytest.fixture
def scales(monkeypatch: pytest.MonkeyPatch) -> dict[str, Params]:
    monkeypatch.chdir(ROOT)
    names = ("cit-1", "cit-2", "cit-1-mini", "cit-2-mini", "coin", "ucit")
    return {name: params_of(name) for name in names}


@pytest.mark.parametrize("name", CONTINUAL)
def test_samples_are_sound_and_a_shorter_draw_is_a_prefix(name: str) -> None:
    samples = drawn(name)
    assert [fault_of(sample) for sample in samples] == [None] * SIZE
    assert len({sample.id for sample in samples}) == SIZE
    assert drawn(name, 40) == samples[:40]


@pytest.mark.parametrize("task", CONTINUAL_EXAMS)
def test_no_picture_is_trained_on_and_asked(task: str) -> None:
    trained = {image.key for name in CONTINUAL for one in drawn(name) for image in one.images}
    assert not trained & {image.key for item in asked(task) for image in item.images}
    assert all(item.skill == CONTINUAL_EXAMS[task].skill for item in asked(task))
    # asked in the words of its own dataset
    prompts = {sample.turns[0].text.split("\n")[-1] for sample in drawn(task)}
    assert {item.turns[0].text.split("\n")[-1] for item in asked(task)} == prompts


def test_what_is_unanswerable_is_not_in_the_picture() -> None:
    answers = []
    for item in asked("vizwiz"):
        question, answer = item.turns[0].text.split("\n")[1], item.turns[1].text
        shapes = {blob.name.split()[1] for blob in blobs(item.images[0])}
        named = [word.strip("?") for word in question.split()]
        if answer == "unanswerable":
            assert not shapes & set(named), question
        answers.append(answer)
    assert 0.3 < answers.count("unanswerable") / len(answers) < 0.7


def test_twins_have_the_order_and_the_kinds_of_tasks_of_the_published_streams(
    scales: dict[str, Params],
) -> None:
    assert scales["cit-1"].steps == ("coco", "flickr30k", "textcaps", "vqav2", "ocrvqa", "gqa")
    assert scales["cit-2"].steps == ("joint", "flickr30k", "vizwiz", "textvqa", "gqa")
    for name in ("cit-1", "cit-2"):
        real, twin = scales[name], scales[f"{name}-mini"]
        assert real.steps == twin.steps
        told = [(exam.task.split("_")[0], exam.skill) for exam in real.exams]
        assert told == [(exam.task, exam.skill) for exam in twin.exams]
        for exam in twin.exams:
            assert len(list(draw_exam(exam.task, 2, 0))) == 2
        for dataset in twin.stream:
            assert set(dataset.options["skills"]) == set(CONTINUAL[dataset.name])


def test_published_streams_read_official_files_for_models_with_a_qformer(
    scales: dict[str, Params],
) -> None:
    from liit.scoring.benchmark import benchmarks

    for name in ("cit-1", "cit-2"):
        params = scales[name]
        assert params.model.template == "blip" and params.model.mini is None
        tasks = [one.options.get("task") for one in (*params.stream, *params.exams)]
        tasks += [part["task"] for part in params.stream[0].options.get("parts", [])]
        assert all(benchmarks()[task].ask is not None for task in tasks if task)
        parts = params.stream[0].options.get("parts")
        assert parts is None or len(parts) == len(params.stream[0].files)


def test_coin_and_ucit_ask_about_each_of_their_tasks(scales: dict[str, Params]) -> None:
    coin, ucit = scales["coin"], scales["ucit"]
    asked = [exam.task.removeprefix("coin_").split("_")[0] for exam in coin.exams]
    assert asked == list(coin.steps[1:]) and len(asked) == 8
    assert [exam.task.removeprefix("ucit_") for exam in ucit.exams] == list(ucit.steps[1:])
    assert {dataset.format for one in (coin, ucit) for dataset in one.stream} == {"llava"}
