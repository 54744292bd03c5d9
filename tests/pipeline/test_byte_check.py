"""A change of results without a raised version is caught; a refactoring orphans nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from project import Project, fresh_project

TOOL = Path(__file__).parents[2] / "tools/byte_check.py"
AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return fresh_project(tmp_path_factory.mktemp("checked") / "project")


@pytest.fixture
def tool(checked: Project, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("byte_check", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(checked.root)
    monkeypatch.setattr(sys, "argv", ["byte_check.py"])
    return module


def commit(project: Project, file: str, old: str, new: str) -> None:
    path = project.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    project.run("git", "add", file)
    project.run("git", *AUTHOR, "commit", "-qm", "a change")


def pretend(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *outcomes: dict[str, str]) -> None:
    """Let the former commit leave the first outcome and HEAD the second."""
    left = {"then": outcomes[0], "now": outcomes[1]}

    def bytes_left_by(_commit: str, tree: Path, _rows: Any) -> dict[str, str]:
        return left[tree.name]

    monkeypatch.setattr(tool, "bytes_left_by", bytes_left_by)


def test_a_forgotten_version_is_caught(checked: Project) -> None:
    commit(checked, "src/liit/selection/method.py", "permutation(len(candidates))[:count]",
           "permutation(len(candidates))[::-1][:count]")  # fmt: skip
    command = [sys.executable, "tools/byte_check.py", "--rows", "main/random"]
    done = subprocess.run(
        command,
        cwd=checked.root,
        env=checked.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "the first is adapters/random/0/m3it/adapter_model.safetensors" in done.stdout
    assert "raise the version" in done.stdout
    same = "data/m3it.arrow"
    assert same not in done.stdout


def test_a_raised_version_allows_other_bytes(
    checked: Project,
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = checked.run("git", "rev-parse", "HEAD").strip()
    commit(checked, "src/liit/versions.py", "\nTRAINING = ", "\nTRAINING = 1")
    assert tool.reference_commit() == checked.run("git", "rev-parse", "HEAD").strip()
    assert tool.main() == 0 and "nothing to compare" in capsys.readouterr().out
    pretend(tool, monkeypatch, {"a": "1"}, {"a": "2"})
    monkeypatch.setattr(sys, "argv", ["byte_check.py", before])
    assert tool.main() == 0 and "a version was raised" in capsys.readouterr().out
    commit(checked, "README.md", "LiIT-Bench", "LiIT Bench")
    assert tool.reference_commit() == checked.run("git", "rev-parse", "HEAD~1").strip()
    monkeypatch.setattr(sys, "argv", ["byte_check.py"])
    assert tool.main() == 1 and "the first is a" in capsys.readouterr().out
    commit(checked, "eval/tasks/gqa.yaml", 'version: "1"', 'version: "2"')
    assert tool.reference_commit() == checked.run("git", "rev-parse", "HEAD").strip()


def test_a_comment_among_the_versions_is_no_raised_version(
    checked: Project, tool: ModuleType
) -> None:
    known = tool.reference_commit()
    commit(checked, "src/liit/versions.py", "Version numbers", "The version numbers")
    assert tool.reference_commit() == known


def test_changed_parameters_of_smoke_explain_other_bytes(
    checked: Project,
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = checked.run("git", "rev-parse", "HEAD").strip()
    commit(checked, tool.SMOKE, "budget: 40", "budget: 41")
    assert tool.reference_commit() == checked.run("git", "rev-parse", "HEAD").strip()
    assert tool.main() == 0 and "nothing to compare" in capsys.readouterr().out
    pretend(tool, monkeypatch, {"a": "1"}, {"a": "2"})
    monkeypatch.setattr(sys, "argv", ["byte_check.py", before])
    assert tool.main() == 0 and "smoke.yaml were changed, so" in capsys.readouterr().out


def test_another_layout_of_smoke_explains_nothing(checked: Project, tool: ModuleType) -> None:
    known = tool.reference_commit()
    commit(checked, tool.SMOKE, "budget: 41", "budget:   41  # samples per step")
    path = checked.root / tool.SMOKE
    scale = yaml.load(path.read_text(), yaml.BaseLoader)  # numbers as they are written
    scale["stream"] = [{"name": name, **one} for name, one in scale["stream"].items()]
    path.write_text(yaml.safe_dump(scale, sort_keys=True))
    checked.run("git", *AUTHOR, "commit", "-qam", "the stream as a list")
    assert tool.reference_commit() == known


def test_a_new_row_is_left_out_until_both_commits_have_it(
    checked: Project, tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(tool, "bytes_left_by", lambda *given: asked.append(given[2]) or {})
    monkeypatch.setattr(tool, "ROWS", ("main/random", "main/surprise"))
    (checked.root / "experiments/main/surprise.py").write_text('"""New."""\n')
    checked.run("git", "add", "experiments")
    checked.run("git", *AUTHOR, "commit", "-qm", "a row")
    assert tool.main() == 0 and asked == [["main/random"]] * 2
    assert tool.has("HEAD", "main/surprise") and not tool.has("HEAD~1", "main/surprise")


def test_equal_bytes_pass(
    checked: Project, tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(checked, "README.md", "LiIT Bench", "LiIT-Bench")
    pretend(tool, monkeypatch, {"a": "1"}, {"a": "1"})
    assert tool.main() == 0
