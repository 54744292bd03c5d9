"""`liit scale`: every scale lies over mini and gives a valid params.yaml; mini comes back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from liit.commands.looking import shown_rows
from liit.config import load_params
from liit.errors import LiitError
from liit.files import write_json
from liit.metrics.continual import tasks_of
from liit.paper import PAPER_SKILLS
from liit.results import tasks_by_skill
from liit.scales import params_of, use_scale
from liit.selection import load, table_of

ROOT = Path(__file__).parents[2]
EXPERIMENTS = ROOT / "experiments"
NAMES = sorted(path.stem for path in (ROOT / "scales").glob("*.yaml"))
PARAMS, WAITING = Path("params.yaml"), Path("scales/mini.yaml")


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An unpacked archive: no git around it."""
    shutil.copytree(ROOT / "scales", tmp_path / "scales", ignore=lambda *_: ["mini.yaml"])
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return PARAMS.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_every_scale_is_valid_and_mini_comes_back_byte_for_byte(name: str, shipped: bytes) -> None:
    use_scale(name)
    assert load_params().scale == name
    use_scale("mini")
    assert PARAMS.read_bytes() == shipped
    assert not WAITING.exists()


def test_mini_comes_back_with_its_edits_from_the_scale_after_next(shipped: bytes) -> None:
    edited = shipped.replace(b"budget: 800", b"budget: 801")
    PARAMS.write_bytes(edited)
    for name in ("smoke", "samples", "smoke", "mini"):
        use_scale(name)
    assert PARAMS.read_bytes() == edited


@pytest.mark.usefixtures("shipped")
def test_edits_at_another_scale_are_kept_apart() -> None:
    assert use_scale("smoke") is None
    assert use_scale("smoke") is None
    edited = PARAMS.read_text("utf-8").replace("budget: 40", "budget: 30")
    PARAMS.write_text(edited, "utf-8")
    kept = use_scale("samples")
    assert kept is not None and kept.read_text("utf-8") == edited
    assert use_scale("mini") is None


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("text", ["budget: 40\n", "scale: smoke\nbudget: 40\n", "", "- a\n"])
def test_a_scale_that_does_not_say_its_name_is_refused(text: str) -> None:
    Path("scales/mine.yaml").write_text(text, "utf-8")
    with pytest.raises(LiitError, match=r"scales/mine\.yaml does not say that it is scale mine"):
        use_scale("mine")
    assert load_params().scale == "mini"


def test_in_a_clone_the_committed_file_comes_back(shipped: bytes) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "shipped"]):
        name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *name, *command], check=True)
    PARAMS.write_bytes(shipped.replace(b"budget: 800", b"budget: 801"))
    use_scale("mini")
    assert PARAMS.read_bytes() == shipped
    PARAMS.write_text("scale: [")
    use_scale("mini")
    assert PARAMS.read_bytes() == shipped


@pytest.mark.parametrize("name", NAMES)
def test_every_scale_has_skills_that_enter_the_metrics(name: str) -> None:
    """Else no row has a relative gain, and the report cannot be drawn."""
    params = params_of(name)
    skills, extra = tasks_by_skill(params)
    assert skills.keys() == set(PAPER_SKILLS) or (skills and not extra)
    tasks = [task for group in (skills, extra) for tasks in group.values() for task in tasks]
    assert sorted(tasks) == sorted(exam.task for exam in params.exams)


def test_all_six_skills_of_the_paper_enter_alone_or_every_skill_does() -> None:
    six = {"vqa", "kvqa", "multilingual", "grounding", "reasoning", "language"}
    skills, extra = tasks_by_skill(params_of("mini"))
    assert skills.keys() == six and extra.keys() == {"captioning", "multi_image", "multi_turn"}
    skills, extra = tasks_by_skill(params_of("cit-1-mini"))
    assert skills == {
        "captioning": ["flickr30k", "textcaps"], "vqa": ["vqav2", "gqa"], "reading": ["ocrvqa"]
    }  # fmt: skip
    assert extra == {}


@pytest.mark.parametrize("name", NAMES)
def test_rows_that_a_scale_names_itself_train_on_its_devices(name: str) -> None:
    params, own = params_of(name), yaml.safe_load(Path(f"scales/{name}.yaml").read_text("utf-8"))
    for table in [*(["main"] if "methods" in own else []), *own.get("tables", {})]:
        for row in params.rows(table):
            learner = load(table_of(row, EXPERIMENTS), row, EXPERIMENTS).learner
            assert not (learner and learner.refusal(params.lora.mode, params.devices)), row


def test_an_overlay_changes_only_what_it_names() -> None:
    smoke, mini = params_of("smoke"), load_params()
    assert smoke.train.epochs == 1 and smoke.train.gradient_clip == mini.train.gradient_clip
    assert [one.name for one in smoke.stream] == ["llava", "m3it", "mantis"]
    assert params_of("mini") == mini


def test_a_scale_may_lie_over_another_one() -> None:
    below, above = params_of("smoke"), Path("scales/mine.yaml")
    above.write_text("scale: mine\nover: smoke\ntrain: {epochs: 3}\n")
    found = params_of("mine")
    assert (found.scale, found.train.epochs) == ("mine", 3)
    assert (found.stream, found.budget) == (below.stream, below.budget)
    assert found.train.learning_rate == below.train.learning_rate
    above.write_text("scale: mine\nover: mine\n")
    with pytest.raises(LiitError, match="lies over itself"):
        params_of("mine")
    above.write_text("scale: mine\nover: other\n")
    Path("scales/other.yaml").write_text("scale: other\nover: mine\n")
    with pytest.raises(LiitError, match=r"other.yaml lies over itself"):
        params_of("mine")
    above.write_text("scale: mine\nover: smok\n")
    with pytest.raises(LiitError, match='did you mean "smoke"'):
        params_of("mine")


def test_a_row_that_another_scale_left_is_shown_where_this_one_runs_it() -> None:
    """As in a clone after `liit scale smoke`: what scale mini made is in git."""
    shutil.copytree(EXPERIMENTS, "experiments")
    write_json(Path("results/coincide/0.json"), {"scale": "mini"})
    write_json(Path("results/random/0.json"), {"scale": "mini"})
    smoke = params_of("smoke")
    assert set(smoke.rows("grid")) - set(shown_rows(smoke, "grid")) == {"coincide"}
    assert shown_rows(load_params(), "grid") == list(load_params().rows("grid"))


@pytest.mark.parametrize("name", ["coin", "ucit", "cit-1", "cit-2", "cit-1-mini", "cit-2-mini"])
def test_every_step_after_the_start_has_its_exam(name: str) -> None:
    """Else the report has no metrics of tasks."""
    params = params_of(name)
    exam_of = {exam.step: exam.task for exam in params.exams if exam.step}
    asked = [exam.task for exam in params.exams]
    assert len(tasks_of(params.steps, asked, exam_of)) == len(params.steps) - 1


def test_a_scale_that_is_not_valid_leaves_params_yaml(shipped: bytes) -> None:
    Path("scales/mine.yaml").write_text("scale: mine\nbudget: 0\n")
    with pytest.raises(LiitError, match="budget"):
        use_scale("mine")
    assert PARAMS.read_bytes() == shipped


def test_a_slip_in_params_yaml_loses_no_edits(shipped: bytes) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "shipped"]):
        name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *name, *command], check=True)
    slipped = shipped.replace(b"budget: 800", b"budget: 801\nseeds: [")
    PARAMS.write_bytes(slipped)
    with pytest.raises(LiitError, match=r"^params.yaml is not valid YAML(.|\n)*liit scale mini"):
        use_scale("smoke")
    assert PARAMS.read_bytes() == slipped and not WAITING.exists()
    mistyped = shipped.replace(b"budget: 800", b"budgett: 800")
    PARAMS.write_bytes(mistyped)
    with pytest.raises(LiitError, match=r"^params.yaml"):
        use_scale("smoke")
    assert PARAMS.read_bytes() == mistyped
    use_scale("mini")
    assert PARAMS.read_bytes() == shipped


def test_unknown_scale_names_the_nearest() -> None:
    with pytest.raises(LiitError, match='did you mean "smoke"'):
        use_scale("smok")


def test_without_mini_nothing_is_composed() -> None:
    PARAMS.write_text("scale: mine\n")
    with pytest.raises(LiitError, match="which every other scale lies over"):
        use_scale("smoke")
