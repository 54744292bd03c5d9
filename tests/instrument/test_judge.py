"""A made-up pool whose truth some signals hold and others do not, judged from end to end."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liit.config import load_params
from liit.files import write_json
from liit.instrument.figures import drawings
from liit.instrument.judge import Judgement, judge
from liit.instrument.measure import HIDDEN, MIDDLE, SPACES, JudgedPool, grouped_rows
from liit.instrument.models import JudgedModel
from liit.instrument.record import record_of
from liit.instrument.truth import Truth
from liit.model.load import Theta
from liit.plotting import save_drawings
from liit.pool import Pool
from liit.selection.measured import Measured

NAMES = ("captioning", "grounding", "kvqa", "reasoning", "vqa")
COUNT = 200
ROOT = Path(__file__).parents[2]
PARAMS = load_params(ROOT / "params.yaml")


def judgement(step: int = 1, *, text: bool = False, spoiling: float = 0.2) -> Judgement:
    """Gradients are the skill; hidden states the content; high scores mean a spoiled answer.

    ``text``: without images and near-copies; ``spoiling``: the share of spoiled answers.
    """
    draws = np.random.default_rng(step)
    skills = draws.integers(len(NAMES), size=COUNT)
    content = np.arange(COUNT)
    if not text:
        content[COUNT // 2 :: 4] = content[: COUNT // 2 : 2][: len(content[COUNT // 2 :: 4])]
    skills = skills[content]
    spoiled = draws.random(COUNT) < spoiling
    needs = np.where(spoiled, 0.0, 1.0)
    ids = np.array([f"{place:04d}" for place in range(COUNT)])
    truth = Truth(
        np.array(NAMES)[skills], np.full(COUNT, "m3it"), spoiled, content.astype(str), needs
    )

    def near(rows: Any, by: float) -> Any:
        return (rows + by * draws.normal(size=rows.shape)).astype(np.float32)

    of_skill = np.eye(len(NAMES), dtype=np.float32)[skills]
    as_wide = np.pad(of_skill, ((0, 0), (0, 24 - len(NAMES))))
    of_content = near(draws.normal(size=(COUNT, 24))[content], 0.02)
    noise = near(np.zeros((COUNT, 24)), 1.0)
    signals = {
        "gradient": of_skill,
        "gradient_first": noise,
        "gradient_last": of_skill,
        "gradient_all": of_skill,
        "hidden": of_content,
        "hidden_all": np.hstack([noise, of_content, as_wide]),
        "attention_image": noise[:, :12],
        "attention_text": noise[:, 12:],
        "nll": spoiled + 0.1 * skills,
        "nll_blind": np.full(COUNT, np.nan) if text else 2.0 * needs + spoiled,
        "entropy": 0.1 * skills + 0.01 * draws.random(COUNT),
        "error_norm": 0.1 * skills + 0.01 * draws.random(COUNT),
    }
    pool = Pool(ids, np.arange(COUNT) % 2, step)
    measured = Measured.of(pool, signals, frozenset(signals))
    judged = JudgedPool("θ_0", step, "m3it", COUNT, measured, grouped_rows(pool)[:150], SPACES)
    with ThreadPoolExecutor(2) as workers:
        found, jobs = judge(judged, truth, 20, workers)
        for job in jobs:
            job.result()
    return found


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    model = JudgedModel("θ_0", Theta("base", (), None, None, "0" * 64, ()), (1, 2))
    return record_of(PARAMS, [model], None, [judgement(1), judgement(2)])


def test_what_holds_the_skills_is_told_from_what_does_not(record: dict[str, Any]) -> None:
    rows = [row for row in record["representations"] if row["kind"] == "draw"]
    found = {row["space"]: row["ami"]["skill"]["mean"] for row in rows if row["step"] == 1}
    assert found[MIDDLE] == found["the skill itself"] == 1.0
    assert abs(found["random numbers"]) < 0.1 and abs(found["gradient, first layer"]) < 0.1
    assert found["hidden state, last layer"] == 1.0
    assert abs(found["hidden state, first layer"]) < 0.1
    whole = [row for row in record["representations"] if row["kind"] == "whole"]
    assert [(row["space"], row["rows"]) for row in whole] == [(MIDDLE, COUNT)] * 2


def test_near_copies_are_told_by_content(record: dict[str, Any]) -> None:
    found = {row["space"]: row for row in record["copies"] if row["step"] == 1}
    assert found[HIDDEN]["auroc"]["mean"] > 0.99
    assert found[HIDDEN]["semdedup"]["mean"] == 1.0
    assert found["gradient, first layer"]["auroc"]["mean"] < 0.7
    assert found[HIDDEN]["removed"] == {"semdedup": 0.9, "lite": 0.6}


def test_verdicts_follow(record: dict[str, Any]) -> None:
    verdicts = {claim["claim"].split(" (")[0]: claim["verdict"] for claim in record["claims"]}
    assert verdicts["Gradients are more separable by skill than hidden states"] == "holds"
    assert verdicts["High perplexity finds the low-quality samples of VQA"] == "holds"
    assert verdicts["High image grounding marks the samples that need their image"] == "holds"
    # EL2N is a function of the skill here, in which knowledge VQA comes after captioning
    assert verdicts["High EL2N prefers captioning to knowledge VQA"] == "does not hold"
    assert len(record["claims"]) == 10


def test_the_record_is_plain_and_has_its_figures(record: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "instrument.json", record)  # which refuses NaN
    assert json.loads((tmp_path / "instrument.json").read_text()) == record
    save_drawings(drawings(record), tmp_path / "figures")
    names = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    assert names == {"groups", "grid", "equal_budgets", "scores", "copies"}


def test_again_gives_the_same(record: dict[str, Any]) -> None:
    again = record_of(PARAMS, [], None, [judgement(1), judgement(2)])
    assert {**again, "models": record["models"]} == record


def test_of_text_alone_neither_images_nor_copies_are_judged() -> None:
    text = record_of(PARAMS, [], None, [judgement(text=True)])
    assert {row["score"] for row in text["scores"]} == {"EL2N", "Entropy", "Perplexity"}
    assert not text["copies"] and text["grounding"][0]["needs_image"] is None
    verdicts = {claim["claim"].split(" (")[0]: claim["verdict"] for claim in text["claims"]}
    assert verdicts["High image grounding marks the samples that need their image"] == "not run"
    assert verdicts["High perplexity finds the low-quality samples of VQA"] == "holds"
    names = [drawing[0] for drawing in drawings(text)]
    assert names == ["groups.svg", "grid.svg", "equal_budgets.svg", "scores.svg"]


def test_what_scores_say_of_spoiled_answers_is_not_judged_where_there_are_none() -> None:
    sound = record_of(PARAMS, [], None, [judgement(spoiling=0.0)])
    verdicts = {claim["claim"].split(" (")[0]: claim["verdict"] for claim in sound["claims"]}
    assert verdicts["High perplexity finds the low-quality samples of VQA"] == "not run"
    (of_task,) = (text for text in verdicts if text.startswith("A score says"))
    assert verdicts[of_task] == "not run"
