"""`liit compare`: differences worked out by hand, what it refuses, and where results come from."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest
import sides
from campaign import write_campaign

from liit.cli import main
from liit.compare.comparison import compare
from liit.compare.overlap import by_chance, jaccard
from liit.compare.shown import as_json
from liit.compare.sides import parse
from liit.errors import LiitError
from liit.reporting.report_data import gather
from liit.reporting.tables import METRICS


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = sides.write(tmp_path / "project")
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "100")
    return root


@pytest.fixture
def versioned(here: Path) -> Path:
    """The project as git has it, with another random run laid over the committed one."""
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (["init", "-q"], ["add", "results", "runs"], ["commit", "-qm", "rows"]):
        subprocess.run([*git, *command], check=True, cwd=here)
    file = Path("results/random/0.json")
    sides.put(file, sides.result("random", 0, (66.0, 45.0)))
    return here


def test_gains_of_two_seeds_by_hand(here: Path) -> None:
    """Gains of 77.5 and 70 against 80 and 77.5: -2.5 and -7.5, t(0.975; 1) = 12.7062."""
    gain = compare("mine", "random").metrics["relative_gain"]
    assert gain.a and gain.b and gain.gap and gain.gap.half and gain.p
    assert (gain.a.mean, gain.b.mean, gain.gap.mean) == pytest.approx((73.75, 78.75, -5.0))
    assert gain.gap.half == pytest.approx(12.7062 * 2.5, rel=1e-5)
    assert gain.p == pytest.approx(1 - 2 * math.atan(2) / math.pi)  # Student's t with one degree
    assert gain.pairs == 2 and not gain.is_told


def test_skills_by_hand(here: Path) -> None:
    """Task a alone: 60 and 64 of 80 against 56 and 60 of 80, five points in every seed."""
    found = compare("mine", "random")
    vqa = found.skills["relative_gain"]["vqa"]
    assert vqa.gap and (vqa.gap.mean, vqa.gap.low, vqa.gap.high) == pytest.approx((5.0,) * 3)
    assert vqa.is_told
    language = found.skills["average_accuracy"]["language"]
    assert language.gap and language.gap.mean == pytest.approx((-5 - 10) / 2)
    assert found.skills["forgetting_rate"]["language"].gap.mean == 0.0  # type: ignore[union-attr]


def test_one_seed_has_the_interval_of_the_items(here: Path) -> None:
    """Errors of 2 and 3 on two skills: sqrt(1 + 2.25) in a mean, sqrt(2) times in a difference."""
    accuracy = compare("mine:0", "random").metrics["average_accuracy"]
    assert accuracy.gap and accuracy.gap.mean == pytest.approx(50.0 - 50.5)
    assert accuracy.gap.half == pytest.approx(1.959964 * math.sqrt(2 * 3.25), rel=1e-6)
    assert accuracy.p is None and accuracy.pairs == 1


def test_the_differences_are_those_of_the_report(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "adapt_inf", "el2n"], (0, 1, 2))
    resolved = gather(tmp_path, "main", methods, [0, 1, 2]).resolution
    with contextlib.chdir(tmp_path):
        found = compare("adapt_inf", "random")
    for metric in METRICS:
        told, ours = resolved.metrics[metric].comparisons["adapt_inf"], found.metrics[metric]
        assert ours.gap and ours.gap.half == pytest.approx(told.smallest)
        assert (ours.gap.mean, ours.p) == pytest.approx((told.difference, told.p))


def test_composition_overlap_and_cost_by_hand(here: Path) -> None:
    found = compare("mine", "sequential")
    assert found.composition["by_source"] == {"one": (0.25, 0.125), "two": (0.75, 0.875)}
    assert found.overlap["two"].jaccard == 0.5  # abcd of abcdefgh
    assert found.overlap["two"].by_chance == pytest.approx(2 / 10)  # 4 * 8 / 16 shared
    assert found.cost["training"] == (9.0, 4.0) and found.cost["total"] == (10.0, 5.0)
    assert as_json(found)["cost"]["total"]["ratio"] == 2.0


@pytest.mark.parametrize(
    ("one", "other", "index"), [("abcd", "cdef", 2 / 6), ("ab", "ab", 1.0), ("a", "b", 0.0)]
)
def test_jaccard(one: str, other: str, index: float) -> None:
    assert jaccard(set(one), set(other)) == pytest.approx(index)


def test_chance_takes_all_of_a_pool_for_certain() -> None:
    assert by_chance(8, 8, 8) == 1.0
    assert by_chance(4, 4, 16) == pytest.approx(1 / 7)


def test_selections_that_are_not_here_or_of_another_run_do_not_count(here: Path) -> None:
    shutil.rmtree("selections/mine/0")
    other = Path("selections/mine/1/two/selection.parquet")
    shutil.copy("selections/sequential/1/two/selection.parquet", other)
    overlap = compare("mine", "random").overlap["two"]
    assert overlap.jaccard is None and (overlap.pairs, overlap.lacking) == (0, 2)
    assert main(["compare", "mine", "random"]) == 0


def test_equal_digests_need_no_selection(here: Path) -> None:
    shutil.rmtree("selections")
    assert compare("mine:0", "mine:1").overlap["two"].jaccard == 1.0


def test_a_missing_seed_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("results/random/1.json").unlink()
    assert main(["compare", "mine", "random"]) == 0
    assert "mine alone has seed 1: left out" in capsys.readouterr().out
    Path("results/random/0.json").rename("results/random/7.json")
    with pytest.raises(LiitError, match="mine has 0, 1; random has 7"):
        compare("mine", "random")


def test_what_is_missing_is_said(here: Path) -> None:
    Path("results/sequential/1.json").unlink()
    Path("runs/random/0.json").unlink()
    found = compare("mine", "random")
    assert found.metrics["relative_gain"].pairs == 1
    assert found.metrics["average_accuracy"].pairs == 2
    assert "No sequential run of seed 1" in found.notes[0]
    assert "cost of seed 0" in found.notes[1] and found.cost["training"] == (9.0, 4.0)


def test_other_conditions_are_refused_or_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = {"train": {"learning_rate": 0.2}}
    for seed in (0, 1):
        file = Path(f"results/random/{seed}.json")
        sides.change(file, conditions={**sides.CONDITIONS, "parameters": parameters})
    assert main(["compare", "mine", "random"]) == 1
    assert "parameters.train.learning_rate" in capsys.readouterr().err
    assert main(["compare", "mine", "random", "--anyway", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["differing_conditions"] == ["parameters.train.learning_rate"]
    assert said["metrics"]["average_accuracy"]["all"]["gap"]["mean"] == pytest.approx(-1.75)


def test_other_exams_have_no_difference(here: Path) -> None:
    sides.change(Path("results/random/0.json"), skills={"vqa": ["a"]}, scale="other")
    with pytest.raises(LiitError, match="scale: 'tiny' and 'other'"):
        compare("mine:0", "random:0")
    with pytest.raises(LiitError, match="same skills"):
        compare("mine:0", "random:0", anyway=True)


def test_a_commit_has_what_it_had(versioned: Path) -> None:
    accuracy = compare("random:0", "random@HEAD").metrics["average_accuracy"]
    assert accuracy.a and accuracy.b
    assert (accuracy.a.mean, accuracy.b.mean) == pytest.approx((55.5, 50.5))
    again = compare("mine", f"{versioned}:random@HEAD:0")  # a commit of a folder, and its seed
    assert again.metrics["average_accuracy"].gap.mean == pytest.approx(-0.5)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["nope", "--output=x", "-p"])
def test_no_commit_is_said_and_no_option(versioned: Path, name: str) -> None:
    with pytest.raises(LiitError, match="git knows no commit"):
        compare("random", f"random@{name}")
    assert not Path("x").exists()


def test_a_folder_of_somebody_else(here: Path) -> None:
    """Its one method, or the other side's; the upper bound is ours where the conditions are."""
    other = sides.write(here.parent / "other", ("random",))
    sides.put(other / "results/random/0.json", sides.result("random", 0, (76.0, 45.0)))
    gain = compare("mine", "../other").metrics["relative_gain"]
    assert gain.b and gain.b.mean == pytest.approx((100 * (76 / 80 + 45 / 50) / 2 + 77.5) / 2)
    assert compare("random", "../other:random:1").metrics["relative_gain"].gap.mean == 0  # type: ignore[union-attr]
    sides.write(other / "more", ("random", "mine"))
    assert compare("mine", "../other/more").b.method == "mine"


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("mien", "random", 'did you mean "mine"'),
        ("mine:7", "random", "no seed 7 of mine"),
        ("../nowhere:mine", "random", "no folder ../nowhere"),
        ("mine random", "random", "names no results"),
        ("", "random", "names no results"),
        (".", ".", "name a method"),
        ("/", "random", "no results of 'random' in /"),
    ],
)
def test_a_side_that_cannot_be_says_why(here: Path, a: str, b: str, said: str) -> None:
    with pytest.raises(LiitError) as error:
        compare(a, b)
    assert said in str(error.value)


def test_how_sides_are_read(here: Path) -> None:
    side = parse("random:3")
    assert (side.method, side.seed, side.commit, side.folder) == ("random", 3, None, Path())
    assert parse("..").folder == Path("..") and parse("..").method == ""


def test_a_damaged_file_is_named(here: Path) -> None:
    Path("results/mine/0.json").write_text('{"scale": "tiny"', encoding="utf-8")
    with pytest.raises(LiitError, match=r"results/mine/0.json is not valid JSON"):
        compare("mine", "random")
    Path("results/mine/0.json").write_text('{"scale": "tiny"}', encoding="utf-8")
    with pytest.raises(LiitError, match=r"results/mine/0.json is damaged: it lacks"):
        compare("mine", "random")


def test_the_terminal_shows_every_part(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "mine", "random"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "A Mine (mine), seed 0, 1",
        "all 73.8 78.8 -5.0 [-36.8, 26.8]",
        "vqa 77.5 72.5 5.0 [5.0, 5.0] *",
        "two 0.333 0.143",
        "total 10.0 5.0 2.0×",
    ):
        assert line in lines, line


def test_a_bare_folder_means_the_method_of_the_other_one(here: Path, tmp_path: Path) -> None:
    one = sides.write(tmp_path / "one", ("random",))
    many = sides.write(tmp_path / "many", ("mine", "random"))
    for a, b in ((one, many), (many, one)):
        found = compare(f"{a}/", f"{b}/", anyway=True)
        assert found.a.method == found.b.method == "random"


def test_a_cost_record_made_anew_says_nothing(here: Path) -> None:
    record = json.loads(Path("runs/mine/0.json").read_text("utf-8"))
    sides.put(Path("runs/mine/0.json"), record | {"costs": {"two": {}}})
    found = compare("mine", "random")
    assert found.cost["total"] == compare("mine:1", "random:1").cost["total"]
    assert "No record of the cost of seed 0 on one of the sides." in found.notes
