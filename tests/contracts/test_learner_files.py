"""The same questions to every file in ``src/liit/learning/learners/``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from liit.learning import learners

FILES = [path for path in Path(learners.__path__[0]).glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: file.stem)
def test_file_is_short_and_names_its_source(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    tree = ast.parse(text)
    first = (ast.get_docstring(tree) or "").splitlines()[0]
    assert first.endswith(".") and len(first) <= 100
    (learner,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert "Source: " in (ast.get_docstring(learner) or "")


def test_there_are_learners() -> None:
    assert len(FILES) >= 11
