"""The commands that make something: data, base, runs."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from contextlib import chdir

from liit import paths
from liit.commands.guards import alone, unedited
from liit.config import Params, load_params
from liit.errors import LiitError, nearest
from liit.progress import say

PHASES = ("select", "train", "evaluate")


def prepare(asked: Namespace) -> None:
    """Read one part, make data/ of what was read, or do both for all of params.yaml."""
    from liit.preparation.prepare import parts_of, read_part

    params = load_params()
    with unedited(params):
        if not asked.sift:
            for part in [asked.part] if asked.part else parts_of(params):
                read_part(params, part)
        if not asked.part:
            from liit.preparation.fitting import sift  # with PyTorch, which reading does without

            sift(params)


def unpack(asked: Namespace) -> None:
    """Make a checkpoint's folder of a GGUF file."""
    from liit.model.unpack import unpack as unpacked

    weights = unpacked(asked.file, asked.folder, asked.sha256)
    say(f"{asked.folder} holds the model of {asked.file.name}: {weights:,} weights")


def base(_: Namespace) -> None:
    """Make the model of t = 0 and evaluate it."""
    from liit.base import evaluate_base, make_base

    params = load_params()
    with unedited(params), alone("base"):
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
    from liit.tracking.weights_and_biases import answer_sweep
    from liit.trials import metrics, open_trial

    trial = open_trial(asked.table, asked.method, asked.seed, asked.set)
    say(f"[bold]{trial.name}[/]: {', '.join(asked.set)}")
    with chdir(trial.folder):
        _run(Namespace(**vars(asked) | {"method": trial.name, "seed": trial.seed, "table": "main"}))
    if not asked.only:
        found = metrics(trial)
        say(" · ".join(f"{name} {value:.1f}" for name, value in found.items()))
        answer_sweep({"trial": trial.name, "scale": load_params().scale}, found)


def _run(asked: Namespace) -> None:
    from liit.results import write_result
    from liit.run import Run
    from liit.selection import naming_faults

    params = load_params()
    method = Run(params, asked.table, asked.method, asked.seed)
    name = f"{asked.method}-{asked.seed}"
    with unedited(params), naming_faults():
        if asked.only:
            with alone(name):
                getattr(method, asked.only)(_step(params, asked.step))
        elif params.devices.devices * params.devices.num_nodes == 1:
            with alone(name):
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
    with unedited(params), alone("instrument"):
        judge_signals(params)
    say(f"{paths.INSTRUMENT} and {paths.INSTRUMENT.with_suffix('')}/ are written")


def recovery(asked: Namespace) -> None:
    """Train a lost skill's similar samples and write reports/recovery.json."""
    from liit.recovery.recovery import recover_skill

    params = load_params()
    with unedited(params), alone("recovery"):
        recover_skill(params, sorted(set(asked.seed or params.seeds)), asked.skill)
    say(f"{paths.RECOVERY} and {paths.RECOVERY.with_suffix('')}/ are written")


def new_method(asked: Namespace) -> None:
    """Write the file of a method that runs, to change."""
    from liit.reporting.cards import write_method

    file = write_method(asked.name)
    say(f"{file} is a method that runs: change it, add `{asked.name}` below `methods:`")
    say("in params.yaml, which says what rows the table has, then")
    say(f"  liit prepare && liit run {asked.name} && liit report   # the table with its row")


def repro(asked: Namespace) -> None:
    """Reproduce the runs of one table side by side."""
    from liit.repro import reproduce

    reproduce(load_params(), asked.table, asked.jobs)


def scale(asked: Namespace) -> None:
    """Rewrite params.yaml for another scale."""
    from liit.scales import use_scale

    if kept := use_scale(asked.name):
        say(f"params.yaml had edits of its own: {kept} keeps them")


def _step(params: Params, name: str) -> int:
    if name not in params.steps[1:]:
        raise LiitError(
            f"The stream trains at no step {name!r}{nearest(name, params.steps[1:])}.",
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
