"""The project's written pages, taken apart: links, commands, code."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "leaderboard/README.md",
    ROOT / "streams/README.md",
    *sorted((ROOT / "experiments").rglob("README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = {"$phase": "select", "$seed": "0", "$step": "m3it"}
"""What the loops of the examples put in place of their variables."""
KEYWORDS = ("for", "done", "exit")
"""What opens a line of a shell script that is no command."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fenced(page: Path, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return [code for kind, code in FENCE.findall(page.read_text("utf-8")) if kind == language]


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def inline(page: Path) -> list[str]:
    """Return what stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def commands(page: Path) -> list[list[str]]:
    """Return every command of the shell blocks as words, in order."""
    lines = [line for block in fenced(page, "bash") for line in block.splitlines()]
    return [words for line in lines for words in simple_commands(line)]


def simple_commands(line: str) -> Iterator[list[str]]:
    """Yield the commands that a line joins, `srun` and `python -m` in front of ours taken off."""
    words = [SHELL.get(word, word) for word in shlex.split(line, comments=True)]
    for joined, group in itertools.groupby(words, lambda word: word in ("&&", "||")):
        one = list(group)
        if joined or one[0] in KEYWORDS or re.match(r"\w+=", one[0]):
            continue
        if one[0] == "srun":  # the processes of a job; what each runs is looked at
            one = one[1:]
        yield one[2:] if one[:3] == ["python", "-m", "liit"] else one


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have on GitHub."""
    found = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in found)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}
