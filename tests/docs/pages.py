"""The project's written pages, taken apart: links, commands, code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "experiments").rglob("README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = {"$phase": "select", "$seed": "0", "$step": "m3it"}
"""What the loops of the examples put in place of their variables."""


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


def commands(page: Path) -> Iterator[list[str]]:
    """Yield every command of the shell blocks as words, loops and launchers taken off."""
    for block in fenced(page, "bash"):
        for line in block.splitlines():
            for part in re.split(r"&&|\|\||;", line):
                words = [SHELL.get(word, word) for word in shlex.split(part, comments=True)]
                starts = [place for place, word in enumerate(words) if word in ("liit", "dvc")]
                if words[:1] == ["make"] or starts[:1] == [0]:
                    yield words
                elif starts and words[starts[0] - 1] == "-m":
                    yield words[starts[0] :]


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have on GitHub."""
    found = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in found)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}
