"""The commands of the pages, run in their order at scale ``smoke`` as the pages show them.

Every command of a page's shell blocks runs, unless it is named in PARSED with the reason; that one
is only read by its program's parser (`tests/docs/test_commands.py`). A new command runs by default.
What a page has its reader write, or supposes to be there, lies in the project before its first one.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import PAGES, ROOT, commands, fenced, name_of
from PIL import Image
from project import Project

from liit.cli import main

INSTEAD = {
    "adapt_inf_4x": "adapt_inf",  # no row of scale smoke
    "FILE": "scratch/picture.png",
    "/shared/dvc-cache": "scratch/shared-cache",
}
"""Words of the pages that are others here."""
PROGRAMS = {
    "make": "makes an environment of its own, and takes minutes to hours",
    "torchrun": "is PyTorch's; tests/pipeline and tests/learning start two ranks by Lightning",
    "wandb": "wants an account; tests/tracking/test_sweep.py goes as far as one gets without",
    "pip": "downloads",
    "source": "is the shell's, of an environment that `make` made",
    "git": "brings back results that the copy of these tests does not have",
}
"""Programs that are never run here, and why."""
PARSED = {
    "dvc exp run -S budget=400": "test_rerun.py runs it with another parameter",
    "dvc exp show": "shows what the one before made; test_rerun.py",
    "liit repro --jobs 4": "test_rerun.py runs it with two at a time",
    "liit repro --table ablations --jobs 4": "minutes; test_rerun.py runs a table of one row",
    "liit compare random:0 random:3": "a seed that the copy lacks; tests/compare",
    "liit compare random random@HEAD~1": "the copy has one commit; tests/compare",
    "liit compare adapt_inf ../other": "somebody else's folder; tests/compare",
    "liit compare adapt_inf ../other:random:0": "somebody else's folder; tests/compare",
    "dvc remote": "test_remote.py pushes and pulls, the same with S3",
    "dvc push": "test_remote.py",
    "dvc pull": "test_remote.py",
    "liit recovery --seed 0 1 2 --skill multilingual": "three seeds; test_recovery.py has one",
    "dvc repro at docs/add-an-exam.md": "asks every model; test_own_exam.py asks one",
    "liit instrument": "a stage of the `dvc repro` before these tests; test_repro.py",
    "liit base-signals": "a stage of the `dvc repro` before these tests; test_repro.py",
    "liit chat at docs/quickstart.md": "a stage of the `dvc repro` before; test_chat.py",
    "dvc repro sift at docs/real-data.md": "published data; test_published_scale.py lays them out",
    "dvc repro at docs/real-data.md": "published data, and a GPU; test_published_scale.py",
    "liit data check m3it at docs/real-data.md": "published data; tests/data/test_check.py",
    "liit doctor --reference at docs/real-data.md": "published weights; tests/doctor",
    "liit prepare at docs/real-data.md": "published data; test_language_scales.py lays them out",
    "liit base at docs/real-data.md": "published weights; test_language_scales.py has tiny ones",
    "liit run sequential at docs/real-data.md": "published weights; test_language_scales.py",
    "liit run o_lora --table continual at docs/real-data.md": "published weights; tests/learning",
    "liit report at docs/real-data.md": "of rows that are not run here",
    "liit prepare at docs/instrument.md": "published data; test_language_scales.py lays them out",
    "liit base at docs/instrument.md": "published weights; test_language_scales.py has tiny ones",
    "python -m zipfile": "unpacks what pip downloaded",
    "liit unpack": "opens that; tests/model/test_unpack.py",
}
"""Commands that are not run here, and why; `at` names the page where others run it."""
EXIT = dict.fromkeys((f"liit doctor --scale {one}" for one in ("llava-1.5-7b", "one-gpu")), 1)
"""Exit codes other than 0: something is missing, and it says what."""


def reason(page: str, words: list[str]) -> str | None:
    """Return the entry of PARSED or PROGRAMS that keeps a command from running."""
    line = " ".join(words)
    for key in (f"{line} at {page}", line, " ".join(words[:3]), " ".join(words[:2])):
        if key in PARSED:
            return key
    return words[0] if words[0] in PROGRAMS else None


def to_run(page: Path) -> list[list[str]]:
    return [words for words in commands(page) if reason(name_of(page), words) is None]


def write(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def surprise(root: Path) -> None:
    """Write the method that README.md shows."""
    (code,) = fenced(ROOT / "README.md", "python")
    write(root, "experiments/main/surprise.py", code)


def own_dataset(root: Path) -> None:
    """Append the dataset that the page calls its reader's own, in LLaVA's layout."""
    said = {"from": "gpt", "value": "a cup"}
    asked = [{"from": "human", "value": f"<image>\nWhat is thing {n}?"} for n in range(4)]
    records = [{"image": "cup.png", "conversations": [one, said]} for one in asked[:3]]
    write(root, "datasets/own/chats.json", [*records, {"conversations": asked[3:]}])
    Image.new("RGB", (32, 32), "blue").save(root / "datasets/cup.png")
    entry = yaml.safe_load(fenced(ROOT / "docs/add-a-dataset.md", "yaml")[0])["stream"]["own"]
    add_to_params(root, lambda params: params["stream"].update(own=entry))


def own_exam(root: Path) -> None:
    """Lay out the exam that the page shows."""
    page = ROOT / "docs/add-an-exam.md"
    task, line = fenced(page, "yaml")
    write(root, "datasets/colours/items.json", *fenced(page, "json"))
    write(root, "eval/tasks/colours.py", *fenced(page, "python"))
    write(root, "eval/tasks/colours.yaml", task)
    (root / "datasets/colours/images").mkdir()
    for colour in ("red", "blue"):
        Image.new("RGB", (32, 32), colour).save(root / f"datasets/colours/images/{colour}.png")

    add_to_params(root, lambda params: params["exams"].extend(yaml.safe_load(line)["exams"]))


def add_to_params(root: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = root / "params.yaml"
    params = yaml.safe_load(file.read_text("utf-8"))
    change(params)
    file.write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True), "utf-8")


def answers(root: Path) -> None:
    """Write files of the names that the page scores, in the layouts of their benchmarks."""
    problem = {"question": "Which?", "choices": ["a cat", "a dog"], "answer": 1, "hint": "",
               "image": None, "subject": "language science", "grade": "grade3",
               "split": "test"}  # fmt: skip
    write(root, "llava_test_CQM-A.json", {"5": problem})
    asked = {"1": {"question": "Is it red?", "imageId": "n1", "answer": "yes",
                   "types": {"structural": "verify", "semantic": "attr"}}}  # fmt: skip
    write(root, "testdev_balanced_questions.json", asked)
    region = {"img_id": "COCO_train2014_000000000009_2", "width": 200, "height": 100,
              "bbox": [50, 20, 100, 60], "sents": "cup"}  # fmt: skip
    write(root, "references.json", [region])
    write(root, "answers.json", [{**region, "text": "[0.25, 0.20, 0.75, 0.80]"}])
    for name in ("run_a.json", "run_b.json", "outputs/run.json"):
        write(root, name, {"R": [[80.0, None], [60.0, 70.0]]})


def answers_to(root: Path, words: list[str]) -> None:
    """Write answers.jsonl for the benchmark that the command names."""
    said = {
        "scienceqa": {"question_id": "5", "text": "B"},
        "gqa": {"question_id": "1", "text": "Yes"},
    }
    if words[:2] == ["liit", "score"] and words[2] in said:
        write(root, "answers.jsonl", json.dumps(said[words[2]]) + "\n")


def shared_cache(root: Path) -> None:
    """Put this clone's cache where the page has the shared one."""
    shutil.copytree(root / ".dvc/cache", root / INSTEAD["/shared/dvc-cache"])


SUPPOSED: dict[str, Callable[[Path], None]] = {
    "README.md": surprise,
    "docs/add-a-baseline.md": surprise,
    "docs/add-a-dataset.md": own_dataset,
    "docs/add-an-exam.md": own_exam,
    "docs/clusters.md": shared_cache,
    "docs/scoring.md": answers,
}
"""What is there before a page's first command."""


@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)], ids=name_of)
def test_the_commands_run(page: Path, project: Project) -> None:
    Image.new("RGB", (32, 32), "red").save(project.root / "scratch/picture.png")
    SUPPOSED.get(name_of(page), lambda _: None)(project.root)
    for words in to_run(page):
        line, command = " ".join(words), [INSTEAD.get(word, word) for word in words]
        answers_to(project.root, words)
        if words[0] != "liit":
            project.run(*command)
            continue
        with contextlib.chdir(project.root):
            assert main(command[1:]) == EXIT.get(line, 0), line


def test_what_is_not_run_has_a_reason_that_is_of_use() -> None:
    """No entry is left of a command that no page shows; a test that is named exists."""
    every = [(name_of(page), words) for page in PAGES for words in commands(page)]
    used = {reason(page, words) for page, words in every} - {None}
    assert used == {*PARSED, *PROGRAMS}
    assert set(EXIT) <= {" ".join(words) for _, words in every}
    for why in (*PARSED.values(), *PROGRAMS.values()):
        for file in re.findall(r"[\w/]*test_\w+\.py", why):
            assert list((ROOT / "tests").rglob(Path(file).name)), file
