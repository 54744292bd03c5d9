"""Similarity by hand, and which samples each choice takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from liit.errors import LiitError
from liit.pool import Pool
from liit.recovery import samples
from liit.recovery.choices import drawn, mean_cosine, most_similar, similarities
from liit.recovery.samples import candidates, is_shown, samples_to_train, target_ids
from liit.selection.vectors import Vectors, unit

NAN = float("nan")


def vectors(*rows: list[float]) -> Vectors:
    return Vectors((np.array(rows, dtype=np.float16),), unit)


def test_mean_cosine_by_hand() -> None:
    targets = vectors([3, 0], [0, 0.5], [0, 0])  # two directions; the third has none
    found = mean_cosine(vectors([2, 0], [1, 1], [-4, 0], [0, 0]), targets)
    np.testing.assert_allclose(found, [0.5, np.sqrt(0.5), -0.5, NAN], rtol=1e-6)


def test_mean_cosine_is_the_mean_of_all_pairs() -> None:
    draw = np.random.default_rng(0)
    rows, targets = draw.normal(size=(7, 5)), draw.normal(size=(4, 5))
    pairs = [
        [row @ one / (np.linalg.norm(row) * np.linalg.norm(one)) for one in targets] for row in rows
    ]
    found = mean_cosine(Vectors((rows,), unit), Vectors((targets,), unit))
    np.testing.assert_allclose(found, np.mean(pairs, axis=1), rtol=1e-5)


def pool_of(*ids: str) -> Pool:
    return Pool.of({2: list(ids)}, 2)


def test_each_space_reads_its_own_signal_of_the_right_samples() -> None:
    ids, pool = ["a", "b", "t", "u"], pool_of("a", "b")
    plain = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=np.float16)
    swapped = plain[[1, 0, 2, 3]]
    signals = {
        "gradient": plain,
        "gradient_projector": swapped,
        "hidden": -plain,
        "projector": -swapped,
    }
    found = similarities(signals, ids, pool, ["t", "u"])
    assert {name: values.tolist() for name, values in found.items()} == {
        "lora_gradient": [1.0, 0.0],
        "projector_gradient": [0.0, 1.0],
        "hidden_state": [1.0, 0.0],
        "projector_output": [0.0, 1.0],
    }


def test_the_most_similar_are_taken_and_undefined_ones_last() -> None:
    pool, similarity = pool_of(*"abcde"), np.array([0.1, NAN, 0.9, -0.5, 0.4])
    assert most_similar(pool, similarity, 2, "x").ids.tolist() == ["c", "e"]
    four = most_similar(pool, similarity, 4, "x")
    assert four.ids.tolist() == ["a", "c", "d", "e"]
    assert four.score.tolist() == [0.1, 0.9, -0.5, 0.4]


def test_a_draw_depends_on_the_seed_alone() -> None:
    pool = pool_of(*(f"{number:03}" for number in range(200)))
    one, again, other = (drawn(pool, 30, seed).ids.tolist() for seed in (0, 0, 1))
    assert one == again != other
    assert len(set(one)) == 30 and one == sorted(one)
    assert set(one) < set(drawn(pool, 60, 0).ids.tolist())


@pytest.mark.parametrize(("budget", "size", "count"), [(40, 50, 25), (40, 200, 40), (1, 2, 1)])
def test_a_choice_takes_the_budget_or_half(budget: int, size: int, count: int) -> None:
    assert samples_to_train(budget, pool_of(*map(str, range(size)))) == count


def test_one_sample_is_no_choice() -> None:
    with pytest.raises(LiitError, match="--skill"):
        samples_to_train(40, pool_of("a"))


ORIGINS = {
    "a0": ("llava", "kvqa"),
    "a1": ("llava", "kvqa"),
    "a2": ("llava", "language"),
    "b0": ("m3it", "kvqa"),
    "b1": ("m3it", None),
    "c0": ("flan", "kvqa"),
    "c1": ("flan", "vqa"),
    "c2": ("flan", None),
}
WITHOUT_IMAGE = {"a1", "a2"}


def stream() -> Any:
    names = ["llava", "m3it", "flan"]
    arrivals = {
        t: [id_ for id_, (of, _) in ORIGINS.items() if of == n] for t, n in enumerate(names)
    }
    pictures = {id_: () if id_ in WITHOUT_IMAGE else ("picture",) for id_ in ORIGINS}
    return SimpleNamespace(
        names=names,
        last=2,
        origins=ORIGINS,
        corpus=SimpleNamespace(sample=lambda id_: SimpleNamespace(images=pictures[id_])),
        pool=lambda t: Pool.of({step: arrivals[step] for step in range(t + 1)}, t),
    )


def test_targets_are_earlier_samples_of_the_skill_that_have_an_image() -> None:
    assert target_ids(stream(), "kvqa", 0) == ["a0", "b0"]
    assert is_shown(stream(), "kvqa") and not is_shown(stream(), "language")


def test_targets_are_a_draw_of_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "TARGETS", 1)
    by_seed = [target_ids(stream(), "kvqa", seed) for seed in range(20)]
    assert {tuple(one) for one in by_seed} == {("a0",), ("b0",)}


def test_candidates_are_the_last_datasets_other_samples() -> None:
    assert candidates(stream(), "kvqa").ids.tolist() == ["c1", "c2"]
    assert candidates(stream(), "language").ids.tolist() == ["c0", "c1", "c2"]
