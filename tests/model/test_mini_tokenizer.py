"""The vocabulary of a model from scratch: digits and Chinese one by one, and nothing lost."""

from __future__ import annotations

import re

import pytest

from liit.model.mini import train_tokenizer

CHINESE = "图中有一个小红色圆形和一个大绿色方形。"
ENGLISH = "A small red circle and a large green square at 12 and 48."


@pytest.fixture(scope="module")
def pieces() -> list[str]:
    tokenizer = train_tokenizer([CHINESE, ENGLISH] * 50, 400)
    assert tokenizer.decode(tokenizer(CHINESE + ENGLISH)["input_ids"][1:]) == CHINESE + ENGLISH
    return [tokenizer.decode([number]) for number in range(len(tokenizer))]


def test_each_chinese_character_is_one_token(pieces: list[str]) -> None:
    han = [piece for piece in pieces if re.search("[\u4e00-\u9fff]", piece)]
    assert sorted(han) == sorted(set(CHINESE) - {"。"})


def test_digits_stand_alone_and_words_are_whole(pieces: list[str]) -> None:
    assert " circle" in pieces
    assert not [piece for piece in pieces if re.search(r"\d", piece) and len(piece) > 1]
