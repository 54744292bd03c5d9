"""The commands that show, draw or publish what was made."""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from liit import paths
from liit.commands.guards import alone
from liit.commands.printing import print_json
from liit.config import Params, load_params
from liit.errors import LiitError, nearest
from liit.files import read_cache
from liit.progress import say

if TYPE_CHECKING:
    from liit.data.store import SampleStore
    from liit.reporting.report_data import ReportData


def report(asked: Namespace) -> None:
    """Write reports/ from results/."""
    from liit.reporting.report import write_report

    params = load_params()
    with alone("report"):
        rows, stores = shown_rows(params, asked.table), _stores(params)
        _expect_rows_of(params, rows)
        missing = write_report(Path(), asked.table, rows, params.seeds, stores, params=params)
    folder = paths.REPORTS if asked.table == paths.MAIN else paths.REPORTS / asked.table
    say(f"{folder}/README.md and {folder}/index.html (a page to open in a browser) are written")
    if missing:
        say(f"not run at scale {params.scale}, so not in them: {', '.join(missing)}")
        say("`liit repro` runs them all, `liit run METHOD` one of them; then `liit report` again")


def _expect_rows_of(params: Params, rows: Sequence[str]) -> None:
    """Refuse rows of another scale, such as those in git while params.yaml has a smaller one."""
    for row, seed in product(rows, params.seeds):
        made = read_cache(paths.result(row, seed)).get("scale", params.scale)
        if made != params.scale:
            raise LiitError(
                f"{paths.result(row, seed)} was made at scale {made}, and params.yaml has scale "
                f"{params.scale}.",
                next_step=f"run `liit repro`, which makes the rows at this scale, or `liit scale "
                f"{made}` to go back.",
            )


def shown_rows(params: Params, table: str) -> list[str]:
    """Return a table's rows but for those that this scale does not run, and another one left."""
    run = {*params.methods, *(row for one in params.tables.values() for row in one.rows)}

    def is_of_another(row: str) -> bool:
        results = (read_cache(paths.result(row, seed)) for seed in params.seeds)
        return any(result.get("scale", params.scale) != params.scale for result in results)

    return [row for row in params.rows(table) if row in run or not is_of_another(row)]


def publish(asked: Namespace) -> None:
    """Write a table's runs for Weights & Biases, and send them if there is a key."""
    from liit.reporting.report_data import gather
    from liit.tracking import publishing
    from liit.tracking.dashboards import write_specs
    from liit.tracking.sending import send_dashboards
    from liit.tracking.weights_and_biases import OfflineRuns

    params = load_params()
    data = gather(Path(), asked.table, shown_rows(params, asked.table), params.seeds)
    for method in asked.methods or ():
        _expect_run(method, data)
    with warnings.catch_warnings(action="ignore"):  # gathering the table has said them
        runs = publishing.runs_of(Path(), data, _stores(params), asked.methods)
    tracker = OfflineRuns(params.tracking.project)
    if asked.dry_run:
        # as wide as its ids, which are copied and stay in one piece
        Console(width=200).print(publishing.overview(runs))
        folder = paths.SCRATCH / "dashboards" / asked.table
        names = ", ".join(path.name for path in write_specs(data, folder))
        say(f"{folder}/ holds the workspace and the report as they would be sent: {names}")
    elif asked.check:
        place = tracker.shown() or tracker
        publishing.expect_same(place, runs)
        say(f"{place.where} holds {len(runs)} runs, just as results/ says")
    else:
        written = publishing.write_changed(tracker, runs)
        say(f"{len(runs)} runs lie in {tracker.where}/, {written} of them written now")
        if shown := tracker.shown():
            sent = tracker.send([run.id for run in runs])
            say(f"{shown.where} has them all, {sent} of them sent now")
            for url in send_dashboards(data, tracker.project):
                say(url)
        else:
            say("with a key (WANDB_API_KEY, or `wandb login`) the same command sends them")


def _expect_run(method: str, data: ReportData) -> None:
    if method in data.missing:
        stage = data.missing[method][0]
        raise LiitError(f"{method} was not run.", next_step=f"run `dvc repro {stage}`.")
    if method not in data.runs:
        raise LiitError(
            f"The table {data.name} has no row {method!r}{nearest(method, data.runs)}.",
            next_step="name its rows, or none for all of them.",
        )


def _stores(params: Params) -> dict[str, SampleStore]:
    """Return the prepared datasets; a clone without data still redraws and publishes its tables."""
    from liit.data.sources import open_dataset

    return {
        dataset.name: open_dataset(params, dataset)
        for dataset in params.stream
        if paths.dataset_store(dataset.name).is_file()
    }


def plan(asked: Namespace) -> None:
    """Print what the methods of a table will cost."""
    from liit.planning.plan import as_json, plan_table, render
    from liit.scales import params_of

    current = load_params()
    params = current if asked.scale in (None, current.scale) else params_of(asked.scale)
    planned = plan_table(
        params,
        asked.table,
        asked.methods,
        prepared=params is current,
        devices=asked.devices,
        tflops=asked.tflops,
    )
    print_json(as_json(planned)) if asked.json else Console().print(render(planned))


def show(asked: Namespace) -> None:
    """Print one method: what it does, its parts, its signals, the paper's row and its own."""
    from liit.reporting.cards import card
    from liit.reporting.section import number
    from liit.reporting.tables import METRICS

    found = card(asked.method)
    if asked.json:
        print_json(found)
        return
    say(f"[bold]{escape(found['label'])}[/] ({found['file']})\n\n{escape(found['about'])}\n")
    for name, text in found["parts"].items():
        say(f"{name:14} {escape(text)}")
    say(f"{'signals':14} {', '.join(found['signals']) or 'none'}")
    if found["facts"]:
        say(f"{'facts':14} {', '.join(found['facts'])}")
    rows = [("paper", found["paper"])] if found["paper"] else []
    rows += [(f"seed {row['seed']}", row) for row in found["results"]]
    for name, values in rows:
        numbers = [f"{metric.replace('_', ' ')} {number(values[metric])}" for metric in METRICS]
        say(f"{name:14} {' · '.join(numbers)}")
    if not found["results"]:
        say(f"not run yet: `liit run {found['name']} --table {found['table']}`")


def doctor(asked: Namespace) -> None:
    """Show what a scale still needs; raise LiitError if it cannot run without it."""
    from liit.doctor import examine
    from liit.doctor.findings import render
    from liit.scales import params_of

    current = load_params()
    params = current if asked.scale in (None, current.scale) else params_of(asked.scale)
    findings = list(examine(params, prepared=params is current, reference=asked.reference))
    missing = [one for one in findings if one.state == "missing"]
    if asked.json:
        print_json({"scale": params.scale, "findings": [asdict(one) for one in findings]})
    else:
        Console().print(render(findings))
    if missing:
        raise LiitError(
            f"scale {params.scale}: {len(missing)} things are missing.",
            next_step=f"{missing[0].subject}: {missing[0].next_step}.",
        )
    if not asked.json:
        say(f"Scale {params.scale} has what it needs.")


def data(asked: Namespace) -> None:
    """Audit one dataset against itself, the rest of the stream and the exams."""
    from liit.data.check import check_dataset
    from liit.data.check_report import render
    from liit.data.sources import image_root, open_dataset
    from liit.data.store import SampleStore
    from liit.preparation.fitting import training_fault

    params = load_params()
    wanted = params.dataset(asked.dataset)
    report = check_dataset(
        open_dataset(params, wanted),
        others={one.name: open_dataset(params, one) for one in params.stream if one != wanted},
        exams={
            one.task: SampleStore(paths.exam_store(one.task), image_root(params, one))
            for one in params.prepared_exams
        },
        unfit=training_fault(params, image_root(params, wanted)),
        sheet=paths.SCRATCH / "check" / f"{wanted.name}.png",
    )
    if asked.json:
        print(report.to_json())
    else:
        Console().print(render(report))
