"""The table as data: against numbers worked out by hand and the result files themselves."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from campaign import BUDGET, EXTRA, SKILLS, STREAM, write_campaign, write_json

from liit.config import load_params
from liit.errors import LiitError
from liit.evaluation.statistics import Estimate
from liit.paper import PAPER_HOURS, ordered
from liit.reporting import tables
from liit.reporting.comparisons import (
    change_section,
    changed_parts,
    reference_of,
    versus_random_section,
)
from liit.reporting.metric_tables import main_section, skill_sections
from liit.reporting.origin_tables import check_section, cost_section
from liit.reporting.published import TABLE_8, published_hours, published_ratio, published_row
from liit.reporting.report import write_report
from liit.reporting.report_data import ReportData, count_quarantined, gather
from liit.reporting.resolution import resolve
from liit.reporting.run_records import MethodRow, RunRecord, load_rows
from liit.reporting.section import Section
from liit.reporting.table_pages import NOT_RUN, OTHERWISE, TablePage, further_tables
from liit.selection import Method, Published

PAPER = Path(__file__).parents[3] / "shared" / "paper" / "tables.csv"


def rows_of(section: Section) -> Any:
    assert section.table is not None
    return section.table.rows


def row_of(method: str, **parts: Any) -> MethodRow:
    return MethodRow(method, "main", Method(method.capitalize(), **parts))


def recorded(scores: dict[str, list[float]], budget: int = 10, costs: Any = None) -> RunRecord:
    """Return a run with one task per skill: skill -> score per step."""
    steps = ["llava", "m3it", "minigpt4", "mantis"][: len(next(iter(scores.values())))]
    cell = {"stderr": 1.0, "n": 100, "parsed": 1.0, "lenient": 0.0, "version": 1}
    matrix = {
        step: {skill: {**cell, "score": values[t]} for skill, values in scores.items()}
        for t, step in enumerate(steps)
    }
    result = {
        "scale": "mini",
        "steps": steps,
        "matrix": matrix,
        "skills": {skill: [skill] for skill in scores},
        "extra_skills": {},
        "budget": budget,
        "selections": {},
    }
    return RunRecord(result, costs or {}, {})


def cost(**seconds: float) -> dict[str, Any]:
    return {
        phase: {"seconds": value, "samples": 7, "peak_memory_gb": value / 10}
        for phase, value in seconds.items()
    }


def made_up_data(values: dict[str, Any]) -> ReportData:
    """Return report data of which only labels, seeds and values are set."""
    rows = [row_of(name) for name in values]
    page = TablePage("main", "Made up", "")
    runs: Any = {name: {} for name in values}
    told = resolve(rows, runs, values)
    bounds: Any = {0: {}, 1: {}}
    return ReportData("main", page, rows, {}, runs, bounds, {}, values, {}, told, {}, {}, {})


def test_rows_carry_the_papers_formulas() -> None:
    # sequential: best a = 80, best b = 50; F = 100/(2·2) · (40/80 + 0 + 0 + 10/50) = 17.5
    sequential = recorded({"a": [80, 40, 60], "b": [10, 50, 40]})
    # ours: RG = 100/2 · (72/80 + 60/50) = 105; F = 100/(2·2) · (8/80 + 0 + 0 + 0) = 2.5
    ours = recorded({"a": [80, 72, 72], "b": [10, 20, 60]})
    table = tables.build_table(
        [
            row_of("sequential", budget_factor=None),
            row_of("ours", published=Published(1.0, None, 2.0), budget_factor=2.0),
        ],
        {"sequential": {0: sequential}, "ours": {0: ours}},
    )
    first, second = table["rows"]
    assert [first["method"], second["method"]] == ["sequential", "ours"]
    assert first["forgetting_rate"]["mean"] == pytest.approx(17.5)
    assert first["relative_gain"]["mean"] == pytest.approx(100 / 2 * (60 / 80 + 40 / 50))
    assert second["relative_gain"]["mean"] == pytest.approx(105)
    assert second["forgetting_rate"]["mean"] == pytest.approx(2.5)
    assert second["average_accuracy"]["mean"] == pytest.approx(66)
    assert [first["budget"], second["budget"]] == ["full", 20]
    assert second["paper"] == {
        "relative_gain": 1.0,
        "forgetting_rate": None,
        "average_accuracy": 2.0,
    }
    assert table["upper_bound"]["a"] == {"mean": 80, "low": None, "high": None}


def test_several_seeds_are_averaged_with_each_seeds_own_upper_bound() -> None:
    by_seed = {
        "sequential": {0: recorded({"a": [50, 40]}), 1: recorded({"a": [100, 90]})},
        "ours": {0: recorded({"a": [50, 45]}), 1: recorded({"a": [100, 60]})},
    }
    rows = [row_of("ours")]
    (row,) = tables.build_table(rows, by_seed)["rows"]
    # 45/50 and 60/100; t(0.975, 1 degree) = 12.706, s/sqrt(2) = 15
    assert row["relative_gain"]["mean"] == pytest.approx(75)
    assert row["relative_gain"]["high"] == pytest.approx(75 + 12.7062 * 15, abs=1e-3)
    assert row["seeds"] == [0, 1]


def test_multitask_has_no_forgetting_rate() -> None:
    by_seed = {
        "sequential": {0: recorded({"a": [50, 40]})},
        "multitask": {0: recorded({"a": [45]})},
    }
    (row,) = tables.build_table([row_of("multitask", budget_factor=None)], by_seed)["rows"]
    assert row["forgetting_rate"] is None
    assert row["relative_gain"]["mean"] == pytest.approx(90)


def test_cost_is_choosing_and_training_over_all_steps_relative_to_random() -> None:
    ours = {
        "s1": cost(signals=10, clustering=4, picking=1, training=5, evaluation=100),
        "s2": cost(signals=20, picking=2, training=8, evaluation=100),
    }
    by_method = {
        "random": {0: recorded({"a": [1]}, costs={"s1": cost(training=10, picking=0)})},
        "coincide": {0: recorded({"a": [1]}, costs=ours)},
    }
    found = tables.costs(by_method)
    assert found["coincide"]["seconds"] == pytest.approx(50)
    assert found["coincide"]["ratio"] == pytest.approx(5)
    assert found["coincide"]["paper_ratio"] == pytest.approx(72.5 / 21)
    assert found["coincide"]["phases"]["signals"] == {
        "seconds": 30,
        "samples": 14,
        "peak_memory_gb": 2.0,
    }
    assert found["random"]["phases"]["signals"]["peak_memory_gb"] is None
    assert tables.costs({"el2n": by_method["coincide"]})["el2n"]["ratio"] is None


def test_one_run_that_waited_does_not_carry_the_cost_away() -> None:
    spent = [recorded({"a": [1]}, costs={"s1": cost(training=s)}) for s in (10, 90, 11)]
    assert tables.costs({"random": dict(enumerate(spent))})["random"]["seconds"] == 11


def test_rows_of_the_language_stream_stand_beside_table_8() -> None:
    rows = [row_of(name, published=Published(1.0, 2.0, 3.0)) for name in (*TABLE_8, "el2n")]
    ours, text = ["llava", "vision_flan"], ["natural_instructions", "firefly"]
    assert all(published_row(row, ours) == Published(1.0, 2.0, 3.0) for row in rows)
    assert [published_row(row, text) for row in rows] == [*TABLE_8.values(), None]
    assert published_hours("el2n", ours) and published_ratio("random", ours) == 1
    for other in (text, ["vqav2", "gqa"], [*ours, "gqa"]):
        assert published_hours("random", other) is published_ratio("random", other) is None
    assert all(published_row(row, ["vqav2", "gqa"]) is None for row in rows)
    if not PAPER.is_file():
        pytest.skip("the paper's tables are not beside this checkout")
    with PAPER.open(encoding="utf-8") as file:
        printed = [list(row.values())[4:] for row in csv.DictReader(file) if row["table"] == "8"]
    known = [Published(*(float(cell) if cell else None for cell in row)) for row in printed]
    assert known == list(TABLE_8.values())


def test_the_papers_hours_are_table_6() -> None:
    totals = {"random": 21, "less": 113, "coincide": 72.5, "adapt_inf": 116.5, "el2n": 69}
    assert {name: PAPER_HOURS[name].total for name in totals} == totals
    assert PAPER_HOURS["lite_adapt_inf"].total == pytest.approx(56.4)
    path = PAPER.with_name("table6_hours.csv")
    if not path.is_file():
        pytest.skip("the paper's tables are not beside this checkout")
    names = {"Random Selection": "random", "Scoring-based": "el2n", "LESS": "less"}
    names |= {"COINCIDE": "coincide", "Adapt-∞": "adapt_inf", "LITE-Adapt-∞": "lite_adapt_inf"}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            hours = PAPER_HOURS[names.pop(row["method"])]
            printed = [float(row[name] or 0) for name in list(row)[1:]]
            ours = [hours.scoring, hours.k_means, hours.training, hours.total]
            assert ours == pytest.approx(printed)
    assert not names


def test_costs_stand_beside_the_papers_hours(tmp_path: Path) -> None:
    write_campaign(tmp_path, ["sequential", "random", "adapt_inf"])
    rows = rows_of(cost_section(gather(tmp_path, "main", ["random", "adapt_inf"], [0])))
    assert rows[0][-4:] == ["0.0", "0.0", "21.0", "1.0×"]
    assert rows[1][-4:] == ["92.0", "3.5", "21.0", "5.5×"]
    total, ratio = float(rows[1][5]), float(rows[1][6].removesuffix("×"))
    assert total == pytest.approx(sum(map(float, rows[1][1:5])), abs=0.21)
    assert ratio == pytest.approx(total / float(rows[0][5]), abs=0.06)


def test_gathered_facts_agree_with_the_result_files(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "adapt_inf_2x", "adapt_inf"], seeds=(0, 1))
    data = gather(tmp_path, "main", methods, [0, 1])
    assert [row["method"] for row in data.table["rows"]] == methods
    assert [row["budget"] for row in data.table["rows"]] == ["full", 2 * BUDGET, BUDGET]
    assert data.skill_names("skills") == list(SKILLS)  # the paper's order
    results = [
        json.loads((tmp_path / "results" / "adapt_inf" / f"{seed}.json").read_text())
        for seed in (0, 1)
    ]
    by_hand = [
        sum(result["matrix"][STREAM[-1]][task]["score"] for task in SKILLS["vqa"]) / 2
        for result in results
    ]
    assert data.last("adapt_inf", "skills", "vqa") == pytest.approx(sum(by_hand) / 2)
    assert sum(data.composition("adapt_inf", "lamm", "by_source").values()) == pytest.approx(1)
    bounds = [data.bounds[seed]["vqa"] for seed in (0, 1)]
    gains = [100 * last / bound for last, bound in zip(by_hand, bounds, strict=True)]
    gain = data.gain("adapt_inf", "vqa")
    assert gain is not None
    assert gain.mean == pytest.approx(sum(gains) / 2)
    assert gain.half == pytest.approx(12.7062 * abs(gains[0] - gains[1]) / 2, rel=1e-4)


def test_the_gains_of_the_skills_average_to_the_tables_relative_gain(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "adapt_inf", "random"], seeds=(0, 1))
    data = gather(tmp_path, "main", methods, [0, 1])
    (gains,) = [section for section in skill_sections(data) if section.anchor == "gains"]
    for row, cells in zip(data.table["rows"], rows_of(gains), strict=True):
        skills = [float(cell.split(" [")[0]) for cell in cells[1:]]
        assert len(skills) == len(SKILLS)
        assert sum(skills) / len(skills) == pytest.approx(row["relative_gain"]["mean"], abs=0.06)


def test_curves_hold_a_record_per_method_seed_step_and_skill(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "multitask"])
    data = gather(tmp_path, "main", methods, [0])
    rows = list(tables.curve_rows(data.runs))
    skills = len(SKILLS) + len(EXTRA)
    assert len(rows) == skills * (len(STREAM) + 1)
    assert {row["step"] for row in rows if row["method"] == "multitask"} == {len(STREAM) - 1}
    assert rows[0] | {"score": 0} == {
        "method": "sequential",
        "seed": 0,
        "step": 0,
        "dataset": "llava",
        "skill": rows[0]["skill"],
        "score": 0,
    }


def test_rows_that_were_not_run_say_so(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "el2n"], seeds=(0, 1))
    (tmp_path / "results" / "random" / "1.json").unlink()
    data = gather(tmp_path, "main", methods, [0, 1])
    assert [row["method"] for row in data.table["rows"]] == ["sequential", "el2n"]
    assert data.missing == {"random": ["run@random-1"]}
    rows = rows_of(main_section(data))
    assert [row[0] for row in rows] == ["Sequential", "Random (not run yet)", "EL2N"]
    assert rows[1][1:] == [str(BUDGET), "–", "–", "–", "–", "95.3", "2.1", "47.2", "1.0×"]
    assert dict(rows_of(check_section(data)))["Not run yet"] == "dvc repro run@random-1"
    with pytest.raises(LiitError, match=r"dvc repro run@random-1"):
        gather(tmp_path, "main", ["random"], [0, 1])


def test_broken_results_name_the_file(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential"])
    (tmp_path / "runs" / "sequential" / "0.json").write_text('{"costs": ')
    with pytest.raises(LiitError, match=r"runs/sequential/0\.json is not valid JSON"):
        gather(tmp_path, "main", methods, [0])


def test_the_upper_bound_needs_the_sequential_run_but_not_its_row(tmp_path: Path) -> None:
    write_campaign(tmp_path, ["sequential", "random", "el2n"])
    data = gather(tmp_path, "main", ["el2n"], [0])
    assert [row["method"] for row in data.table["rows"]] == ["el2n"]
    whole = gather(tmp_path, "main", ["sequential", "random", "el2n"], [0])
    assert data.table["rows"][0] == whole.table["rows"][2]
    (tmp_path / "results" / "sequential" / "0.json").unlink()
    with pytest.raises(LiitError, match=r"dvc repro run@sequential-0"):
        gather(tmp_path, "main", ["el2n"], [0])


def test_rows_of_the_main_table_can_stand_in_another(tmp_path: Path) -> None:
    write_campaign(tmp_path, ["sequential", "random", "el2n"])
    (tmp_path / "experiments" / "ablations").mkdir()
    (tmp_path / "experiments" / "main" / "el2n.py").rename(
        tmp_path / "experiments" / "ablations" / "el2n.py"
    )
    chain = "tables/ablations/dvc.yaml:run@el2n-0"
    assert gather(tmp_path, "ablations", ["random", "el2n"], [0]).missing == {"el2n": [chain]}
    for kind in ("results", "runs"):
        (tmp_path / "tables" / "ablations" / kind).mkdir(parents=True)
        (tmp_path / kind / "el2n").rename(tmp_path / "tables" / "ablations" / kind / "el2n")
    data = gather(tmp_path, "ablations", ["random", "el2n"], [0])
    assert [row["label"] for row in data.table["rows"]] == ["Random", "EL2N"]
    with pytest.raises(LiitError, match="no method 'entropy'"):
        gather(tmp_path, "ablations", ["entropy"], [0])


def test_rows_of_different_task_versions_do_not_share_a_table(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random"])
    path = tmp_path / "results" / "random" / "0.json"
    result = json.loads(path.read_text())
    result["matrix"]["lamm"]["boxes"]["version"] = 2
    path.write_text(json.dumps(result))
    with pytest.raises(LiitError, match="version of task boxes: 1 and 2"):
        gather(tmp_path, "main", methods, [0])


def test_a_task_whose_version_changed_along_the_stream_has_no_row(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential"])
    path = tmp_path / "results" / "sequential" / "0.json"
    result = json.loads(path.read_text())
    result["matrix"]["lamm"]["boxes"]["version"] = 2
    path.write_text(json.dumps(result))
    with pytest.raises(LiitError, match="version of task boxes: 1 and 2"):
        gather(tmp_path, "main", methods, [0])


def test_equal_faults_are_counted_together(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    reasons = ["turn 3 is an empty answer", "turn 1 is an empty answer", "duplicate id " + 16 * "a"]
    lines = [json.dumps({"file": "f", "record": "r", "reason": reason}) for reason in reasons]
    (tmp_path / "data" / "x.quarantine.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "data" / "y.quarantine.jsonl").write_text("")
    assert count_quarantined(tmp_path) == {
        "x": {"turn … is an empty answer": 2, "duplicate id …": 1},
        "y": {},
    }


def test_known_names_come_first() -> None:
    assert ordered(["z", "b", "a", "c"], ["c", "missing", "b"]) == ["c", "b", "a", "z"]


def test_differences_to_random_are_paired_by_seed() -> None:
    def by_seed(*values: float) -> dict[int, Estimate]:
        return {seed: Estimate(value) for seed, value in enumerate(values)}

    values = {
        "random": {"relative_gain": by_seed(90, 100), "average_accuracy": by_seed(1, 1)},
        "ours": {"relative_gain": by_seed(91, 101), "average_accuracy": by_seed(1, 3)},
    }
    data = made_up_data(values)
    # a shift of 1 in both seeds has no spread, although the seeds are 10 apart
    section = versus_random_section(data)
    assert rows_of(section) == [
        ["Ours", "1.0 [1.0, 1.0]", "–", "1.0 [-11.7, 13.7]", "relative gain"]
    ]
    assert "There are 2 comparisons. 0 lies outside the interval of 1 of them" in section.note
    assert not rows_of(versus_random_section(made_up_data({"ours": values["ours"]})))


def test_a_row_of_a_further_table_is_compared_with_the_row_that_it_changes(tmp_path: Path) -> None:
    write_campaign(tmp_path, ["sequential", "random", "el2n", "adapt_inf"], seeds=(0, 1))
    folder = tmp_path / "experiments" / "directions"
    folder.mkdir()
    body = "from liit.selection.method import Method\n{}\nMETHOD = Method({!r}, {})\n"
    for name, parts in (
        ("el2n", "scorers=(el2n,), pick=top"),
        ("adapt_inf", "scorers=(el2n,), group=by_source"),
    ):
        imports = (
            "from liit.selection.scorers import el2n\nfrom liit.selection.picks import ccs, top\n"
            "from liit.selection.groups import by_source"
        )
        (tmp_path / "experiments" / "main" / f"{name}.py").write_text(
            body.format(imports, name, parts)
        )
    (folder / "even.py").write_text(body.format(imports, "Even", "scorers=(el2n,), pick=ccs"))
    for kind in ("results", "runs"):
        (tmp_path / "tables" / "directions" / kind).mkdir(parents=True)
        copy = tmp_path / "tables" / "directions" / kind / "even"
        shutil.copytree(tmp_path / kind / "adapt_inf", copy)
    data = gather(tmp_path, "directions", ["adapt_inf", "el2n", "even"], [0, 1])
    (row,) = rows_of(change_section(data))
    assert row[:3] == ["Even", "pick = ccs", "el2n"]
    means = {one["method"]: one["average_accuracy"]["mean"] for one in data.table["rows"]}
    assert float(row[5].split()[0]) == pytest.approx(means["even"] - means["el2n"], abs=0.051)
    assert not rows_of(change_section(gather(tmp_path, "main", ["sequential", "random"], [0, 1])))


@pytest.mark.parametrize(
    ("table", "row", "reference", "changed"),
    [
        ("ablations", "density_budget", "adapt_inf", "budget"),
        ("ablations", "no_groups", "adapt_inf", "group represent"),
        ("budgets", "random_4x", "random", "budget_factor"),
        ("directions", "perplexity_ccs", "perplexity", "pick"),
        ("efficiency", "lite_8x", "lite_adapt_inf", "prune"),
        ("efficiency", "proxy_gradients", "adapt_inf", "represent"),
        ("released", "lowest_el2n", "el2n", "pick"),
        ("released", "perplexity_mean", "adapt_inf", "scorers"),
        ("released", "semdedup_by_group", "semdedup", "budget group represent scorers"),
        ("scorers", "without_image_grounding", "adapt_inf", "scorers"),
    ],
)
def test_the_tables_compare_their_rows_with_what_they_change(
    table: str, row: str, reference: str, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    rows = load_rows(root, table, load_params().rows(table))
    one = next(head for head in rows if head.method == row)
    found = reference_of(one, [head for head in rows if head.home != table])
    assert (found.method, " ".join(changed_parts(one, found))) == (reference, changed)


def test_a_model_that_is_not_trained_stands_beside_the_rows(tmp_path: Path) -> None:
    """Of every skill: its score before the stream, over the best one of the sequential run."""
    methods = write_campaign(tmp_path, ["sequential", "random", "multitask"], seeds=(0, 1))
    sections = {one.anchor: one for one in metric_sections(tmp_path, methods)}
    gains, starts = [], {}
    for seed in (0, 1):
        result = json.loads((tmp_path / f"results/sequential/{seed}.json").read_text())
        for skill, tasks in result["skills"].items():
            scores = [
                sum(result["matrix"][step][task]["score"] for task in tasks) / len(tasks)
                for step in result["steps"]
            ]
            starts[skill] = scores[0]
            gains.append(100 * scores[0] / max(scores))
    untrained = f"a relative gain of {sum(gains) / len(gains):.1f}, no forgetting and an average "
    accuracy = sum(starts.values()) / len(starts)
    assert f"{untrained}accuracy of {accuracy:.1f}." in sections["table"].note
    _, row, *_ = rows_of(sections["skills"])
    assert row == ["Before the stream (θ_0)", *(f"{starts[skill]:.1f}" for skill in SKILLS)]


def metric_sections(root: Path, methods: list[str]) -> list[Section]:
    data = gather(root, "main", methods, [0, 1])
    return [main_section(data), *skill_sections(data)]


def test_checks_name_what_they_find(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "adapt_inf"])
    run = json.loads((tmp_path / "runs" / "random" / "0.json").read_text())
    run["provenance"] |= {"dirty": True, "commit": "f" * 40}
    for step, phases in run["costs"].items():  # 60 %, and of one step unknown
        phases["training"] |= {"cpu_seconds": 4.8} if step != "lamm" else {}
    (tmp_path / "runs" / "random" / "0.json").write_text(json.dumps(run))
    result = json.loads((tmp_path / "results" / "random" / "0.json").read_text())
    result["selections"]["lamm"]["by_source"] = {"m3it": 33, "lamm": 7}
    (tmp_path / "results" / "random" / "0.json").write_text(json.dumps(result))
    found = dict(rows_of(check_section(gather(tmp_path, "main", methods, [0]))))
    assert found == {
        "Not run yet": "none",
        "Only one seed": "seed 0 for every row",
        "Computed from code that was not committed": "random",
        "Rows computed at different commits": "abc1234; ffffffffff",
        "Fewer than 90% of the answers could be read at the end": "; ".join(
            f"sequential: {skill} 70%" for skill in SKILLS
        ),
        "More than 80% of a selection from one dataset": "random at lamm: m3it 82%",
        "Choosing took longer than training": "adapt_inf",
        "Held up by other work, so its seconds are too many": "random, seed 0: 60%; "
        "not recorded for 2 of 3 runs",
    }


def test_further_seeds_are_shown_while_they_were_run_in_the_same_conditions(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "multitask"], seeds=(0, 1, 2))
    assert gather(tmp_path, "main", methods, [0]).seeds == [0, 1, 2]
    other = tmp_path / "results" / "random" / "2.json"
    changed = {**json.loads(other.read_text()), "conditions": {"base": "another"}}
    other.write_text(json.dumps(changed))
    (tmp_path / "runs" / "random" / "1.json").unlink()
    assert gather(tmp_path, "main", methods, [0]).seeds == [0]


def test_rows_of_different_conditions_are_refused(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "multitask"], seeds=(0,))
    other = tmp_path / "results" / "random" / "0.json"
    changed = {**json.loads(other.read_text()), "conditions": {"base": "another"}}
    other.write_text(json.dumps(changed))
    with pytest.raises(LiitError, match=r"results/random/0\.json differ in base\."):
        gather(tmp_path, "main", methods, [0])


def test_rows_along_streams_of_another_order_are_refused(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random"])
    path = tmp_path / "results/random/0.json"
    result = json.loads(path.read_text())
    result["steps"] = [result["steps"][0], *reversed(result["steps"][1:])]
    path.write_text(json.dumps(result))
    with pytest.raises(LiitError, match="differ in the order of the stream"):
        gather(tmp_path, "main", methods, [0])


def test_two_rows_are_compared_where_neither_differs_from_a_third(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "el2n"])
    signals = {"sequential": {}, "random": {"losses": 1}, "el2n": {"losses": 2}}
    for method, versions in signals.items():
        path = tmp_path / "results" / method / "0.json"
        result = json.loads(path.read_text())
        result["conditions"]["versions"] = {"signals": versions}
        path.write_text(json.dumps(result))
    with pytest.raises(LiitError, match=r"random/0\.json and .*el2n/0\.json differ in versions"):
        gather(tmp_path, "main", methods, [0])


def test_a_further_table_says_whether_its_rows_were_made_like_those_of_the_main_one(
    tmp_path: Path,
) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "multitask"])
    for name in ("alike", "earlier", "planned"):
        (tmp_path / "experiments" / name).mkdir()
        (tmp_path / "experiments" / name / "row.py").write_text("")
    for name, conditions in (("alike", None), ("earlier", {"base": "another"})):
        row = json.loads((tmp_path / "results" / "random" / "0.json").read_text())
        row["conditions"] = conditions or row["conditions"]
        write_json(tmp_path / "tables" / name / "results" / "row" / "0.json", row)
        (tmp_path / "reports" / name).mkdir(parents=True)
        (tmp_path / "reports" / name / "index.html").write_text("")
    data = gather(tmp_path, "main", methods, [0])
    states = {page.name: page.state for page in further_tables(tmp_path, data.first_result)}
    assert states == {"alike": "", "earlier": OTHERWISE, "planned": NOT_RUN}
    write_report(tmp_path, "main", methods, [0], {})
    written = (tmp_path / "reports" / "README.md").read_text()
    assert "- [alike](alike/README.md)\n" in written
    assert f"- [earlier](earlier/README.md) ({OTHERWISE}: `make earlier`)" in written
    assert f"- planned ({NOT_RUN}: `make planned`)" in written
    page = (tmp_path / "reports" / "index.html").read_text()
    assert f"</a> ({OTHERWISE}: <code>make earlier</code>)" in page
