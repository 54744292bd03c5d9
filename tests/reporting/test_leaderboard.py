"""The leaderboard: entries of the repository, and what becomes of a good and of a damaged one.

The entries here are made in a temporary folder from committed rows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml

from liit import paths
from liit.cli import main
from liit.errors import LiitError
from liit.reporting.leaderboard.check import checked, entry_folders
from liit.reporting.leaderboard.files import Cell
from liit.reporting.report import write_report
from liit.schema import validated

ROOT = Path(__file__).parents[2]
ROWS = ["sequential", "random", "el2n"]
AUTHOR = 'Zoë "Z" O\'Neil & Söhne'
URL = "https://example.org/zoe/el2n"
CODE = ["--code", URL]


def seeds() -> list[int]:
    return sorted(int(file.stem) for file in (ROOT / "results/sequential").glob("*.json"))


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three committed rows, and an entry made from one of them."""
    root = tmp_path_factory.mktemp("board")
    for method in ROWS:
        for kind in ("results", "runs"):
            shutil.copytree(ROOT / kind / method, root / kind / method)
        file = Path("experiments/main") / f"{method}.py"
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    (root / "README.md").write_text("<!-- table:start -->\n<!-- table:end -->\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert main(["submit", "el2n", "--author", AUTHOR, *CODE, "--name", "zoe"]) == 0
    return root


@pytest.fixture
def board(submitted: Path, tmp_path: Path) -> Path:
    return shutil.copytree(submitted, tmp_path / "board")


def test_every_entry_of_the_repository_can_stand_beside_the_table() -> None:
    for folder in entry_folders(ROOT):
        checked(ROOT, folder)


def test_an_entry_is_the_runs_files_and_their_numbers(submitted: Path) -> None:
    folder = submitted / "leaderboard/zoe"
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    wanted = [f"{kind}/el2n/{seed}.json" for kind in ("results", "runs") for seed in seeds()]
    assert files == sorted([*wanted, "entry.yaml"])
    assert all((folder / name).read_bytes() == (ROOT / name).read_bytes() for name in wanted)
    card = yaml.safe_load((folder / "entry.yaml").read_text("utf-8"))
    assert (card["author"], card["label"], card["code"]) == (AUTHOR, "EL2N", URL)
    assert card["numbers"]["average_accuracy"] == round(fmean(map(accuracy, seeds())), 2)
    assert card["numbers"]["relative_gain"] == round(fmean(map(gain, seeds())), 2)


def skill_means(method: str, seed: int) -> list[dict[str, float]]:
    """The mean score of every skill after each step, the plain way."""
    result = json.loads((ROOT / f"results/{method}/{seed}.json").read_text("utf-8"))
    rows = [result["matrix"][step] for step in result["steps"]]
    return [
        {
            skill: fmean(row[task]["score"] for task in tasks)
            for skill, tasks in result["skills"].items()
        }
        for row in rows
    ]


def accuracy(seed: int) -> float:
    return fmean(skill_means("el2n", seed)[-1].values())


def gain(seed: int) -> float:
    bounds = skill_means("sequential", seed)
    last = skill_means("el2n", seed)[-1]
    return fmean(100 * last[skill] / max(row[skill] for row in bounds) for skill in last)


def test_its_row_is_in_the_report_and_the_page_with_its_author(board: Path) -> None:
    assert write_report(board, "main", ROWS, seeds(), {}) == []
    written = (board / "reports/README.md").read_text("utf-8")
    rows = written.partition("## Leaderboard")[2].partition("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows if "| " in row]
    labels = [row[0] for row in cells[2:]]
    assert sorted(labels) == ["EL2N", "EL2N", "Random", "Sequential"]
    gains = [float(row[3].split()[0]) for row in cells[2:]]
    assert gains == sorted(gains, reverse=True)
    theirs, ours = (row for row in cells[2:] if row[0] == "EL2N")
    if not theirs[1]:
        theirs, ours = ours, theirs
    assert theirs[1] == AUTHOR and theirs[2:7] == ours[2:7]  # the same matrices, the same numbers
    assert f"([code]({URL})," in written
    page = (board / "reports/index.html").read_text("utf-8")
    assert "Zoë &#34;Z&#34; O&#39;Neil &amp; Söhne" in page and AUTHOR not in page
    assert f'<a href="{URL}" rel="nofollow noopener">' in page


def test_without_entries_there_is_no_section(board: Path) -> None:
    shutil.rmtree(board / "leaderboard/zoe")
    write_report(board, "main", ROWS, seeds(), {})
    assert "leaderboard" not in (board / "reports/README.md").read_text("utf-8").lower()


def test_a_refused_entry_is_named_without_a_row(board: Path) -> None:
    edit(board, "entry.yaml", author="<script>alert(1)</script>![x](https://example.org/x)")
    write_report(board, "main", ROWS, seeds(), {})
    written = (board / "reports/README.md").read_text("utf-8")
    assert "- Not shown: zoe: " in written
    assert "<script>alert" not in written and "![x]" not in written
    assert "| Sequential | " not in written.partition("## Leaderboard")[2].partition("\n## ")[0]
    assert "<script>alert" not in (board / "reports/index.html").read_text("utf-8")


def edit(board: Path, name: str, **values: Any) -> None:
    """Change keys of a file of the entry; None removes one."""
    file = board / "leaderboard/zoe" / name
    content = yaml.safe_load(file.read_text("utf-8")) | values
    content = {key: value for key, value in content.items() if value is not None}
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"author": "<b>me</b>"}, "author must be 1 to 120 characters without markup"),
        ({"author": "two\nlines"}, "author must be"),
        ({"label": "turned \u202e round"}, "label must be"),
        ({"description": "see [this](x)"}, "description must be"),
        ({"description": "x" * 301}, "description must be"),
        ({"code": "javascript:alert(1)"}, "code must be a plain https address"),
        ({"code": 'https://a.b/"onclick='}, "code must be a plain https address"),
        ({"commit": "main"}, "commit must be 7 to 40 hexadecimal digits"),
        ({"method": "../../results/el2n"}, "method must be a name"),
        ({"auhtor": "me"}, "did you mean \"author\""),
        ({"author": None}, "key 'author' is missing"),
        (
            {"numbers": {"relative_gain": 99.0, "forgetting_rate": 1, "average_accuracy": 1}},
            "entry.yaml says relative_gain 99.0; its matrix gives",
        ),
    ],
)  # fmt: skip
def test_a_card_that_cannot_stand_there(board: Path, values: dict[str, Any], said: str) -> None:
    edit(board, "entry.yaml", **values)
    expect_refusal(board, said)


def expect_refusal(board: Path, said: str) -> None:
    with pytest.raises(LiitError) as error:
        checked(board, board / "leaderboard/zoe")
    assert said in str(error.value) and "leaderboard/zoe" in str(error.value)


def test_a_card_that_would_grow_without_end(board: Path) -> None:
    file = board / "leaderboard/zoe/entry.yaml"
    file.write_text("a: &a [x, x]\nb: &b [*a, *a]\nauthor: [*b, *b]\n", encoding="utf-8")
    expect_refusal(board, "repeats parts by reference")


def test_scores_beyond_a_hundred_stand() -> None:
    """CIDEr goes beyond, and so does the last digit of a perfect corpus's BLEU."""
    cell = {"stderr": 1.0, "n": 2, "parsed": 1.0, "lenient": 112.3, "version": "1"}
    for score in (112.3, 100.00000000000004):
        assert validated(Cell, cell | {"score": score}, Path("x")).score == score


Break = Callable[[dict[str, Any]], Any]
LAST = "vision_flan"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda r: r["matrix"][LAST].pop("gqa"), "task gqa at step vision_flan is on one side"),
        (lambda r: r["matrix"].pop(LAST), "the matrix has other steps"),
        (lambda r: r["steps"].pop(2), "its steps are"),
        (lambda r: r["matrix"][LAST]["gqa"].update(n=20), "has 20 items"),
        (lambda r: r["matrix"][LAST]["gqa"].update(score=-1.0), "greater than or equal"),
        (lambda r: r["matrix"][LAST]["gqa"].update(score=float("nan")), "score must be"),
        (lambda r: r["matrix"][LAST]["gqa"].update(score="70"), "score must be"),
        (lambda r: r["matrix"][LAST]["gqa"].update(version="0"), "version of task gqa"),
        (lambda r: r["matrix"][LAST]["gqa"].update(score=99.0), "its matrix gives"),
        (lambda r: r.update(matrix=[]), "matrix must be a mapping"),
        (lambda r: r.pop("selections"), "key 'selections' is missing"),
        (lambda r: r["selections"].pop("m3it"), "selections of some steps are missing"),
        (lambda r: r["selections"]["m3it"].update(size=900), "does not add up"),
        (lambda r: r["conditions"]["parameters"].update(budget=900), "parameters.budget"),
        (lambda r: r["conditions"].update(base="other"), "other conditions than the table: base"),
        (lambda r: r.update(scale="smoke"), "other conditions than the table: scale"),
        (lambda r: r.update(seed=77), "says it is el2n, seed 77"),
        (lambda r: r.update(method="random"), "says it is random"),
    ],
)
def test_a_result_that_cannot_stand_there(board: Path, damage: Break, said: str) -> None:
    damaged(board / f"leaderboard/zoe/results/el2n/{seeds()[0]}.json", damage)
    expect_refusal(board, said)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda r: r["provenance"].update(dirty=True), "was not committed"),
        (lambda r: r["provenance"].update(commit=None), "provenance.commit"),
        (lambda r: r["provenance"].update(commit="abc"), "provenance.commit is no commit"),
        (lambda r: r["provenance"]["versions"].pop("torch"), "provenance.versions lacks torch"),
        (lambda r: r.pop("provenance"), "key 'provenance' is missing"),
        (lambda r: r["costs"]["m3it"].pop("training"), "no cost of training at step m3it"),
        (lambda r: r["costs"].pop("m3it"), "no cost of evaluation and training at step m3it"),
    ],
)
def test_a_run_that_cannot_stand_there(board: Path, damage: Break, said: str) -> None:
    damaged(board / f"leaderboard/zoe/runs/el2n/{seeds()[0]}.json", damage)
    expect_refusal(board, said)


def damaged(file: Path, damage: Break) -> None:
    content = json.loads(file.read_text("utf-8"))
    damage(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_files_that_are_none_of_an_entrys(board: Path) -> None:
    entry = board / "leaderboard/zoe"
    (entry / "method.py").write_text("import os\n", encoding="utf-8")
    expect_refusal(board, "method.py is no file of an entry")
    (entry / "method.py").unlink()
    first = entry / f"runs/el2n/{seeds()[0]}.json"
    first.unlink()
    expect_refusal(board, "does not exist")
    first.symlink_to(ROOT / f"runs/el2n/{seeds()[0]}.json")
    expect_refusal(board, "json is a link")
    first.unlink()
    (entry / "entry.yaml").unlink()
    (entry / "entry.yaml").symlink_to("/etc/hostname")
    expect_refusal(board, "entry.yaml is a link")


def test_a_seed_that_the_table_has_not(board: Path) -> None:
    for kind in ("results", "runs"):
        file = board / f"leaderboard/zoe/{kind}/el2n/{seeds()[0]}.json"
        file.rename(file.with_name("77.json"))
    expect_refusal(board, "the table has no sequential run of seed 77")


def test_what_cannot_be_submitted_says_why_and_leaves_nothing(
    board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(board)

    def refused(*words: str) -> str:
        assert main(["submit", *words]) == 1
        return capsys.readouterr().err

    assert "is there already" in refused("el2n", "--author", "me", *CODE, "--name", "zoe")
    assert 'did you mean "el2n"' in refused("eln2", "--author", "me", *CODE)
    assert "author must be" in refused("random", "--author", "<i>me</i>", *CODE)
    shutil.rmtree("results/el2n")
    assert "has no result with a seed of the table" in refused("el2n", "--author", "me", *CODE)
    assert [path.name for path in paths.LEADERBOARD.iterdir()] == ["zoe"]


def test_a_row_of_other_conditions_is_refused_before_it_is_written(
    board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(board)
    file = board / "results/el2n/0.json"
    result = json.loads(file.read_text("utf-8"))
    result["conditions"]["base"] = "0" * 64
    file.write_text(json.dumps(result), encoding="utf-8")
    assert main(["submit", "el2n", "--author", AUTHOR, *CODE, "--name", "other"]) == 1
    said = capsys.readouterr().err
    assert "results/el2n/0.json was made under other conditions than the table: base" in said
    assert not list((board / "leaderboard").glob("other*"))


def test_a_description_that_cannot_stand_on_a_page_is_asked_for(
    board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(board)
    file = board / "experiments/main/el2n.py"
    text = file.read_text("utf-8").partition('"""')[2].partition('"""')[2]
    file.write_text(f'"""Take [0, 1] of the samples."""\n{text}', encoding="utf-8")
    assert main(["submit", "el2n", "--author", AUTHOR, *CODE, "--name", "other"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "description must be 1 to 300 characters without markup" in said
    assert "give another --description" in said
