"""Conversations against transformers' own generate, and what the report shows of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from campaign import REPORTED, write_campaign, write_json
from tiny import image, prompt_of, tiny

from liit.chat import chat
from liit.chat.figures import draw_boxes, drawings
from liit.chat.talk import converse, is_right
from liit.config import load_params
from liit.data.sample import Turn, make_sample
from liit.errors import LiitError
from liit.paths import CHAT, result
from liit.plotting import save_drawings
from liit.reporting.report import write_report

ROOT = Path(__file__).parents[2]
QUESTIONS = ("What is it?", "Why?", "Say 3.")


def test_every_question_sees_the_models_own_answers_before_it() -> None:
    model, encoder = tiny(max_length=2000)
    picture = image(1)
    answers = converse(model, encoder, picture, QUESTIONS)
    turns: list[Turn] = []
    for place, question in enumerate(QUESTIONS):
        turns.append(Turn("user", question if place else f"<image>\n{question}"))
        prompt = prompt_of(encoder, make_sample("x", [*turns, Turn("assistant", "")], [picture]))
        batch = encoder.collate([prompt])
        inputs = {k: batch[k] for k in ("input_ids", "attention_mask", "pixel_values")}
        with torch.no_grad():
            out = model.generate(**inputs, max_new_tokens=128, do_sample=False)[0, len(prompt) :]
        turns.append(
            Turn("assistant", encoder.tokenizer.decode(out, skip_special_tokens=True).strip())
        )
    assert answers == [turn.text for turn in turns[1::2]]
    assert len(set(answers)) > 1


def test_a_conversation_that_becomes_too_long_is_refused() -> None:
    model, encoder = tiny(max_length=60)
    with pytest.raises(LiitError, match="fewer questions"):
        converse(model, encoder, image(1), ["What is it? " * 10] * 3)


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("Left.", "left", True),
        ("right", "left", False),
        ("", "left", False),
        ("图中有一个圆形", "图中有一个圆形。", True),
        ("[0.10, 0.10, 0.20, 0.20]", "[0.10, 0.10, 0.20, 0.20]", True),
        ("[0.10, 0.10, 0.30, 0.20]", "[0.10, 0.10, 0.20, 0.20]", True),  # overlaps by half
        ("[0.10, 0.10, 0.31, 0.20]", "[0.10, 0.10, 0.20, 0.20]", False),
        ("in the left", "[0.10, 0.10, 0.20, 0.20]", False),
    ],
)
def test_what_counts_as_right(answer: str, expected: str, *, right: bool) -> None:
    assert is_right(answer, expected) is right


def made_up() -> dict[str, Any]:
    boxed = "[0.25, 0.25, 0.50, 0.50]"
    return {
        "scale": "mini",
        "seed": 0,
        "turns": [1, 2],
        "questions": ["Where?", "Which\ncolor?", "And | now?"],
        "expected": [boxed, "red", "blue"],
        "talks": [
            {
                "label": "Base, t = 0",
                "method": None,
                "answers": [boxed, "red", "<b>x</b>"],
                "right": [True, True, False],
            },
            {
                "label": "Random, t = 5",
                "method": "random",
                "answers": ["", "green", "blue"],
                "right": [False, False, True],
            },
        ],
    }


def picture() -> bytes:
    return image(1, (16, 12)).data or b""


def test_the_report_shows_turns_marks_and_no_tags(tmp_path: Path) -> None:
    record = made_up()
    write_campaign(tmp_path, REPORTED)
    write_json(tmp_path / CHAT, record)
    save_drawings(drawings(record, picture()), tmp_path / CHAT.with_suffix(""))
    write_report(tmp_path, "main", REPORTED, [0], {})
    text = (tmp_path / "reports/README.md").read_text()
    boxed = "[0.25, 0.25, 0.50, 0.50]"
    assert f"| 1.1 | Where? | {boxed} | {boxed} ✓ | – |" in text
    assert "| 2.1 | Which color? | red | red ✓ | green |" in text
    assert r"| 2.2 | And \| now? | blue | &lt;b>x&lt;/b> | blue ✓ |" in text
    assert "Right, of 3: Base, t = 0: 2; Random, t = 5: 1." in text
    page = (tmp_path / "reports/index.html").read_text()
    assert "<b>x</b>" not in page and "&lt;b&gt;x&lt;/b&gt;" in page


def test_boxes_stand_where_the_padded_square_has_them() -> None:
    """A picture 16 wide and 12 high stands 2 pixels below the upper edge of its square."""
    record = made_up()
    base, other = draw_boxes(record["talks"], record["expected"], picture()).axes
    assert len(base.patches) == 2 and len(other.patches) == 1  # the second answered no box
    for frame in (*base.patches, *other.patches):
        assert (frame.get_x(), frame.get_y()) == (3.5, 1.5)
        assert (frame.get_width(), frame.get_height()) == (4.0, 4.0)


def test_the_reports_chat_loses_no_row_of_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a clone: results are in git, adapters are not."""
    params = load_params(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(chat, "open_encoder", lambda _: SimpleNamespace(sees=True))
    write_json(result("random", 0), {"scale": "mini"})
    with pytest.raises(LiitError, match=r"adapters of random, which are not on this machine"):
        chat.keep_drawn_chat(params)
    assert not CHAT.exists()
