"""What each verb of the command line does, with the imports that it alone needs."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from liit import paths
from liit.config import Params, load_params
from liit.errors import LiitError, nearest

if TYPE_CHECKING:
    from liit.phases import Phases


def prepare(_: Namespace) -> None:
    """Prepare every dataset and exam of params.yaml."""
    from liit.data.prepare import prepare_all
    from liit.fitting import set_aside_unfit

    params = load_params()
    prepare_all(params)
    set_aside_unfit(params)


def base(_: Namespace) -> None:
    """Make the model of t = 0 and examine it."""
    from liit.base import examine_base, make_base

    params = load_params()
    make_base(params)
    examine_base(params)


def proxy(_: Namespace) -> None:
    """Make the proxy model."""
    from liit.base import make_proxy

    make_proxy(load_params())


def run(asked: Namespace) -> None:
    """Run a method along the stream and write its result file."""
    params = load_params()
    phases = _phases(params, asked)
    if params.devices.devices * params.devices.num_nodes == 1:
        _select(phases, phases.at.trained_steps[0])
        phases.run()
    else:
        for t in phases.at.trained_steps:
            for verb in ("select", "train", "evaluate"):
                _spawn(verb, asked, params.steps[t])
    from liit.results import write_result

    write_result(phases.at, asked.table)


def select(asked: Namespace) -> None:
    """Run the selection of one step."""
    params = load_params()
    _select(_phases(params, asked), _step(params, asked.step))


def train(asked: Namespace) -> None:
    """Run the training of one step."""
    params = load_params()
    _phases(params, asked).train(_step(params, asked.step))


def evaluate(asked: Namespace) -> None:
    """Run the evaluation of one step."""
    params = load_params()
    _phases(params, asked).evaluate(_step(params, asked.step))


def figures(_: Namespace) -> None:
    """Draw what θ_0 makes of the stream's samples."""
    from liit.reporting.first_look import draw_first_look

    draw_first_look(load_params())


def report(asked: Namespace) -> None:
    """Write reports/ from results/."""
    from liit.data.prepare import open_dataset
    from liit.reporting.report import write_report

    params = load_params()
    # A clone without data still redraws its tables; only the sample cards need the stores.
    stores = {
        dataset.name: open_dataset(params, dataset)
        for dataset in params.stream
        if paths.dataset_store(dataset.name).is_file()
    }
    write_report(Path(), asked.table, params.rows(asked.table), params.seeds, stores)


def publish(asked: Namespace) -> None:
    """Send summary runs to Weights & Biases: offline unless a key is set."""
    from liit.reporting.publishing import publish_all

    publish_all(load_params(), asked.methods)


def chains(asked: Namespace) -> None:
    """Reproduce the chains of one table side by side."""
    from liit.chains import reproduce

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

    params, console = load_params(), Console()
    for table in tables():
        console.print(f"[bold]{table}[/]: {', '.join(names(table))}")
    console.print(f"[bold]stream[/]: {' → '.join(params.steps)}")
    console.print(f"[bold]exams[/]: {', '.join(exam.task for exam in params.exams)}")


def methods(_: Namespace) -> None:
    """Write docs/methods.md."""
    from liit.reporting.methods_page import write_methods

    write_methods(Path())


def doctor(asked: Namespace) -> None:
    """Show what a scale still needs; raise LiitError if it cannot run without it."""
    from liit.doctor import examine
    from liit.doctor.findings import render
    from liit.scales import params_of

    params = params_of(asked.scale) if asked.scale else load_params()
    findings = list(examine(params, ladder=asked.ladder))
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


def code(asked: Namespace) -> None:
    """Write one digest per stage; a file changes only when that stage's behaviour does."""
    from liit.code import STAGES, digest_of
    from liit.files import write_text

    for stage in STAGES:
        write_text(asked.folder / stage, digest_of(stage) + "\n")


def prove(asked: Namespace) -> None:
    """Prove that the code leaves the same bytes as that of a commit, and record it."""
    from liit.proof import prove_same

    prove_same(asked.commit)


def data(asked: Namespace) -> None:
    """Audit one dataset against itself, the rest of the stream and the exams."""
    from liit.data.check import check_dataset
    from liit.data.check_report import render
    from liit.data.prepare import image_root, open_dataset
    from liit.data.store import SampleStore
    from liit.fitting import training_fault

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


def _phases(params: Params, asked: Namespace) -> Phases:
    from liit.phases import Phases
    from liit.selection import load
    from liit.trajectory import Trajectory

    method = load(asked.table, asked.method)
    file = paths.EXPERIMENTS / asked.table / f"{asked.method}.py"
    return Phases(Trajectory(params, asked.method, method, file, asked.seed), Console())


def _step(params: Params, name: str) -> int:
    if name not in params.steps[1:]:
        raise LiitError(
            f"The stream trains at no step {name!r}{nearest(name, params.steps)}.",
            next_step=f"use one of {', '.join(params.steps[1:])}.",
        )
    return params.steps.index(name)


def _select(phases: Phases, t: int) -> None:
    """Select for step ``t``; alone, if signals of θ_0 are measured, which other chains need too."""
    from liit.phases import is_other_rank

    at = phases.at
    shared = bool(at.method.signals) and t == at.trained_steps[0] and not is_other_rank()
    with _alone(sorted(at.method.signals)) if shared else nullcontext():
        phases.select(t)


@contextmanager
def _alone(signals: list[str]) -> Iterator[None]:
    """Wait until no other process is here with the same signals."""
    from filelock import FileLock, Timeout

    from liit.files import digest_json
    from liit.phases import SIGNALS

    SIGNALS.mkdir(parents=True, exist_ok=True)
    lock = FileLock(SIGNALS / f"{digest_json(signals)[:16]}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        Console().print("Another chain measures the same signals of θ_0: waiting to share them.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _spawn(verb: str, asked: Namespace, step: str) -> None:
    # Lightning starts the other ranks by running this very command again.
    command = [sys.executable, "-m", "liit", verb, asked.method, "--table", asked.table]
    done = subprocess.run([*command, "--seed", str(asked.seed), "--step", step], check=False)
    if done.returncode:
        raise LiitError(
            f"`liit {verb} {asked.method} --seed {asked.seed} --step {step}` failed.",
            next_step="read its message above; the same command continues from there.",
        )
