"""Placement, colours and the numbers behind figures; how they look was judged by eye."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liit.base_signals import figures as signal_figures
from liit.base_signals.figures import SamplePicture
from liit.plotting import HUES, OWN_HUES, hue_of, spread_labels, svg_text
from liit.reporting.figures.cost import draw_cost, front
from liit.reporting.figures.ranks import cliques, draw_ranks
from liit.reporting.figures.scores import draw_curves, draw_gains
from liit.reporting.figures.selections import draw_composition, draw_k

heights = st.lists(st.floats(0, 100), max_size=12)


@given(heights, st.floats(0.1, 8))
def test_labels_keep_order_and_distance(values: list[float], gap: float) -> None:
    placed = spread_labels(values, gap, 0.0, 100.0)
    by_height = [placed[i] for i in sorted(range(len(values)), key=lambda i: (values[i], i))]
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(by_height))
    if gap * (len(values) - 1) <= 100 and values:
        assert min(placed) >= -1e-6
        assert max(placed) <= 100 + 1e-6


def test_labels_that_do_not_touch_stay_where_they_are() -> None:
    assert spread_labels([50.0, 10.0, 90.0], 5, 0, 100) == [50.0, 10.0, 90.0]
    assert spread_labels([50.0, 50.0], 4, 0, 100) == [48.0, 52.0]
    assert spread_labels([99.0, 100.0], 4, 0, 100) == [96.0, 100.0]


def test_methods_keep_their_colour_and_the_rest_is_grey() -> None:
    few = hue_of(["random", "ours"])
    assert few["random"] == OWN_HUES["random"]
    assert few["ours"] in HUES
    many = hue_of([*(f"m{i}" for i in range(9)), *OWN_HUES])
    assert set(many) == set(OWN_HUES)
    assert len(set(many.values())) == len(many)


def test_a_curve_of_one_point_is_a_mark_at_the_end() -> None:
    curves = {
        "sequential": {"vqa": np.array([[50.0, 30.0, 20.0]])},
        "multitask": {"vqa": np.array([[60.0]])},
    }
    figure = draw_curves(curves, ["a", "b", "c"], ["vqa"])
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    assert list(lines["curve-sequential"].get_ydata()) == [50.0, 30.0, 20.0]
    assert list(lines["curve-multitask"].get_xdata()) == [2]


def test_curves_show_the_mean_over_seeds() -> None:
    curves = {"random": {"vqa": np.array([[50.0, 30.0], [40.0, 50.0]])}}
    figure = draw_curves(curves, ["a", "b"], ["vqa"])
    assert list(figure.axes[0].lines[0].get_ydata()) == [45.0, 40.0]


def test_error_bars_reach_from_end_to_end() -> None:
    points = [("random", 1.0, 50.0), ("ours", 3.0, 55.0)]
    figure = draw_cost(points, {"random": (48.0, 52.0), "ours": (40.0, 70.0)}, "accuracy")
    (axes,) = figure.axes
    bars = [[tuple(end) for end in bar.get_segments()[0]] for bar in axes.collections]
    assert bars == [[(1.0, 48.0), (1.0, 52.0)], [(3.0, 40.0), (3.0, 70.0)]]
    assert axes.get_ylim()[0] < 40.0 and axes.get_ylim()[1] > 70.0


def test_undefined_gains_are_left_blank() -> None:
    gains = np.array([[100.0, np.nan], [50.0, 120.0]])
    figure = draw_gains(gains, ["a", "b"], ["vqa", "kvqa"])
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["100", "120", "50"]


def test_bars_add_up_to_the_shares() -> None:
    shares = {"random": {"s1": {"a": 0.25, "b": 0.75}, "s2": {"b": 1.0}}}
    figure = draw_composition(shares, ["s1", "s2"], ["a", "b"])
    tops = [bar.get_y() + bar.get_height() for bar in figure.axes[0].patches]
    assert tops == [0.25, 0.0, 1.0, 1.0]


def test_the_same_numbers_give_the_same_svg() -> None:
    def draw() -> str:
        curve = ([5, 10, 15], [9.0, 4.0, 3.0], 10)
        return svg_text(draw_k({"m3it": curve}))

    assert draw() == draw()


def test_histograms_leave_undefined_scores_out() -> None:
    scores = {"image_grounding": np.array([1.0, np.nan, 3.0, 2.0, np.nan])}
    tasks = ["vqa", "vqa", "vqa", "vqa", "language"]
    figure = signal_figures.draw_scores(scores, tasks)
    assert [axes.get_ylabel() for axes in figure.axes] == ["vqa", "language"]
    assert list(figure.axes[0].lines[0].get_xdata()) == [2.0, 2.0]  # the median
    assert not figure.axes[1].lines


def test_neighbours_equal_a_slow_search() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 6))
    vectors[7] = 0
    vectors[8] = np.nan
    usable = [i for i in range(40) if i not in (3, 7, 8)]
    cosine = {
        i: float(vectors[i] @ vectors[3] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[3]))
        for i in usable
    }
    slow = sorted(usable, key=lambda i: -cosine[i])
    assert signal_figures.nearest(vectors, 3, 5) == slow[:5]
    assert signal_figures.nearest(vectors, 3, 99) == slow


def test_a_map_keeps_far_clusters_apart_and_is_repeatable() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 10)
    labels = np.repeat([0, 1, 2], 15)
    vectors = centres[labels] + rng.normal(0, 0.02, (45, 10))
    points = signal_figures.tsne(vectors)
    assert np.array_equal(points, signal_figures.tsne(vectors))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (labels[distance.argmin(axis=1)] == labels).all()
    names = [f"task {label}" for label in labels]
    assert "<svg" in svg_text(signal_figures.draw_maps({"gradients": points}, names))
    with pytest.raises(ValueError, match="at least 4"):
        signal_figures.tsne(vectors[:3])


def test_neighbours_are_drawn_with_and_without_images() -> None:
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    query = SamplePicture(image, "Which?", "this", "vqa")
    found = {
        "gradient": [
            SamplePicture(image, "Where?", "here", "vqa"),
            SamplePicture(None, "2 + 2", "4", "language"),
        ],
        "hidden": [
            SamplePicture(image, "图中有什么？" * 9, "右上角有一个蓝色菱形", "multilingual")
        ],
    }
    figure = signal_figures.draw_neighbours(query, found)
    shown = [[text.get_text() for text in axes.texts] for axes in figure.axes if axes.get_visible()]
    assert shown[0] == shown[3] == ["vqa", "Which?\n→ this"]
    assert shown[2] == ["text only", "language", "2 + 2\n→ 4"]
    lines = shown[4][1].split("\n")
    assert [len(line) for line in lines] == [12, 12, 12, 12] and lines[2].endswith("…")
    assert len(figure.axes) == 6 and len(shown) == 5
    assert ">→ 右上角有一个蓝色菱形</text>" in svg_text(figure), "our font lacks it: it stays text"
    assert "<text" not in svg_text(signal_figures.draw_neighbours(query, {"gradient": [query]}))


def test_twelve_tasks_are_told_apart() -> None:
    names = [f"task {i}" for i in range(12)]
    figure = signal_figures.draw_maps({"one": np.arange(24.0).reshape(12, 2)}, names)
    drawn = [
        (one.get_facecolor().tolist(), one.get_edgecolor().tolist())
        for one in figure.axes[0].collections
    ]
    assert len({str(look) for look in drawn}) == 12


def test_on_the_front_is_what_no_other_beats() -> None:
    points = [("a", 1.0, 50.0), ("b", 2.0, 40.0), ("c", 2.0, 60.0), ("d", 3.0, 60.0), ("e", 9, 61)]
    assert front(points) == ["a", "c", "e"]  # b is beaten, d costs more for as much
    assert front([("a", 1.0, 5.0), ("b", 1.0, 7.0)]) == ["b"]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=9))
def test_the_front_is_that_of_the_definition(points: list[tuple[int, int]]) -> None:
    named = [(str(place), float(x), float(y)) for place, (x, y) in enumerate(points)]
    best = {(x, y) for name, x, y in named if name in front(named)}
    beaten = {
        (x, y)
        for _, x, y in named
        if any(u <= x and v >= y and (u, v) != (x, y) for _, u, v in named)
    }
    assert best == {(x, y) for _, x, y in named} - beaten


def test_a_bar_joins_ranks_within_the_critical_difference() -> None:
    # Demsar 2006, Figure 1: CD = 1.25 over four ranks
    assert cliques([1.0, 2.0, 3.1, 4.4], 1.25) == [(0, 1), (1, 2)]
    assert cliques([1.0, 1.5, 2.0, 9.0], 1.25) == [(0, 2)]
    assert cliques([1.0, 4.0], 1.25) == []


def test_every_method_stands_at_its_rank() -> None:
    figure = draw_ranks({"a": 2.0, "b": 1.0, "c": 3.0}, 1.2, {"a": "A", "b": "B", "c": "C"})
    lines = {line.get_gid(): line for line in figure.axes[0].lines if line.get_gid()}
    assert {name: line.get_xdata()[0] for name, line in lines.items() if name != "_"} == {
        "curve-a": 2.0, "curve-b": 1.0, "curve-c": 3.0,
    }  # fmt: skip
    words = {text.get_text().strip() for text in figure.axes[0].texts}
    assert {"A (2.0)", "B (1.0)", "C (3.0)", "critical difference 1.2"} <= words
