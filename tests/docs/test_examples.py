"""The methods that the pages show in full are run, as they stand there."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pages import PAGES, fenced, name_of

from liit.code import digest_learner
from liit.pool import Pool
from liit.selection import Method, load, select

EXAMPLES = {
    f"{name_of(page)}: {label}": code
    for page in PAGES
    for code in fenced(page, "python")
    for label in re.findall(r'^METHOD = .*label="(.*?)"', code, re.MULTILINE)
}
N, BUDGET = 240, 50


def method_of(code: str, folder: Path) -> Method:
    (folder / "main").mkdir()
    (folder / "main/example.py").write_text(code, encoding="utf-8")
    return load("main", "example", folder)


def make_pool() -> Pool:
    arrivals = {0: [f"a{i:03}" for i in range(90)], 1: [f"b{i:03}" for i in range(N - 90)]}
    return Pool.of(arrivals, 1)


def make_signals(method: Method) -> dict[str, np.ndarray]:
    """Draw scores, and vectors in eight blobs for names that hold vectors."""
    draws = np.random.default_rng(3)
    centres, blob = draws.normal(size=(8, 6)), draws.integers(8, size=N)
    wide = centres[blob] + 0.2 * draws.normal(size=(N, 6))
    return {
        name: wide if name in ("gradient", "hidden") else draws.gamma(2.0, size=N)
        for name in sorted(method.signals | method.facts)
    }


@pytest.mark.parametrize("page", EXAMPLES)
def test_example_keeps_the_contract(page: str, tmp_path: Path) -> None:
    code = EXAMPLES[page]
    method, pool = method_of(code, tmp_path), make_pool()
    signals = make_signals(method)
    chosen = select(method, pool, signals, BUDGET, 0)
    assert len(set(chosen.ids.tolist())) == BUDGET
    order = np.random.default_rng(9).permutation(N)
    shuffled = Pool(pool.ids[order], pool.step[order], pool.now)
    again = select(method, shuffled, {k: v[order] for k, v in signals.items()}, BUDGET, 0)
    assert again.ids.tolist() == chosen.ids.tolist()
    docstring = ast.get_docstring(ast.parse(code))
    assert docstring is not None and "Needs" in docstring and "paper" in docstring


def test_the_readmes_method_does_what_it_says(tmp_path: Path) -> None:
    method, pool = method_of(EXAMPLES["README.md: Surprise"], tmp_path), make_pool()
    assert method.signals == {"nll", "entropy"}
    signals = make_signals(method)
    surprise = signals["nll"] - signals["entropy"]
    best = pool.ids[np.argsort(surprise)[-BUDGET:]]
    chosen = select(method, pool, signals, BUDGET, 0)
    assert chosen.ids.tolist() == sorted(best.tolist())
    assert set(chosen.scorer.tolist()) == {"surprise"}


def test_the_longest_answers_need_no_model_and_are_the_longest(tmp_path: Path) -> None:
    method, pool = (
        method_of(EXAMPLES["docs/add-a-baseline.md: Longest answers"], tmp_path),
        make_pool(),
    )
    assert not method.signals and method.facts == {"answer_tokens"}
    signals = make_signals(method)
    longest = pool.ids[np.argsort(signals["answer_tokens"])[-BUDGET:]]
    assert select(method, pool, signals, BUDGET, 0).ids.tolist() == sorted(longest.tolist())


def test_the_grouping_shares_the_budget_among_its_groups(tmp_path: Path) -> None:
    method, pool = (
        method_of(EXAMPLES["docs/add-a-baseline.md: Even by images"], tmp_path),
        make_pool(),
    )
    images = np.arange(N) % 5  # a fifth has none, a fifth one, the rest several
    chosen = select(method, pool, {"images": images.astype(float)}, 48, 0)
    assert chosen.why["sizes"] == [48, 48, 144] and chosen.why["budgets"] == [16, 16, 16]
    taken = images[np.isin(pool.ids, chosen.ids)]
    assert np.bincount(np.minimum(taken, 2)).tolist() == [16, 16, 16]


def test_the_learner_is_one_that_trains_and_has_a_digest(tmp_path: Path) -> None:
    method = method_of(EXAMPLES["docs/add-a-learner.md: Short steps"], tmp_path)
    factors = torch.nn.ParameterDict({"lora_A": torch.ones(2), "lora_B": 2 * torch.ones(3)})
    assert method.learner is not None
    loss = method.learner.loss(factors, None, torch.tensor(1.0), None)
    assert float(loss.detach()) == pytest.approx(1 + 0.1 * 12)
    other = replace(method.learner, strength=0.2)
    assert digest_learner(method.learner) != digest_learner(other)
