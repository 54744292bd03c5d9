"""The command line: one command per part of the pipeline; nothing heavy is imported for --help."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from liit.errors import LiitError

UNWRITABLE = (
    *map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)),
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
)
"""What the system and SQLite say where a file cannot be written."""
Command = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command by its name and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a LiitError becomes a readable message and exit code 1."""
    _show_what_the_terminal_can()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["score"]:
        from liit.scoring.cli import main as score

        return int(score(arguments[1:]))
    asked = _parser().parse_args(arguments)
    try:
        from liit import commands

        _settle_environment(asked.command)
        name = asked.command.replace("-", "_")
        getattr(commands, "list_" if name == "list" else name)(asked)
    except LiitError as error:
        print(f"liit {asked.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"liit {asked.command}: stopped; the same command continues.", file=sys.stderr)
        return 130
    except Exception as error:  # what writes has errors of its own: Arrow, SQLite, safetensors
        if not any(words in str(error) for words in UNWRITABLE):
            raise
        advice = "make room, or the folder writable; the same command continues."
        print(f"liit {asked.command}: {error}\n  Next step: {advice}", file=sys.stderr)
        return 1
    return 0


def _show_what_the_terminal_can() -> None:
    """Print a replacement for what the terminal's encoding lacks (→, ×, ∞) instead of stopping."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="liit", description=__doc__.split(":")[0] + ".")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, what: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=what, description=what)

    _add_making(command)
    _add_looking(command)
    return parser


def _add_making(command: Command) -> None:
    """Add the commands of commands/making.py."""
    prepare = command("prepare", "Read or draw every dataset and exam into data/.")
    only = prepare.add_mutually_exclusive_group()
    only.add_argument(
        "part", nargs="?", help="read this alone, into read/: a dataset, `pretrain` or `exams`"
    )
    only.add_argument("--sift", action="store_true", help="make data/ of what was read before")
    unpack = command("unpack", "Make a checkpoint's folder of a language model in a GGUF file.")
    unpack.add_argument("file", type=Path, help="the GGUF file")
    unpack.add_argument("folder", type=Path, help="for model.checkpoint of params.yaml")
    unpack.add_argument("--sha256", help="what the file must have")
    command("base", "Train the model of t = 0, or record the checkpoint; evaluate it.")
    run = command("run", "Run a method along the stream: select, train, evaluate, every step.")
    run.add_argument("method", help="file name in experiments/<table>/, without .py")
    _table(run)
    run.add_argument("--seed", type=_seed, default=0)
    run.add_argument("--step", help="with --only: name of a dataset of the stream")
    run.add_argument("--only", choices=["select", "train", "evaluate"], help="one phase of a step")
    run.add_argument(
        "--set",
        nargs="+",
        metavar="KEY=VALUE",
        help="a trial in trials/: seed, budget, lora.…, train.…, signals.…, method.KNOB",
    )
    repro = command("repro", "Reproduce the runs of a table with DVC, several at a time.")
    _table(repro)
    repro.add_argument("--jobs", type=_count, default=os.cpu_count() or 1)
    command("base-signals", "Draw what the base makes of some samples: scores, maps, neighbours.")
    command("instrument", "Judge signals against what the drawn world knows of its samples.")
    recovery = command("recovery", "Measure how much of a lost skill similar samples bring back.")
    recovery.add_argument(
        "--seed", nargs="+", type=_seed, metavar="N", help="default: those of params.yaml"
    )
    recovery.add_argument("--skill", help="default: the one that was lost most")
    new = command("new-method", "Write the file of a method that runs, to change.")
    new.add_argument("name", help="small letters, digits and _")
    scale = command("scale", "Rewrite params.yaml for another scale.")
    scale.add_argument("name", help="a file of scales/, or `mini`")


def _add_looking(command: Command) -> None:
    """Add the commands of commands/looking.py."""
    report = command("report", "Draw tables, figures and the page from results/.")
    _table(report)
    publish = command("publish", "Write a table's runs for W&B; with a key, send them.")
    _table(publish)
    publish.add_argument("--methods", nargs="*", help="default: all with results")
    instead = publish.add_mutually_exclusive_group()
    instead.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    instead.add_argument("--check", action="store_true", help="compare what is there with results/")
    plan = command("plan", "Say what a table will cost: samples, operations, time, disk, memory.")
    _table(plan)
    plan.add_argument("--methods", nargs="*", help="default: the rows of the table")
    plan.add_argument("--scale", help="a file of scales/ (default: params.yaml as it is)")
    plan.add_argument("--devices", type=_count, help="default: those of params.yaml, all nodes")
    plan.add_argument(
        "--tflops", type=_speed, help="10¹² operations a second of a device (default: measured)"
    )
    command("list", "List tables, methods, steps and exams.")
    show = command("show", "Show one method: what it does, its parts, signals and results.")
    show.add_argument("method", help="file name in experiments/<table>/, without .py")
    show.add_argument("--json", action="store_true", help="print it as JSON")
    inspect = command("inspect", "Show a step's samples: chosen or not, why, and by whom else.")
    inspect.add_argument("method", help="file name in experiments/<table>/, without .py")
    inspect.add_argument("step", help="name of a dataset of the stream")
    inspect.add_argument("--seed", type=_seed, help="default: the first that is on this machine")
    inspect.add_argument("--id", help="one sample, with all that is known of it")
    inspect.add_argument(
        "--chosen-by-all", action="store_true", help="by every method that is here"
    )
    inspect.add_argument("--only-here", action="store_true", help="by this method alone")
    inspect.add_argument("--spoiled", action="store_true", help="with a replaced answer")
    inspect.add_argument("--near-copies", action="store_true", help="near-copies of others")
    inspect.add_argument("--limit", type=_count, default=20, help="rows that are listed (20)")
    form = inspect.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print it as JSON")
    form.add_argument(
        "--html",
        nargs="?",
        const=True,
        type=Path,
        metavar="FILE",
        help="write a page with the pictures (default: below scratch/)",
    )
    doctor = command("doctor", "Say what a scale still needs: weights, data, disk, device, values.")
    doctor.add_argument("--scale", help="a file of scales/ (default: the one of params.yaml)")
    doctor.add_argument(
        "--reference", "--ladder", action="store_true", help="measure the reference values too"
    )
    data = command(
        "data", "Audit a dataset: counts, images, boxes, duplicates, overlap with exams."
    )
    data.add_argument("action", choices=["check"])
    data.add_argument("dataset", help="name of a dataset of the stream")
    data.add_argument("--json", action="store_true", help="print the report as JSON")
    command("score", "Score anybody's predictions without a model (`liit score --help`).")


def _count(text: str) -> int:
    return _at_least(1, text)


def _speed(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"give a number above 0, not {text!r}")


def _seed(text: str) -> int:
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"give a whole number from {least} on, not {text!r}")
    return int(text)


def _table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", default="main", help="a folder of experiments/ (default: main)")


def _settle_environment(command: str) -> None:
    # Tiny models gain nothing from threads, and every byte depends on how sums are split.
    from liit.config import PARAMS, load_params
    from liit.progress import quiet_libraries

    if PARAMS.is_file() and command != "scale":  # which mends a params.yaml that is broken
        params = load_params()
        threads = params.base.threads if command == "base" else params.devices.threads
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[name] = str(threads)
    quiet_libraries()
