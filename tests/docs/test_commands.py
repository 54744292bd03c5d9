"""Every command of the pages, in blocks and in sentences, is read by its program's own parser.

Those in blocks are run as well, as far as they can be: `tests/pipeline/test_page_commands.py` does
it and lists those that it cannot.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from pages import PAGES, ROOT, commands, inline, name_of, simple_commands
from parsers import PROGRAMS, understand

from liit.cli import _parser

NAMED = ("liit data check", "dvc exp apply")
"""Commands of several verbs that sentences name without what they are about."""
every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def verbs() -> set[str]:
    """Read the verbs off the help text, as a user does."""
    return set(re.findall(r"^  (\w[\w-]*)", _parser().format_help(), re.MULTILINE))


def complaint_about(words: list[str]) -> str:
    """Return what is wrong with a command, or nothing."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            understand(words)
    except AssertionError as error:
        return str(error)
    except SystemExit as end:  # 0: --help and --version
        return said.getvalue()[-300:] if end.code else ""
    except Exception as error:  # click and pip have errors of their own
        return f"{type(error).__name__}: {error}"
    return ""


@every_page
def test_commands_are_understood(page: Path) -> None:
    found = {" ".join(words): complaint_about(words) for words in commands(page)}
    assert {command: said for command, said in found.items() if said} == {}


@every_page
def test_commands_in_sentences_are_understood(page: Path) -> None:
    """What is named by its verb alone (`liit run`) has to be a verb."""
    for text in inline(page):
        if text.split()[0] not in PROGRAMS or len(text.split()) == 1:
            continue
        for words in simple_commands(text):
            alone = (words[0] == "liit" and len(words) == 2) or text in NAMED
            assert complaint_about([*words, "--help"] if alone else words) == "", text


@pytest.mark.parametrize(
    "command",
    [
        "liit run adapt_infty",
        "liit run adapt_inf --sede 0",
        "liit run el2n --table ablations",
        "liit plan --scale llava",
        "liit score gqua --predictions a.json",
        "dvc repro shift",
        "dvc exp run --parameter budget=400",
        "make repor",
        "git checkout no_such_file",
        "python tools/no_such_tool.py",
        "torchrun -m liit run adapt_inf --step m4it",
        "wandb sweep dashboards/no_such_file.yaml",
        "pip download --no-such-option x",
        "conda install liit",
    ],
)
def test_a_wrong_command_is_not_understood(command: str) -> None:
    assert complaint_about(command.split())


def test_there_are_commands_to_understand() -> None:
    found = [words[:2] for page in PAGES for words in commands(page)]
    assert ["liit", "run"] in found and ["liit", "score"] in found and ["make", "repro"] in found


def test_commands_in_error_messages_exist() -> None:
    for file in sorted((ROOT / "src/liit").rglob("*.py")):
        for verb, rest in re.findall(r"`liit ([\w-]+) ?(\w*)", file.read_text("utf-8")):
            assert verb in verbs(), f"{file}: liit {verb}"
            assert verb != "data" or rest == "check", f"{file}: liit data {rest}"
