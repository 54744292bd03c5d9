"""The drawn texts: sound, right, without pictures, and asked of nothing that was taught."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from liit.data.sample import Sample, fault_of
from liit.data.world import TEXT_EXAMS, TEXTS, draw_dataset, draw_exam
from liit.scales import params_of

ROOT = Path(__file__).parents[2]
SIZE, ITEMS = 300, 150


@cache
def drawn(name: str) -> list[Sample]:
    skills = dict.fromkeys(TEXTS[name], 1.0)
    return list(draw_dataset(name, SIZE, 3, duplicates=0.0, low_quality=0.0, skills=skills))


@cache
def asked(task: str) -> list[Sample]:
    return list(draw_exam(task, ITEMS, 3))


def core(text: str) -> str:
    """What a question is about: without the words that it is asked in."""
    found = re.search(
        r"\w+ has \d+ .*? sells \d+\.|\( .* \) \w+ (not )?\w+"
        r"|\w+ is (older|taller).*?\. \w+ is .*?\.|[^\n]*。|\b[a-h]\b (that )?\w+( by)? \d+",
        text,
    )
    assert found is not None, text
    return ";".join(sorted(re.split(r"(?<=[。.]) ?", found[0].replace("that ", ""))))


@pytest.mark.parametrize("name", TEXTS)
def test_samples_are_sound_and_show_nothing(name: str) -> None:
    samples = drawn(name)
    assert [fault_of(sample) for sample in samples] == [None] * SIZE
    assert not any(sample.images for sample in samples)
    assert {sample.skill for sample in samples} == set(TEXTS[name])


@pytest.mark.parametrize("task", TEXT_EXAMS)
def test_no_question_of_an_exam_is_taught(task: str) -> None:
    skill = TEXT_EXAMS[task].skill
    taught = {
        core(turn.text)
        for name in TEXTS
        for sample in drawn(name)
        for turn in sample.turns[-2:-1]
        if sample.skill == skill
    }
    assert len(taught) > 50
    assert not taught & {core(item.turns[0].text) for item in asked(task)}


def test_sums_are_worked_out_right() -> None:
    for item in asked("gsm8k_drawn"):
        first, more, less = map(int, re.findall(r"\d+", item.turns[0].text))
        assert item.turns[1].text == str(first + more - less)
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
        order = dict(re.findall(r"(\w+) is (?:older|taller) than (\w+)\.", question))
        top = (set(order) - set(order.values())).pop()
        low = (set(order.values()) - set(order)).pop()
        assert answer == (top if re.search(r"oldest|tallest", question) else low)
        kinds.add("order")
    assert kinds == {"truth", "order"}


def test_what_a_passage_says_is_the_answer() -> None:
    for item in asked("tydiqa_drawn"):
        text, answer = item.turns[0].text, item.turns[1].text
        said = dict(re.findall(r"(\w+?)是(\w+)。", text))
        fruit = re.search(r"。(\w+?)(?:是什么颜色|的颜色)", text)
        assert fruit is not None and said[fruit[1]] == answer


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
