"""Digests of behaviour: what runs counts; names, places, layout and comments do not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from liit import reach
from liit.code import digest_code, digest_learner, digest_method, write_digests
from liit.errors import LiitError
from liit.learning.learners.er import Er
from liit.learning.learners.ewc import Ewc
from liit.learning.learners.mas import Mas
from liit.selection import load

FILES = {
    "src/liit/__init__.py": '"""A package."""\n',
    "src/liit/a.py": "from liit.b import _f\n\n\ndef g(x):\n    return _f(x) + 1\n",
    "src/liit/b.py": 'K = 2\n\n\ndef _f(x):\n    """Say what."""\n    return K * x\n\n\n'
    "def unused(x):\n    return x\n",
    "src/liit/c.py": "import liit.a\n",
    "src/liit/d.py": "from liit import b\n\n\nclass C:\n    def m(self):\n"
    "        return b._f(1)\n\n\ndef h(c: C):\n    return c.m()\n",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return tmp_path


def edit(file: str, old: str, new: str) -> None:
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/liit/b.py", '"""Say what."""', '"""Say something else."""\n    # why'),
        ("src/liit/b.py", "return K * x", "return (K*x)"),
        ("src/liit/b.py", "def unused(x):\n    return x", "def unused(x):\n    return 2 * x"),
        ("src/liit/b.py", "def _f(x):", "def _f(x: int) -> int:"),
        ("src/liit/c.py", "import liit.a", "raise SystemExit"),
    ],
)
def test_what_does_not_count(tree: Path, file: str, old: str, new: str) -> None:
    before = digest_code(["liit.a:g"])
    edit(file, old, new)
    assert digest_code(["liit.a:g"]) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/liit/a.py", "+ 1", "+ 2"),
        ("src/liit/b.py", "K * x", "x * K"),
        ("src/liit/b.py", "K = 2", "K = 3"),
        ("src/liit/b.py", "K = 2", "K = 2\nprint(K)"),
    ],
)
def test_what_counts(tree: Path, file: str, old: str, new: str) -> None:
    before = digest_code(["liit.a:g"])
    edit(file, old, new)
    assert digest_code(["liit.a:g"]) != before


def test_a_definition_may_be_renamed_and_moved(tree: Path) -> None:
    before = digest_code(["liit.a:g"])
    Path("src/liit/e.py").write_text("FACTOR = 2\n\n\ndef double(x):\n    return FACTOR * x\n")
    Path("src/liit/a.py").write_text(
        "from liit import e\n\n\ndef g(x):\n    return e.double(x) + 1\n"
    )
    assert digest_code(["liit.a:g"]) == before


def test_methods_of_what_is_passed_count(tree: Path) -> None:
    before = digest_code(["liit.d:h"])
    edit("src/liit/d.py", "b._f(1)", "b._f(2)")
    assert digest_code(["liit.d:h"]) != before
    between = digest_code(["liit.d:h"])
    edit("src/liit/b.py", "K = 2", "K = 3")
    assert digest_code(["liit.d:h"]) != between


def test_a_method_is_its_parts_and_knobs() -> None:
    el2n, entropy = load("main", "el2n"), load("main", "entropy")
    assert digest_method(el2n) != digest_method(entropy)
    assert digest_method(replace(el2n, label="Other", published=None)) == digest_method(el2n)
    assert digest_method(replace(el2n, budget_factor=2.0)) != digest_method(el2n)
    bound = replace(el2n, pool=partial(el2n.pool, share=0.1))
    other = replace(el2n, pool=partial(el2n.pool, share=0.2))
    assert len({digest_method(one) for one in (el2n, bound, other)}) == 3


def test_a_learner_counts_for_what_is_trained_and_not_for_what_is_selected() -> None:
    el2n, learners = load("main", "el2n"), (Ewc(), Ewc(strength=2.0), Ewc(online=True), Mas())
    rows = [replace(el2n, learner=learner) for learner in learners]
    assert {digest_method(row) for row in rows} == {digest_method(el2n)}
    assert len({digest_learner(learner) for learner in learners}) == len(learners)


def test_what_a_learner_reaches_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {learner: digest_learner(learner) for learner in (Ewc(), Er())}
    space = Path("src/liit/learning/space.py").resolve()
    changed = space.read_text().replace("moved**2", "moved**4")
    read = reach._read

    def altered(file: Path, modified: int) -> reach._Source:
        known = read(file, modified)
        if file != space:
            return known
        body = reach.ast.parse(changed).body
        (definition,) = (n for n in body if getattr(n, "name", "") == "_term")
        return replace(known, definitions={**known.definitions, "_term": [definition]})

    monkeypatch.setattr(reach, "_read", altered)
    assert digest_learner(Ewc()) != before[Ewc()]
    assert digest_learner(Er()) == before[Er()]


def test_a_constant_of_one_scorer_counts_for_the_methods_that_use_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A constant of ``el2n`` alone: its rows and those of Adapt-∞, and nothing else."""
    files = sorted(Path("experiments").glob("*/*.py"))
    methods = {file.stem: load(file.parent.name, file.stem) for file in files}
    before = {name: digest_method(method) for name, method in methods.items()}
    scorers = Path("src/liit/selection/scorers.py").resolve()
    source = scorers.read_text()
    assert source.count("return error_norm\n") == 1
    changed = reach.ast.parse(source.replace("return error_norm\n", "return 2 * error_norm\n"))
    read = reach._read

    def altered(file: Path, modified: int) -> reach._Source:
        if file != scorers:
            return read(file, modified)
        known = read(file, modified)
        (definition,) = (n for n in changed.body if getattr(n, "name", "") == "el2n")
        return replace(known, definitions={**known.definitions, "el2n": [definition]})

    monkeypatch.setattr(reach, "_read", altered)
    moved = {name for name in methods if digest_method(methods[name]) != before[name]}
    users = {name for name, method in methods.items() if _uses_el2n(method)}
    assert moved == users and {"el2n", "adapt_inf", "lite_adapt_inf"} <= moved
    assert not {"random", "entropy", "coincide", "without_el2n"} & moved


def _uses_el2n(method: object) -> bool:
    return any(getattr(one, "__name__", "") == "el2n" for one in method.scorers)


def test_a_method_file_that_is_broken_has_a_digest_too(tree: Path) -> None:
    folder = tree / "experiments/main"
    folder.mkdir(parents=True)
    for text in ("METHOD = (", "raise SystemExit(3)"):
        (folder / "broken.py").write_text(text)
        write_digests(tree / ".code")
        (tree / ".code/methods/broken").rename(tree / text[:5])
    assert (tree / "METHO").read_text() != (tree / "raise").read_text()


@pytest.mark.parametrize(
    ("file", "said"),
    [("mine.yaml", r"mine\.yaml is no YAML"), ("mine.py", r"mine\.py, line 1: ")],
)
def test_a_broken_task_is_named(tree: Path, file: str, said: str) -> None:
    tasks = tree / "tasks"
    tasks.mkdir()
    (tasks / "mine.yaml").write_text("task: mine\nprocess_results: !function mine.score\n")
    (tasks / "mine.py").write_text("def score(document, answers):\n    return {}\n")
    digest_code(["liit.a:g"], tasks)
    broken = (tasks / file).read_text().replace("task: mine", "task: [").replace("def", "def (")
    (tasks / file).write_text(broken)
    with pytest.raises(LiitError, match=said):
        digest_code(["liit.a:g"], tasks)
