"""What runs again after a change, side by side or one by one, and what does not."""

from __future__ import annotations

import json
import shutil

from project import Project, stages_run


def edit(project: Project, file: str, before: str, after: str) -> None:
    path = project.root / file
    text = path.read_text()
    assert text.count(before) == 1, (file, before)
    path.write_text(text.replace(before, after))


def keep_methods(project: Project, *names: str) -> None:
    """Let the main table have these rows alone."""
    every = "[sequential, multitask, replay, random, adapt_inf]"
    edit(project, "params.yaml", every, f"[{', '.join(names)}]")


def test_a_second_repro_runs_nothing(project: Project) -> None:
    assert stages_run(project.dvc("repro")) == []
    assert project.dvc("status", "dvc.yaml").split() == ["files:", "always", "changed"]


def test_a_renamed_function_leaves_every_stage_up_to_date(project: Project) -> None:
    """A refactoring of the signals engine: only the stage that digests code looks at it."""
    edit(project, "src/liit/signals/engine.py", "def _group(", "def _in_shards(")
    edit(project, "src/liit/signals/engine.py", "_group(data.batches)", "_in_shards(data.batches)")
    assert stages_run(project.dvc("repro")) == ["code"]
    assert project.dvc("status", "dvc.yaml").split() == ["files:", "always", "changed"]


def test_formatting_shared_code_runs_no_method(project: Project) -> None:
    file = project.root / "src/liit/learning/train.py"
    file.write_text(file.read_text() + "\n# a remark\n")
    assert stages_run(project.dvc("repro")) == ["code"]


def test_a_method_is_one_file_and_one_word_and_runs_alone(project: Project) -> None:
    """One method is new, another was edited: no other one runs again."""
    source = '"""Newest first: a baseline of one line."""\n\n' + (
        "from liit.selection import Method\nfrom liit.selection.pools import newest\n\n"
        'METHOD = Method(label="Random of the newest", pool=newest)\n'
    )
    (project.root / "experiments/main/random_newest.py").write_text(source)
    edit(project, "params.yaml", "replay, random, ", "replay, random, random_newest, ")
    edit(project, "experiments/main/random.py", 'label="Random"', 'label="Uniform"')
    first, *runs, last = stages_run(project.dvc("repro"))
    assert (first, last) == ("code", "report")
    assert sorted(runs) == ["chat", "run@random-0", "run@random_newest-0"]  # it sees all adapters
    table = json.loads((project.root / "reports/table.json").read_text())
    rows = {row["method"]: row for row in table["rows"]}
    assert rows["random"]["label"] == "Uniform"
    assert rows["random_newest"]["label"] == "Random of the newest"
    assert rows["random_newest"]["paper"] is None


def test_an_experiment_changes_a_parameter(project: Project) -> None:
    keep_methods(project, "sequential", "random")
    output = project.dvc("exp", "run", "-S", "evaluate.batch_size=64")
    assert set(stages_run(output)) >= {"run@sequential-0", "run@random-0"}
    assert "evaluate.batch_size" in project.dvc("exp", "show", "--csv")


def test_side_by_side_a_failure_is_named_and_the_rest_finishes(project: Project) -> None:
    keep_methods(project, "sequential", "replay", "random")
    for name in ("random", "replay"):
        edit(project, f"experiments/main/{name}.py", 'label="Random', 'label="The random')
    random = project.root / "experiments/main/random.py"
    text = random.read_text()
    random.write_text(text + "\nraise SystemExit(3)\n")
    output = project.liit("repro", "--jobs", "2", check=False)
    assert "4 stages, 2 at a time" in output and output.count("done") == 3
    assert "1 of 4 stages failed: run@random-0" in output
    assert "scratch/logs/run@random-0.log" in output
    random.write_text(text)
    assert project.liit("repro", "--jobs", "2").count("done") == 4
    assert stages_run(project.dvc("repro")) == ["report"]


def test_runs_that_need_the_same_signals_start_together(project: Project) -> None:
    keep_methods(project, "adapt_inf", "adapt_inf_2x")
    for name in ("selections/adapt_inf", "adapters/adapt_inf", "scratch/signals"):
        shutil.rmtree(project.root / name)
    assert "3 stages, 2 at a time" in project.liit("repro", "--jobs", "2")
    first = [
        json.loads((project.root / f"runs/{method}/0.json").read_text())["costs"]["m3it"]
        for method in ("adapt_inf", "adapt_inf_2x")
    ]
    assert first[0]["signals"] == first[1]["signals"]  # measured once, charged to both


def test_a_further_table_stands_beside_the_main_one(project: Project) -> None:
    edit(project, "params.yaml", "rows: [random_2x, random_4x]", "rows: [random_2x]")
    output = project.dvc("repro", "tables/budgets/dvc.yaml")
    assert "random_2x" in output and "adapt_inf" not in " ".join(stages_run(output))
    table = json.loads((project.root / "reports/budgets/table.json").read_text())
    assert [row["method"] for row in table["rows"]] == ["random", "adapt_inf", "random_2x"]
    assert stages_run(project.dvc("repro")) == []


def test_metrics_and_plots_are_shown(project: Project) -> None:
    assert "random" in project.dvc("metrics", "show", "--json")
    project.dvc("plots", "show", "--json")


def test_wandb_holds_the_training_curve_and_the_scores(project: Project) -> None:
    project.liit("publish", "--methods", "random")

    def shown(name: str) -> str:
        (run,) = (project.root / "wandb").glob(f"offline-run-*-{name}-smoke-main-random-0-*")
        return project.run("wandb", "leet", "inspect", "--json", str(run))

    curve, summary = shown("train"), shown("summary")
    assert "m3it/loss" in curve and "mantis/learning_rate" in curve
    assert "stream/step" in summary and '"random"' in summary
