"""What each command does, with the imports that it alone needs."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, chdir, contextmanager
from dataclasses import fields
from pathlib import Path

from rich.console import Console

from liit import paths
from liit.config import PARAMS, Params, load_params
from liit.errors import LiitError, nearest
from liit.progress import say

PHASES = ("select", "train", "evaluate")
ROWS = ("methods", "seeds", "tables", "tracking")
"""What may be edited in params.yaml while a command runs."""


def prepare(_: Namespace) -> None:
    """Prepare every dataset and exam of params.yaml."""
    from liit.preparation.fitting import set_aside_unfit
    from liit.preparation.prepare import prepare_all

    params = load_params()
    with _unedited(params), _alone("prepare"):
        prepare_all(params)
        set_aside_unfit(params)


def base(_: Namespace) -> None:
    """Make the model of t = 0 and evaluate it."""
    from liit.base import evaluate_base, make_base

    params = load_params()
    with _unedited(params), _alone("base"):
        make_base(params)
        evaluate_base(params)
    say(f"{paths.BASE}/ holds the model of t = 0 and, in exam.json, its scores")


def run(asked: Namespace) -> None:
    """Run a method along the stream and write its result file; or one phase of one step."""
    if bool(asked.only) != bool(asked.step):
        raise LiitError(
            "One phase of one step needs both --step and --only.",
            next_step=f"add `{'--step STEP' if asked.only else '--only PHASE'}`, or leave out the "
            "other one to run the whole stream.",
        )
    if asked.set:
        _try(asked)
    else:
        _run(asked)


def _try(asked: Namespace) -> None:
    from liit.trials import metrics, open_trial

    trial = open_trial(asked.table, asked.method, asked.seed, asked.set)
    say(f"[bold]{trial.name}[/]: {', '.join(asked.set)}")
    with chdir(trial.folder):
        _run(Namespace(**vars(asked) | {"method": trial.name, "seed": trial.seed, "table": "main"}))
    if not asked.only:
        found = metrics(trial)
        say(" · ".join(f"{name} {value:.1f}" for name, value in found.items()))


def _run(asked: Namespace) -> None:
    from liit.results import write_result
    from liit.run import Run

    params = load_params()
    method = Run(params, asked.table, asked.method, asked.seed)
    name = f"{asked.method}-{asked.seed}"
    with _unedited(params):
        if asked.only:
            with _alone(name):
                getattr(method, asked.only)(_step(params, asked.step))
        elif params.devices.devices * params.devices.num_nodes == 1:
            with _alone(name):
                method.go()
        else:  # each phase holds the lock in turn
            for t in method.steps:
                for phase in PHASES:
                    _spawn(asked, phase, params.steps[t])
            write_result(method)


def base_signals(_: Namespace) -> None:
    """Draw what θ_0 makes of the stream's samples."""
    from liit.base_signals.measure import draw_base_signals

    draw_base_signals(load_params())


def instrument(_: Namespace) -> None:
    """Judge signals against the truth and write reports/instrument.json."""
    from liit.instrument.instrument import judge_signals

    params = load_params()
    with _unedited(params), _alone("instrument"):
        judge_signals(params)
    say(f"{paths.INSTRUMENT} and {paths.INSTRUMENT.with_suffix('')}/ are written")


def report(asked: Namespace) -> None:
    """Write reports/ from results/."""
    from liit.data.sources import open_dataset
    from liit.reporting.report import write_report

    params = load_params()
    # A clone without data still redraws its tables; only the sample cards need the stores.
    stores = {
        dataset.name: open_dataset(params, dataset)
        for dataset in params.stream
        if paths.dataset_store(dataset.name).is_file()
    }
    with _alone("report"):
        missing = write_report(Path(), asked.table, params.rows(asked.table), params.seeds, stores)
    folder = paths.REPORTS if asked.table == paths.MAIN else paths.REPORTS / asked.table
    say(f"{folder}/README.md and {folder}/index.html (a page to open in a browser) are written")
    if missing:
        say(f"not run at scale {params.scale}, so not in them: {', '.join(missing)}")
        say("`liit repro` runs them all, `liit run METHOD` one of them; then `liit report` again")


def publish(asked: Namespace) -> None:
    """Send summary runs to Weights & Biases: offline unless a key is set."""
    from liit.tracking.publishing import publish_all
    from liit.tracking.weights_and_biases import mode

    publish_all(load_params(), asked.methods)
    if mode() == "offline":
        say("the runs lie in wandb/; `wandb sync wandb/offline-run-*` sends them to your account")


def repro(asked: Namespace) -> None:
    """Reproduce the runs of one table side by side."""
    from liit.repro import reproduce

    reproduce(load_params(), asked.table, asked.jobs)


def plan(asked: Namespace) -> None:
    """Print what the methods of a table will cost."""
    from liit.planning.plan import plan_table
    from liit.scales import params_of

    current = load_params()
    params = current if asked.scale in (None, current.scale) else params_of(asked.scale)
    shown = plan_table(
        params,
        asked.table,
        asked.methods,
        prepared=params is current,
        devices=asked.devices,
        tflops=asked.tflops,
    )
    Console().print(shown)


def list_(_: Namespace) -> None:
    """Print tables, methods, steps and exams."""
    from liit.selection import names, tables

    params = load_params()
    for table in tables():
        say(f"[bold]{table}[/] ({paths.EXPERIMENTS / table}/): {', '.join(names(table))}")
    say(f"[bold]stream[/] of scale {params.scale}: {' → '.join(params.steps)}")
    say(f"[bold]exams[/]: {', '.join(exam.task for exam in params.exams)}")
    done = [m for m in params.methods if any(paths.result(m, s).is_file() for s in params.seeds)]
    say(f"[bold]results[/] (results/): {', '.join(done) or 'none yet'}")
    say("`liit run METHOD [--table TABLE]` runs one, `liit report` writes reports/")


def doctor(asked: Namespace) -> None:
    """Show what a scale still needs; raise LiitError if it cannot run without it."""
    from liit.doctor import examine
    from liit.doctor.findings import render
    from liit.scales import params_of

    params = params_of(asked.scale) if asked.scale else load_params()
    findings = list(examine(params, reference=asked.reference))
    console = Console()
    console.print(render(findings))
    missing = [one for one in findings if one.state == "missing"]
    if missing:
        raise LiitError(
            f"scale {params.scale}: {len(missing)} things are missing.",
            next_step=f"{missing[0].subject}: {missing[0].next_step}.",
        )
    console.print(f"Scale {params.scale} has what it needs.")


def scale(asked: Namespace) -> None:
    """Rewrite params.yaml for another scale."""
    from liit.scales import use_scale

    use_scale(asked.name)


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


@contextmanager
def _unedited(params: Params) -> Iterator[None]:
    """Fail after the block if params.yaml has other values by then: DVC would file those."""
    yield
    now = load_params()
    parts = [part.name for part in fields(Params) if part.name not in ROWS]
    edited = [part for part in parts if getattr(now, part) != getattr(params, part)]
    if edited:
        raise LiitError(
            f"{PARAMS} was edited meanwhile ({', '.join(edited)}): the values before were used.",
            next_step="run the same command again; it makes what hangs on them.",
        )


def _alone(name: str) -> AbstractContextManager[None]:
    """Keep a second command of the same files waiting."""
    from liit.ranks import alone

    waiting = f"Another process is at work on {name}: waiting for it."
    return alone(paths.SCRATCH / "locks" / f"{name}.lock", waiting)


def _step(params: Params, name: str) -> int:
    if name not in params.steps[1:]:
        raise LiitError(
            f"The stream trains at no step {name!r}{nearest(name, params.steps)}.",
            next_step=f"use one of {', '.join(params.steps[1:])}.",
        )
    return params.steps.index(name)


def _spawn(asked: Namespace, phase: str, step: str) -> None:
    # Lightning starts the other ranks by running this very command again.
    command = ["run", asked.method, "--table", asked.table, "--seed", str(asked.seed)]
    command += ["--step", step, "--only", phase]
    done = subprocess.run([sys.executable, "-m", "liit", *command], check=False)
    if done.returncode:
        raise LiitError(
            f"`liit {' '.join(command)}` failed.",
            next_step="read its message above; the same command continues from there.",
        )
