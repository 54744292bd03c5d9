"""`dvc repro` at scale ``smoke``: what it leaves, what a change re-runs, and that bytes repeat."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from project import Project
from safetensors import safe_open

from liit.files import digest_folder
from liit.selection.files import read_ids

METHODS = ["sequential", "multitask", "replay", "random"]


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '([^']+)'", output)


def folders(project: Project, *names: str) -> dict[str, str]:
    return {name: digest_folder(project.root / name) for name in names}


def test_every_method_has_a_row_and_a_complete_matrix(reproduced: Project) -> None:
    table = json.loads((reproduced.root / "reports/table.json").read_text())
    assert [row["method"] for row in table["rows"]][: len(METHODS)] == METHODS
    for method in METHODS:
        result = json.loads((reproduced.root / f"results/{method}/0.json").read_text())
        steps = ["mantis"] if method == "multitask" else ["llava", "m3it", "mantis"]
        assert result["steps"] == steps
        exams = {task for tasks in result["skills"].values() for task in tasks}
        exams |= {task for tasks in result["extra_skills"].values() for task in tasks}
        assert len(exams) == 7
        for step in steps:
            assert set(result["matrix"][step]) == exams
            assert all(cell["n"] == 6 for cell in result["matrix"][step].values())


def test_selections_hold_what_the_methods_say(reproduced: Project) -> None:
    def size(method: str, step: str) -> int:
        result = json.loads((reproduced.root / f"results/{method}/0.json").read_text())
        return int(result["selections"][step]["size"])

    assert (size("sequential", "m3it"), size("sequential", "mantis")) == (80, 50)
    assert (size("random", "m3it"), size("random", "mantis")) == (40, 40)
    assert size("multitask", "mantis") == 60 + 80 + 50
    assert (size("replay", "m3it"), size("replay", "mantis")) == (80 + 6, 50 + 6 + 8)


def test_ids_seen_in_training_are_the_selection(reproduced: Project) -> None:
    import pyarrow.parquet as pq

    for method in METHODS:
        step = reproduced.root / f"adapters/{method}/0/mantis"
        seen = dict(line.split() for line in (step / "seen.txt").read_text().splitlines())
        chosen = pq.read_table(
            reproduced.root / f"selections/{method}/0/mantis/selection.parquet"
        ).column("id")
        assert list(seen) == chosen.to_pylist()
        assert set(seen.values()) == {"1"}


def test_adapters_open_unaided(reproduced: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    monkeypatch.chdir(reproduced.root)
    folder = Path("adapters/random/0/m3it")
    base = AutoModelForImageTextToText.from_pretrained("base/model")
    model = PeftModel.from_pretrained(base, str(folder))
    placed = {name for name, _ in model.named_parameters() if "lora_" in name}
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        saved = {key for key in file.keys() if "lora_" in key}  # noqa: SIM118
    assert len(placed) == len(saved) > 0


def test_what_the_base_makes_of_the_stream_is_drawn(reproduced: Project) -> None:
    kept = json.loads((reproduced.root / "reports/signals/captions.json").read_text())
    names = [name for name, _ in kept]
    assert names[:2] == ["scores.svg", "maps.svg"]
    assert names[2:] == ["neighbours_vqa.svg", "neighbours_multilingual.svg"]
    assert all(f"signals/{n}" in (reproduced.root / "reports/README.md").read_text() for n in names)


def test_a_second_repro_runs_nothing(reproduced: Project) -> None:
    output = reproduced.dvc("repro")
    assert stages_run(output) == []
    assert "up to date" in output


def test_metrics_and_plots_are_shown(reproduced: Project) -> None:
    assert "random" in reproduced.dvc("metrics", "show", "--json")
    reproduced.dvc("plots", "show", "--json")


def test_two_clean_runs_give_the_same_bytes(project: Project, reproduced: Project) -> None:
    kept = ["results/random/0.json", "selections/random/0", "adapters/random/0", "base"]
    for name in [*kept, "scratch"]:
        path = project.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.liit("base")
    project.liit("run", "random")
    for name in kept[1:]:
        assert folders(project, name) == folders(reproduced, name), name
    ours, theirs = (one.root / kept[0] for one in (project, reproduced))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_killed_run_continues_to_the_same_bytes(project: Project, reproduced: Project) -> None:
    kept = ("selections/random/0", "adapters/random/0")
    # As after a kill in the second step's training: no stamp, half an adapter.
    step = project.root / "adapters/random/0/mantis"
    for name in ("made_from.json", "exam.json", "adapter_config.json"):
        (step / name).unlink()
    (project.root / "results/random/0.json").unlink()
    output = project.liit("run", "random")
    assert "m3it (t = 1)" not in output and "mantis (t = 2): train" in output
    assert folders(project, *kept) == folders(reproduced, *kept)


def test_a_chain_on_two_ranks_chooses_what_one_rank_chose(
    project: Project, reproduced: Project
) -> None:
    params = project.root / "params.yaml"
    text = params.read_text()
    for one, two in (("  devices: 1\n", "  devices: 2\n"), ("  dropout: 0.05", "  dropout: 0.0")):
        assert text.count(one) == 1
        text = text.replace(one, two)
    params.write_text(re.sub(r"(\n  micro_batch_size:) \d+", r"\1 4", text))
    for name in ("selections", "adapters", "results"):
        shutil.rmtree(project.root / name / "adapt_inf")
    shutil.rmtree(project.root / "scratch" / "signals")
    assert "each of 2 ranks" in " ".join(project.liit("run", "adapt_inf").split())
    first = "selections/adapt_inf/0/m3it/selection.parquet"
    assert (project.root / first).read_bytes() == (reproduced.root / first).read_bytes()
    for step in ("m3it", "mantis"):
        adapter = project.root / "adapters/adapt_inf/0" / step
        seen = {line.split()[0] for line in (adapter / "seen.txt").read_text().splitlines()}
        chosen = project.root / "selections/adapt_inf/0" / step
        assert seen == set(read_ids(chosen)) and len(seen) == 40
    result = json.loads((project.root / "results/adapt_inf/0.json").read_text())
    assert result["steps"] == ["llava", "m3it", "mantis"]
    assert all(len(row) == 7 for row in result["matrix"].values())


def test_a_new_method_is_one_file_and_one_word(project: Project) -> None:
    source = '"""Newest first: a baseline of one line."""\n\n' + (
        "from liit.selection import Method\nfrom liit.selection.pools import newest\n\n"
        'METHOD = Method(label="Random of the newest", pool=newest)\n'
    )
    (project.root / "experiments/main/random_newest.py").write_text(source)
    params = project.root / "params.yaml"
    text = params.read_text()
    assert "replay, random, " in text
    params.write_text(text.replace("replay, random, ", "replay, random, random_newest, "))
    assert stages_run(project.dvc("repro")) == ["chain@random_newest-0", "report"]
    table = json.loads((project.root / "reports/table.json").read_text())
    row = next(row for row in table["rows"] if row["method"] == "random_newest")
    assert row["label"] == "Random of the newest" and row["paper"] is None


def test_editing_a_method_runs_its_chain_alone(project: Project) -> None:
    file = project.root / "experiments/main/random.py"
    file.write_text(file.read_text().replace('label="Random"', 'label="Uniform"'))
    assert stages_run(project.dvc("repro")) == ["chain@random-0", "report"]


def test_formatting_shared_code_runs_no_chain(project: Project) -> None:
    file = project.root / "src/liit/learning/train.py"
    file.write_text(file.read_text() + "\n# a remark\n")
    assert stages_run(project.dvc("repro")) == ["code"]


def test_an_experiment_changes_a_parameter(project: Project) -> None:
    output = project.dvc("exp", "run", "-S", "evaluate.batch_size=64")
    assert set(stages_run(output)) >= {f"chain@{method}-0" for method in METHODS}
    assert "evaluate.batch_size" in project.dvc("exp", "show", "--csv")


def test_chains_side_by_side_leave_nothing_to_do(project: Project) -> None:
    for name in ("random", "replay"):
        file = project.root / f"experiments/main/{name}.py"
        file.write_text(
            file.read_text().replace("METHOD = Method(", "METHOD = Method(exact=True, ")
        )
    output = project.liit("chains", "--jobs", "2")
    assert "6 stages, 2 at a time" in output and output.count("done") == 6
    assert stages_run(project.dvc("repro")) == ["report"]


def test_chains_that_need_the_same_signals_start_together(project: Project) -> None:
    params = project.root / "params.yaml"
    text, methods = params.read_text(), "[sequential, multitask, replay, random, adapt_inf]"
    assert text.count(methods) == 1
    params.write_text(text.replace(methods, "[adapt_inf, adapt_inf_2x]"))
    for name in ("selections/adapt_inf", "adapters/adapt_inf", "scratch/signals"):
        shutil.rmtree(project.root / name)
    assert "3 stages, 2 at a time" in project.liit("chains", "--jobs", "2")
    first = [
        json.loads((project.root / f"runs/{method}/0.json").read_text())["costs"]["m3it"]
        for method in ("adapt_inf", "adapt_inf_2x")
    ]
    assert first[0]["signals"] == first[1]["signals"]  # measured once, charged to both


def test_a_failed_chain_is_named_and_the_others_finish(project: Project) -> None:
    file = project.root / "experiments/main/random.py"
    file.write_text(file.read_text() + "\nraise SystemExit(3)\n")
    output = project.liit("chains", "--jobs", "2", check=False)
    assert "1 of 6 stages failed: chain@random-0" in output
    assert "scratch/logs/chain@random-0.log" in output and output.count("done") == 5


def test_a_further_table_stands_beside_the_main_one(project: Project) -> None:
    params = project.root / "params.yaml"
    text = params.read_text()
    assert "rows: [random_2x, random_4x]" in text
    params.write_text(text.replace("rows: [random_2x, random_4x]", "rows: [random_2x]"))
    output = project.dvc("repro", "experiments/budgets/dvc.yaml")
    assert "random_2x" in output and "adapt_inf" not in " ".join(stages_run(output))
    table = json.loads((project.root / "reports/budgets/table.json").read_text())
    assert [row["method"] for row in table["rows"]] == ["random", "adapt_inf", "random_2x"]
    assert stages_run(project.dvc("repro")) == []


def test_wandb_holds_the_training_curve_and_the_scores(project: Project) -> None:
    project.liit("publish", "--methods", "random")
    shown = {
        run.name: project.run("wandb", "leet", "inspect", "--json", str(run))
        for run in (project.root / "wandb").glob("offline-run-*")
    }
    (curve,) = [text for name, text in shown.items() if name.endswith("random-0-train")]
    assert "m3it/train/loss" in curve and "mantis/train/loss" in curve
    (summary,) = [text for name, text in shown.items() if "summary" in name]
    assert "stream/step" in summary and '"random"' in summary
