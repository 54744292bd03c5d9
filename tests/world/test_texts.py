"""The drawn texts: sound, right, without pictures, and asked of nothing that was taught."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from liit.data.sample import Sample, fault_of
from liit.data.world import TEXT_EXAMS, TEXTS, draw_dataset, draw_exam
from liit.data.world.facts import DAYS
from liit.data.world.texts import BACKBONE_TEXTS
from liit.scales import params_of

ROOT = Path(__file__).parents[2]
SIZE, ITEMS = 300, 150
TAUGHT = {**TEXTS, "backbone": BACKBONE_TEXTS}


@cache
def drawn(name: str) -> list[Sample]:
    skills = dict.fromkeys(TAUGHT[name], 1.0)
    return list(draw_dataset(name, SIZE, 3, duplicates=0.0, low_quality=0.0, skills=skills))


@cache
def asked(task: str) -> list[Sample]:
    return list(draw_exam(task, ITEMS, 3))


def core(text: str) -> str:
    """What a question is about: without the words that it is asked in."""
    found = re.search(
        r"\w+ has \d+ .*? sells \d+\.|\( .* \) \w+ (not )?\w+"
        r"|\w+ leaves .*? later\.|[^\n]*。|\b[a-h]\b (that )?\w+( by)? \d+",
        text,
    )
    assert found is not None, text
    return ";".join(sorted(re.split(r"(?<=[。.]) ?", found[0].replace("that ", ""))))


@pytest.mark.parametrize("name", TAUGHT)
def test_samples_are_sound_and_show_nothing(name: str) -> None:
    samples = drawn(name)
    assert [fault_of(sample) for sample in samples] == [None] * SIZE
    assert not any(sample.images for sample in samples)
    assert {sample.skill for sample in samples} == set(TAUGHT[name])


@pytest.mark.parametrize("task", TEXT_EXAMS)
def test_no_question_of_an_exam_is_taught(task: str) -> None:
    skill = TEXT_EXAMS[task].skill
    taught = {
        core(turn.text)
        for name in TAUGHT
        for sample in drawn(name)
        for turn in sample.turns[-2:-1]
        if sample.skill == skill
    }
    assert len(taught) > 50
    assert not taught & {core(item.turns[0].text) for item in asked(task)}


def test_sums_are_worked_out_right() -> None:
    for item in asked("gsm8k_drawn"):
        first, more, less = map(int, re.findall(r"\d+", item.turns[0].text))
        assert item.turns[1].text.endswith(f"The answer is {first + more - less}.")
    worked = [s.turns[-1].text for s in drawn("firefly") if s.skill == "sums"]
    for text in worked:
        one, two, middle, again, three, total, said = map(int, re.findall(r"\d+", text))
        assert (one + two, middle - three, total) == (middle, total, said) and again == middle


def test_logic_is_right() -> None:
    kinds = set()
    for item in asked("bbh_drawn"):
        question, answer = item.turns[0].text, item.turns[1].text
        if expression := re.search(r"\( .* \) \w+ (?:not )?\w+", question):
            assert answer == str(eval(expression[0]))
            kinds.add("truth")
            continue
        day, later = re.findall(r" on (\w+) and returns (\d) days later", question)[0]
        assert answer == DAYS[(DAYS.index(day) + int(later)) % 7]
        kinds.add("day")
    assert kinds == {"truth", "day"}


def test_what_a_passage_says_is_the_answer() -> None:
    for item in asked("tydiqa_drawn"):
        text, answer = item.turns[0].text, item.turns[1].text
        number, colour, fruit = re.findall(r"有(.)个(.+?)的(.+?)。", text)[0]
        end = text.split("。")[1]
        kind = "几" if "几" in end else "颜色" if "颜色" in end else "什么水果"
        assert kind in end
        assert answer == {"几": number, "颜色": colour, "什么水果": fruit}[kind]


def test_a_wrong_sentence_is_wrong_in_chinese_too() -> None:
    skills = {"chinese": 1.0}
    for sample in draw_dataset("firefly", 60, 3, duplicates=0, low_quality=1, skills=skills):
        told, said = sample.turns[0].text.split("。")[0], sample.turns[1].text
        if said.endswith("。"):
            known = re.findall(r"有(.)个(.+?)的(.+)", told)[0]
            assert not set(known) & set(re.findall(r"有(.)个水果|的水果是(.+)。", said)[0])


def test_a_function_does_what_is_asked() -> None:
    for item in asked("humaneval_drawn"):
        made: dict[str, object] = {}
        exec(item.turns[1].text.replace(": return", ":\n    return"), made)
        name, verb, number = re.findall(
            r"\b([a-h]) (?:that )?(adds|subtracts|multiplies by) (\d+)", item.turns[0].text
        )[0]
        expected = {"adds": 50 + int(number), "subtracts": 50 - int(number)}
        assert made[name](50) == expected.get(verb, 50 * int(number))  # type: ignore[operator]


def test_the_scale_teaches_code_a_little_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    params = params_of("language-mini")
    assert params.model.mini is not None and not params.model.mini.sees
    shares = [dataset.options["skills"].get("code", 0) for dataset in params.stream]
    assert shares[0] == 0 and sum(share > 0 for share in shares) == 1 and max(shares) <= 0.1
    assert {exam.task for exam in params.exams} == {*TEXT_EXAMS, "mmlu"}
