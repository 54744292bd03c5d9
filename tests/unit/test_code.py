"""Digests of behaviour: layout and comments do not count, everything that runs does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from liit.code import closure, digest_code, raw_digest

FILES = {
    "src/liit/__init__.py": '"""A package."""\n',
    "src/liit/a.py": "from liit.b import f\n\n\ndef g(x):\n    return f(x) + 1\n",
    "src/liit/b.py": 'def f(x):\n    """Say what."""\n    return 2 * x\n',
    "src/liit/c.py": "import liit.a\n",
}


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def test_closure_follows_imports() -> None:
    names = {path.name for path in closure(["liit.a"])}
    assert names == {"__init__.py", "a.py", "b.py"}


@pytest.mark.parametrize(
    "text",
    [
        'def f(x):\n    """Say something else."""\n    # why\n    return 2*x\n',
        "def f(\n    x,\n):\n    return (2 * x)\n",
    ],
)
def test_layout_comments_and_docstrings_do_not_count(text: str) -> None:
    before = digest_code(["liit.a"])
    Path("src/liit/b.py").write_text(text)
    assert digest_code(["liit.a"]) == before


def test_behaviour_of_an_imported_module_counts() -> None:
    before = digest_code(["liit.a"])
    Path("src/liit/b.py").write_text("def f(x):\n    return 3 * x\n")
    assert digest_code(["liit.a"]) != before


def test_modules_that_are_not_imported_do_not_count() -> None:
    before = digest_code(["liit.a"])
    Path("src/liit/c.py").write_text("raise SystemExit\n")
    assert digest_code(["liit.a"]) == before


def test_what_an_extra_file_imports_counts() -> None:
    Path("method.py").write_text("from liit.a import g\n\nMETHOD = g\n")
    before = digest_code([], [Path("method.py")])
    Path("src/liit/c.py").write_text("raise SystemExit\n")
    assert digest_code([], [Path("method.py")]) == before
    Path("src/liit/b.py").write_text("def f(x):\n    return 3 * x\n")
    assert digest_code([], [Path("method.py")]) != before


def test_code_proven_the_same_has_the_digest_it_stands_for() -> None:
    before = digest_code(["liit.a"])
    Path("src/liit/b.py").write_text("def f(x):\n    return x + x\n")
    Path("same_code.json").write_text(json.dumps({raw_digest(["liit.a"]): before}))
    assert digest_code(["liit.a"]) == before != raw_digest(["liit.a"])


def test_a_proof_does_not_cover_a_later_change() -> None:
    before = digest_code(["liit.a"])
    Path("src/liit/b.py").write_text("def f(x):\n    return x + x\n")
    Path("same_code.json").write_text(json.dumps({raw_digest(["liit.a"]): before}))
    Path("src/liit/b.py").write_text("def f(x):\n    return x * x\n")
    assert digest_code(["liit.a"]) == raw_digest(["liit.a"]) != before
