"""The path from a pool to chosen ids, and methods by file name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from liit.errors import LiitError
from liit.pool import Pool
from liit.selection import Method, load, names, naming_faults, select
from liit.selection.adapt import LITE_ADAPT_INF
from liit.selection.budgets import density, uniform
from liit.selection.groups import by_source, k_means_elbow
from liit.selection.method import Candidates, Groups, Prune
from liit.selection.picks import ccs, top
from liit.selection.pools import newest, newest_and_replay
from liit.selection.released import ccs_one_sweep
from liit.selection.representations import hidden_states
from liit.selection.scorers import el2n, entropy, perplexity

ROOT = Path(__file__).parents[2] / "experiments"


def pool_of(*sizes: int) -> Pool:
    return Pool.of(
        {t: [f"{t}-{i:03}" for i in range(size)] for t, size in enumerate(sizes)}, len(sizes) - 1
    )


def test_the_newest_dataset_and_a_tenth_of_each_past_one() -> None:
    pool = pool_of(30, 101, 3, 8)
    assert pool.ids[newest(pool, 0)].tolist() == [f"3-{i:03}" for i in range(8)]
    for seed in range(3):
        chosen = np.bincount(pool.step[newest_and_replay(pool, seed)])
        assert chosen.tolist() == [3, 11, 1, 8]


def test_replay_draws_anew_per_step_and_seed() -> None:
    pool = pool_of(200, 5)
    later = Pool(pool.ids, pool.step, 2)
    draws = [
        tuple(p.ids[newest_and_replay(p, seed) & (p.step == 0)])
        for p, seed in ((pool, 0), (pool, 0), (pool, 1), (later, 0))
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 3


def test_random_is_nested_in_its_budget_and_uniform() -> None:
    pool, method = pool_of(100, 300), Method("Random")
    small, large = (set(select(method, pool, {}, b, 0).ids.tolist()) for b in (40, 80))
    assert small < large
    old = [np.char.startswith(select(method, pool, {}, 40, s).ids, "0-").sum() for s in range(200)]
    assert np.mean(old) == pytest.approx(10, abs=5 * np.sqrt(40 * 0.25 * 0.75 / 200))


def test_top_scores_and_their_reasons() -> None:
    pool = pool_of(2, 3)
    signals = {"error_norm": np.array([0.1, 0.9, np.nan, 0.5, 0.7], dtype=np.float32)}
    chosen = select(Method("EL2N", scorers=(el2n,), pick=top), pool, signals, 2, 0)
    assert chosen.ids.tolist() == ["0-001", "1-002"]
    assert chosen.scorer.tolist() == ["el2n", "el2n"]
    assert chosen.score == pytest.approx([0.9, 0.7])
    assert chosen.group.tolist() == [-1, -1]
    assert chosen.why["undefined_scores"] == {"el2n": 1}


def test_each_group_is_ranked_by_its_own_winner() -> None:
    pool = pool_of(60, 60)
    even, lumpy = np.linspace(0, 1, 60), np.repeat([0.0, 1.0], 30)
    signals = {
        "error_norm": np.concatenate([even, lumpy]),
        "entropy": np.concatenate([lumpy, even]),
    }
    method = Method("two", group=by_source, budget=uniform, scorers=(el2n, entropy), pick=ccs)
    chosen = select(method, pool, signals, 20, 0)
    assert np.bincount(chosen.group).tolist() == [10, 10]
    assert set(zip(chosen.group.tolist(), chosen.scorer.tolist(), strict=True)) == {
        (0, "el2n"),
        (1, "entropy"),
    }
    assert chosen.why["chosen_by_scorer"] == {"el2n": 10, "entropy": 10}


def test_ties_between_scorers_go_to_the_first_named() -> None:
    signals = {"error_norm": np.ones(9), "entropy": np.ones(9)}
    for scorers in ((el2n, entropy), (entropy, el2n)):
        method = Method("tie", scorers=scorers, pick=ccs)
        chosen = select(method, pool_of(9), signals, 4, 0)
        assert set(chosen.scorer.tolist()) == {scorers[0].__name__}


def test_samples_without_a_vector_are_taken_last() -> None:
    pool = pool_of(10)
    hidden = np.random.default_rng(0).normal(size=(10, 3))
    hidden[[2, 5]] = np.nan
    method = Method("m", represent=hidden_states, group=by_source, budget=uniform)
    assert not {"0-002", "0-005"} & set(select(method, pool, {"hidden": hidden}, 8, 0).ids)
    nine = select(method, pool, {"hidden": hidden}, 9, 0)
    assert len({"0-002", "0-005"} & set(nine.ids)) == 1
    assert nine.why["reserve"] == 2


def test_a_missing_or_misaligned_signal_is_named() -> None:
    method = Method("EL2N", scorers=(el2n,), pick=top)
    with pytest.raises(LiitError, match="'error_norm', which was not measured"):
        select(method, pool_of(3), {}, 1, 0)
    with pytest.raises(LiitError, match="2 rows, the pool 3 ids"):
        select(method, pool_of(3), {"error_norm": np.ones(2)}, 1, 0)


def test_a_part_without_the_vectors_or_centres_that_it_needs_is_named() -> None:
    with pytest.raises(LiitError, match=r"needs vectors.*\n.*represent="):
        select(Method("m", group=k_means_elbow), pool_of(3), {}, 1, 0)
    method = Method("m", represent=hidden_states, group=by_source, budget=density)
    with pytest.raises(LiitError, match=r"needs the centres.*\n.*k_means_elbow"):
        select(method, pool_of(3), {"hidden": np.ones((3, 2))}, 1, 0)


def test_a_scorer_of_an_unknown_signal_is_refused_when_the_method_is_made() -> None:
    def surprise(nll: np.ndarray, attention_map: np.ndarray) -> np.ndarray:
        return nll + attention_map

    with pytest.raises(LiitError, match=r"surprise\(\) asks for 'attention_map'.*\n.*error_norm"):
        Method("surprise", scorers=(surprise,))


def test_signals_are_read_from_scorers_representation_and_pruning() -> None:
    assert Method("m", scorers=(el2n, perplexity)).signals == {"error_norm", "nll"}
    assert LITE_ADAPT_INF.signals == {
        "nll",
        "nll_blind",
        "entropy",
        "error_norm",
        "gradient",
        "hidden",
    }

    def damped(nll: np.ndarray, weight: float = 0.5) -> np.ndarray:
        return nll * weight

    assert Method("m", scorers=(damped,)).signals == {"nll"}, "a default makes a knob"


def test_scorers_of_one_name_are_refused() -> None:
    def power(nll: np.ndarray, *, base: float) -> np.ndarray:
        return base**nll

    scorers = (partial(power, base=2.0), partial(power, base=0.5))
    with pytest.raises(LiitError, match=r"Two scorers have the name power\.\n.*of its own"):
        Method("m", scorers=scorers)


@pytest.mark.parametrize(
    "given",
    [
        np.array([2, 2]),
        np.array([2.0, 3.0]),
        np.array([5]),
        np.array([6, -1]),
        np.array([1, 4]),
    ],
    ids=["too few", "not whole", "of another number", "below none", "above the group"],
)
def test_a_budget_that_cannot_be_is_named(given: np.ndarray) -> None:
    """Groups of 6 and 3 samples, five to choose."""

    def mine(groups: Groups, total: int, generator: np.random.Generator) -> np.ndarray:
        return given

    method = Method("m", group=by_source, budget=mine)
    with pytest.raises(LiitError, match=r"mine\(\) gives .* for 2 groups and 5 samples.*\n.*sizes"):
        select(method, pool_of(6, 3), {}, 5, 0)


def test_a_part_that_misses_the_budget_is_caught() -> None:
    def half(candidates: Candidates, count: int, generator: np.random.Generator) -> np.ndarray:
        return np.arange(count // 2)

    def twice(candidates: Candidates, count: int, generator: np.random.Generator) -> np.ndarray:
        return np.zeros(count, dtype=int)

    with pytest.raises(LiitError, match=r"half\(\) gives 2 positions, 2 different ones, for 4 of"):
        select(Method("half", pick=half), pool_of(9), {}, 4, 0)
    with pytest.raises(LiitError, match=r"twice\(\) gives 4 positions, 1 different ones, for 4 of"):
        select(Method("twice", pick=twice), pool_of(9), {}, 4, 0)
    assert len(select(Method("half", pick=half, exact=False), pool_of(9), {}, 4, 0).ids) == 2


def lite_case(first: int, second: int) -> tuple[Method, Pool, dict[str, np.ndarray]]:
    method = Method(
        "lite", represent=hidden_states, group=by_source, prune=Prune(hidden_states, factor=2.0)
    )
    pool = pool_of(first, second)
    hidden = np.random.default_rng(1).normal(size=(len(pool), 4)).astype(np.float16)
    return method, pool, {"hidden": hidden}


def test_pruning_keeps_the_pool_at_its_size() -> None:
    method, pool, signals = lite_case(30, 50)
    later = Pool(pool.ids, pool.step + 1, 2)
    chosen = select(method, later, signals, 10, 0)
    assert chosen.kept is not None
    assert len(chosen.kept) == 20
    assert chosen.kept.tolist() == sorted(set(chosen.kept.tolist()) & set(pool.ids.tolist()))
    assert chosen.why["pool"] == 80


def test_step_one_prunes_what_the_base_step_left() -> None:
    method, pool, signals = lite_case(30, 50)
    chosen = select(method, pool, signals, 10, 0)
    assert chosen.why["pool"] == 20 + 50
    small, pool, signals = lite_case(15, 50)
    assert select(small, pool, signals, 10, 0).why["pool"] == 65


def test_released_sweep_misses_budgets_by_hand() -> None:
    def count(scores: np.ndarray, budget: int) -> int:
        candidates = Candidates(scores, np.arange(len(scores), dtype=np.uint64))
        return len(ccs_one_sweep(candidates, budget, np.random.default_rng(0)))

    # constant scores: the open lower edge leaves nothing in any bin
    assert count(np.ones(100), 50) == 0
    # even scores, 10 asked: a ceiling of one in each of 50 bins
    assert count(np.arange(1000.0), 10) == 50
    # all asked: the trimmed ends and the smallest of the rest are never taken
    assert count(np.arange(1000.0), 1000) <= 900


def test_methods_are_found_by_file_name(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "random.py").write_text(
        '"""Mine."""\nfrom liit.selection import Method\nMETHOD = Method(label="mine")\n'
    )
    (tmp_path / "main" / "empty.py").write_text("")
    assert names("main", tmp_path) == ["empty", "random"]
    assert load("main", "random", tmp_path).label == "mine"
    import random

    assert hasattr(random, "shuffle"), "the library's module is not shadowed"
    with pytest.raises(LiitError, match="defines no METHOD"):
        load("main", "empty", tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("METHOD = Method(\n", r"broken.py, line 2: SyntaxError"),
        ('x = 1\nMETHOD = Method("x", scorer=x)\n', r"broken.py, line 3: TypeError.*'scorer'"),
        (
            'def f(heat):\n    return heat\nMETHOD = Method("x", scorers=(f,))\n',
            r"broken.py: .*heat",
        ),
    ],
)
def test_a_broken_file_is_named_with_the_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "main").mkdir()
    file = tmp_path / "main" / "broken.py"
    file.write_text(f"from liit.selection import Method\n{text}")
    with pytest.raises(LiitError, match=said):
        load("main", "broken", tmp_path)


def test_a_fault_of_a_methods_function_names_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("experiments/main")
    folder.mkdir(parents=True)
    (folder / "halved.py").write_text(
        "from liit.selection import Method\n"
        "def halved(answer_tokens):\n"
        "    return answer_tokens / nothing\n"
        'METHOD = Method("x", scorers=(halved,))\n'
    )
    (scorer,) = load("main", "halved", Path("experiments")).scorers
    said = r"^experiments/main/halved.py, line 3: NameError.*nothing"
    with pytest.raises(LiitError, match=said), naming_faults():
        scorer(answer_tokens=np.ones(2))
    with pytest.raises(ZeroDivisionError), naming_faults():
        _ = 1 / 0  # no fault of the file
    (folder / "unready.py").write_text(
        "from liit.selection import Method\nMETHOD = Method(1, 2, 3)(4)\n"
    )
    with pytest.raises(LiitError, match=r"unready.py, line 2: TypeError"):
        load("main", "unready", Path("experiments"))


def test_a_grouping_that_returns_no_groups_is_refused() -> None:
    pool = pool_of(3, 3)
    method = Method("x", group=lambda vectors, pool, generator: np.zeros(len(pool)))
    with pytest.raises(LiitError, match="gives a ndarray instead of Groups"):
        select(method, pool, {}, 2, 0)


def test_an_unknown_method_names_its_neighbours() -> None:
    with pytest.raises(LiitError, match='did you mean "random"'):
        load("main", "randon", ROOT)
    with pytest.raises(LiitError, match="--table efficiency`, which holds it"):
        load("main", "lite_8x", ROOT)
    with pytest.raises(LiitError, match=r'no table "?\'ablation\'.*did you mean "ablations"'):
        load("ablation", "no_groups", ROOT)


@pytest.mark.parametrize(
    ("table", "name"),
    [("main", "../main/random"), ("../experiments/main", "random"), (".", "main/random")],
)
def test_a_name_does_not_leave_the_experiments(table: str, name: str) -> None:
    with pytest.raises(LiitError, match="There is no"):
        load(table, name, ROOT)


def test_outside_a_project_the_next_step_is_its_folder(tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="run from the project's folder"):
        load("main", "random", tmp_path)


@pytest.mark.parametrize("wrong", ["score", "label"])
def test_one_number_per_sample_or_the_part_is_named(wrong: str) -> None:
    def ranked(nll: np.ndarray) -> np.ndarray:
        return nll[1:] if wrong == "score" else nll

    def halves(pool: Pool) -> Groups:
        return Groups(np.zeros(len(pool) - (wrong == "label"), dtype=np.int64))

    method = Method("m", group=halves, scorers=(ranked,))
    part = "ranked" if wrong == "score" else "halves"
    with pytest.raises(LiitError, match=rf"{part}\(\) gives .* of shape \(8,\) for 9 samples"):
        select(method, pool_of(9), {"nll": np.arange(9.0)}, 3, 0)


def test_a_grouping_and_a_scorer_may_ask_for_facts() -> None:
    def by_images(images: np.ndarray) -> Groups:
        return Groups((images > 0).astype(np.int64))

    def short(answers: np.ndarray) -> np.ndarray:
        return -np.array([len(answer) for answer in answers])

    method = Method("m", group=by_images, budget=uniform, scorers=(short,), pick=top)
    assert not method.signals and method.facts == {"images", "answers"}
    facts = {
        "images": np.array([0, 1, 0, 1, 0, 1]),
        "answers": np.array(["aaa", "b", "c", "dddd", "ee", "ff"], dtype=object),
    }
    pool = pool_of(6)
    chosen = select(method, pool, facts, 2, 0)
    assert chosen.ids.tolist() == [pool.ids[1], pool.ids[2]]


def test_budgets_are_multiples_of_the_runs() -> None:
    pool = pool_of(200)
    for factor in (1.0, 2.0, 4.0):
        method = replace(Method("m"), budget_factor=factor)
        assert len(select(method, pool, {}, 30, 0).ids) == 30 * factor
