"""The same questions to every file in ``experiments/``: synthetic signals, no model."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from liit.code import digest_method
from liit.config import load_params
from liit.pool import Pool
from liit.selection import Method, Selection, load, names, select, tables
from liit.selection.groups import k_means_elbow
from liit.selection.signal_names import FACTS, SIGNALS

REPOSITORY = Path(__file__).parents[2]
ROOT = REPOSITORY / "experiments"
PAPER = REPOSITORY.parent / "shared" / "paper" / "tables.csv"
FILES = [(table, name) for table in tables(ROOT) for name in names(table, ROOT)]
WIDE = ("hidden", "gradient", "attention", "attended", "projector", "target_influence")

every_method = pytest.mark.parametrize(("table", "name"), FILES, ids=lambda part: part)


def make_pool(sizes: tuple[int, ...]) -> Pool:
    arrivals = {t: [f"{t}/{i:04}" for i in range(size)] for t, size in enumerate(sizes)}
    return Pool.of(arrivals, len(sizes) - 1)


def make_signals(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Well-behaved signals: eight blobs of vectors, skewed scores, a third text only."""
    rng = np.random.default_rng(seed)
    blobs, blob = rng.normal(size=(8, 12)), rng.integers(8, size=n)
    signals = {}
    for name in (*SIGNALS, *FACTS):
        if "text [n]" in FACTS.get(name, ""):
            signals[name] = np.array([f"{name} {row % 9}" for row in range(n)], dtype=object)
        elif name.startswith(WIDE):
            signals[name] = (blobs[blob] + 0.3 * rng.normal(size=(n, 12))).astype(np.float16)
        else:
            signals[name] = rng.gamma(2.0, size=n).astype(np.float32)
    signals["attention_image"][blob < 3] = 0.0
    signals["nll_blind"][blob < 3] = np.nan
    signals["nll_zero_image"][blob < 3] = np.nan
    return signals


def run(method: Method, pool: Pool, signals: dict[str, np.ndarray], budget: int) -> Selection:
    """Hand over the declared signals alone: a method that reads another one fails."""
    names = method.signals | method.facts
    return select(method, pool, {name: signals[name] for name in names}, budget, 0)


def assert_sound(method: Method, pool: Pool, chosen: Selection, budget: int) -> None:
    assert len(set(chosen.ids.tolist())) == len(chosen.ids)
    assert chosen.ids.tolist() == sorted(chosen.ids.tolist())
    assert set(chosen.ids.tolist()) <= set(pool.ids.tolist())
    parts = (chosen.group, chosen.scorer, chosen.score)
    assert [len(part) for part in parts] == [len(chosen.ids)] * 3
    if method.budget_factor is not None and method.exact:
        assert len(chosen.ids) == min(round(budget * method.budget_factor), len(pool))


def test_every_file_is_a_row() -> None:
    files = {(path.parent.name, path.stem) for path in ROOT.glob("*/*.py")}
    assert set(FILES) == files and len(FILES) == len(files) > 0


def test_names_are_unique() -> None:
    known = [name for _, name in FILES]
    assert len(set(known)) == len(known), "results are filed by method name"


def test_labels_are_unique() -> None:
    labels = [load(table, name, ROOT).label for table, name in FILES]
    assert len(set(labels)) == len(labels)


@every_method
def test_file_is_short_and_explains_itself(table: str, name: str) -> None:
    text = (ROOT / table / f"{name}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring is not None
    first = docstring.splitlines()[0]
    assert first.endswith(".") and len(first) <= 100
    assert re.search(r"Needs\s", docstring), "say which passes it needs"
    assert any(word in docstring for word in ("Paper:", "paper"))
    assert len(text.splitlines()) <= 60


@every_method
def test_imports_selection_and_learning_alone(table: str, name: str) -> None:
    tree = ast.parse((ROOT / table / f"{name}.py").read_text(encoding="utf-8"))
    imported = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    allowed = ("liit.selection", "liit.learning", "dataclasses", "functools", "numpy")
    assert all(str(module).startswith(allowed) for module in imported)


@every_method
def test_budget_on_an_ordinary_pool(table: str, name: str) -> None:
    method, pool = load(table, name, ROOT), make_pool((90, 160, 50))
    assert_sound(method, pool, run(method, pool, make_signals(300), 60), 60)


@every_method
def test_same_choice_twice_and_in_any_order(table: str, name: str) -> None:
    method, pool, signals = load(table, name, ROOT), make_pool((90, 160, 50)), make_signals(300)
    order = np.random.default_rng(5).permutation(300)
    shuffled = Pool(pool.ids[order], pool.step[order], pool.now)
    one = run(method, pool, signals, 60)
    two = run(method, pool, signals, 60)
    other = run(method, shuffled, {k: v[order] for k, v in signals.items()}, 60)
    for again in (two, other):
        assert again.ids.tolist() == one.ids.tolist()
        assert again.group.tolist() == one.group.tolist()
        assert again.scorer.tolist() == one.scorer.tolist()
        np.testing.assert_array_equal(again.score, one.score)
        assert again.why == one.why
        assert (again.kept is None) == (one.kept is None)
        assert again.kept is None or again.kept.tolist() == one.kept.tolist()


@every_method
@pytest.mark.parametrize("case", ["equal", "undefined", "text", "zero", "half_undefined"])
def test_degenerate_signals(table: str, name: str, case: str) -> None:
    method, pool, signals = load(table, name, ROOT), make_pool((40, 60, 20)), make_signals(120)
    for key, values in signals.items():
        if key in FACTS:  # which are always defined
            continue
        if case == "text" and key not in {"nll_blind", "nll_zero_image", "attention_image"}:
            continue
        if case == "half_undefined":
            values[::2] = np.nan
        else:
            wanted = {"equal": 1.0, "undefined": np.nan, "text": np.nan, "zero": 0.0}[case]
            values[:] = 0.0 if key == "attention_image" and case == "text" else wanted
    assert_sound(method, pool, run(method, pool, signals, 30), 30)


@every_method
@pytest.mark.parametrize("sizes", [(1, 0), (0, 1), (1, 1), (2, 3), (0, 4, 1)])
def test_tiny_pools(table: str, name: str, sizes: tuple[int, ...]) -> None:
    method, pool = load(table, name, ROOT), make_pool(sizes)
    for budget in (1, 2, 100):
        chosen = run(method, pool, make_signals(len(pool)), budget)
        assert_sound(method, pool, chosen, budget)


@every_method
def test_a_pool_of_one_dataset(table: str, name: str) -> None:
    method, pool = load(table, name, ROOT), make_pool((0, 60))
    assert_sound(method, pool, run(method, pool, make_signals(60), 20), 20)


@every_method
def test_a_group_with_one_member(table: str, name: str) -> None:
    """Five directions, one of them a single sample's: k-means at its elbow keeps it apart."""
    method, pool, signals = load(table, name, ROOT), make_pool((20, 20)), make_signals(40)
    towards = np.random.default_rng(0).permutation(np.repeat(np.arange(5), (1, 3, 6, 10, 20)))
    for key in signals:
        if key.startswith(WIDE):
            signals[key] = np.eye(12, dtype=np.float16)[towards]
    chosen = run(method, pool, signals, 12)
    assert_sound(method, pool, chosen, 12)
    if method.group is k_means_elbow:
        assert sorted(chosen.why["sizes"]) == [1, 3, 6, 10, 20]


@every_method
def test_budget_beyond_the_pool_takes_everything(table: str, name: str) -> None:
    method, pool = load(table, name, ROOT), make_pool((40, 60, 20))
    if method.budget_factor is not None and method.exact:
        chosen = run(method, pool, make_signals(120), 120)
        assert chosen.ids.tolist() == pool.ids.tolist()


@every_method
def test_reasons_are_given(table: str, name: str) -> None:
    method, pool = load(table, name, ROOT), make_pool((90, 160, 50))
    chosen = run(method, pool, make_signals(300), 60)
    if method.scorers:
        assert sum(chosen.why["chosen_by_scorer"].values()) == len(chosen.ids)
        assert not np.isnan(chosen.score).any()
    if len(method.scorers) > 1 and method.budget is not None and method.represent is not None:
        assert len(chosen.why["entropies"]) == len(chosen.why["sizes"])
    assert (chosen.kept is not None) == (method.prune is not None)


def test_published_rows_are_the_papers() -> None:
    if not PAPER.is_file():
        pytest.skip("the paper's tables are not beside this checkout")
    with PAPER.open(encoding="utf-8") as file:
        rows = {
            tuple(float(row[k]) if row[k] else None for k in list(row)[4:])
            for row in csv.DictReader(file)
            if row["table"] in "2357"
        }
    published = [load(table, name, ROOT).published for table, name in FILES]
    ours = {
        (p.relative_gain, p.forgetting_rate, p.average_accuracy) for p in published if p is not None
    }
    assert ours == rows


def test_loading_every_method_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from liit.selection import load, names, tables\n"
        f"root = Path({str(ROOT)!r})\n"
        "[load(t, n, root) for t in tables(root) for n in names(t, root)]\n"
        "print([m for m in ('torch', 'sklearn', 'scipy', 'pandas', 'pyarrow', 'transformers')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_grid_crosses_selections_and_learners() -> None:
    """Four selections with plain training and with five learners, as `continual` has these."""
    table = load_params(REPOSITORY / "params.yaml").tables["grid"]
    homes = {name: home for home, name in FILES}
    rows = [load(homes[name], name, ROOT) for name in (*table.beside, *table.rows)]
    names = ("ewc", "lwf", "a_gem", "o_lora", "e_proj")
    learners = [None, *(load("continual", name, ROOT).learner for name in names)]
    selections = [
        digest_method(load("main", name, ROOT))
        for name in ("sequential", "random", "adapt_inf", "coincide")
    ]
    found = [(digest_method(row), row.learner) for row in rows]
    assert len(found) == len(set(found)) == 24
    assert set(found) == {(one, learner) for one in selections for learner in learners}
