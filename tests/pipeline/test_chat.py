"""`liit chat` after `dvc repro` at scale ``smoke``: the chat of the report, and one's own."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from project import Project

from liit.chat.chat import SHOWN
from liit.files import digest_file


def test_the_report_shows_a_chat_with_the_base_and_the_papers_methods(reproduced: Project) -> None:
    record = json.loads((reproduced.root / "reports/chat.json").read_text())
    assert [talk["method"] for talk in record["talks"]] == [None, *SHOWN]
    assert {len(talk["answers"]) for talk in record["talks"]} == {len(record["questions"])}
    assert len({tuple(talk["answers"]) for talk in record["talks"]}) > 1
    text = (reproduced.root / "reports/README.md").read_text()
    assert "## A visual chat" in text and "](chat/boxes.svg)" in text


def test_a_chat_about_a_picture_of_ones_own_leaves_the_reports_alone(project: Project) -> None:
    before = digest_file(project.root / "reports/chat.json")
    picture = project.root / "scratch/picture.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    own = ("--image", str(picture), "--ask", "What color is it?", "Why?", "--json")
    record = json.loads(project.liit("chat", "replay", *own).partition("\nscratch/chat")[0])
    assert record["questions"] == ["What color is it?", "Why?"] and record["expected"] == []
    labels = [talk["label"] for talk in record["talks"]]
    assert labels == ["Base, t = 0", "Random experience replay, t = 2"]
    assert (project.root / "scratch/chat/boxes.svg").is_file()
    assert digest_file(project.root / "reports/chat.json") == before


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("replai",), 'did you mean "replay"'),
        (("--ask", "Why?"), "needs both a picture and questions"),
        (("--image", "README.md", "--ask", "Why?"), "is not one of JPEG, PNG"),
        (("replay", "--seed", "7"), "run `liit run replay --table main --seed 7`"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    reproduced: Project, command: tuple[str, ...], said: str
) -> None:
    told = " ".join(reproduced.liit("chat", *command, check=False).split())
    assert said in told and "Traceback" not in told
