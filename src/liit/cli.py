"""The command line: one command per part of the pipeline; nothing heavy is imported for --help."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from liit.arguments import NAMES, Command, Parser, count, named, seed, speed
from liit.errors import LiitError

UNWRITABLE = (
    *map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)),
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
)
"""What the system and SQLite say where a file cannot be written."""


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
    except BrokenPipeError:  # `liit list | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
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


def _parser() -> Parser:
    parser = Parser(
        prog="liit",
        description="Lifelong instruction tuning: which samples to train on next, and how.",
        epilog="Each command says more with --help.",
    )
    parser.commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_making(parser.group("run"))
    look = parser.group("look")
    _add_looking(look)
    _add_inspecting(look)
    _add_scoring(parser.group("score"))
    _add_developing(parser.group("develop"))
    parser.commands.choices["completion"].set_defaults(parser=parser)
    return parser


def _add_making(command: Command) -> None:
    """Add the commands of commands/making.py."""
    prepare = command("prepare", "Read or draw every dataset and exam into data/.")
    only = prepare.add_mutually_exclusive_group()
    part = "read this alone, into read/: a dataset, `pretrain` or `exams`"
    named(only.add_argument("part", nargs="?", help=part), "steps")
    only.add_argument("--sift", action="store_true", help="make data/ of what was read before")
    unpack = command("unpack", "Make a checkpoint's folder of a language model in a GGUF file.")
    unpack.add_argument("file", type=Path, help="the GGUF file")
    unpack.add_argument("folder", type=Path, help="for model.checkpoint of params.yaml")
    unpack.add_argument("--sha256", help="what the file must have")
    command("base", "Train the model of t = 0, or record the checkpoint; evaluate it.")
    run = command("run", "Run a method along the stream: select, train, evaluate, every step.")
    _method(run)
    _table(run)
    run.add_argument("--seed", type=seed, default=0)
    named(run.add_argument("--step", help="with --only: a dataset of the stream"), "steps")
    run.add_argument("--only", choices=["select", "train", "evaluate"], help="one phase of a step")
    run.add_argument(
        "--set",
        nargs="+",
        metavar="KEY=VALUE",
        help="a trial in trials/: seed, budget, lora.…, train.…, signals.…, method.KNOB",
    )
    repro = command("repro", "Reproduce the runs of a table with DVC, several at a time.")
    _table(repro)
    repro.add_argument("--jobs", type=count, default=os.cpu_count() or 1)
    command("base-signals", "Draw what the base makes of some samples: scores, maps, neighbours.")
    command("instrument", "Judge signals against what is known of the samples.")
    recovery = command("recovery", "Measure how much of a lost skill similar samples bring back.")
    recovery.add_argument(
        "--seed", nargs="+", type=seed, metavar="N", help="default: those of params.yaml"
    )
    recovery.add_argument("--skill", help="default: the one that was lost most")
    scale = command("scale", "Rewrite params.yaml for another scale.")
    named(scale.add_argument("name", help="a file of scales/, or `mini`"), "scales")


def _add_looking(command: Command) -> None:
    """Add the commands of commands/looking.py, listing.py and comparing.py."""
    report = command("report", "Draw tables, figures and the page from results/.")
    _table(report)
    publish = command("publish", "Write a table's runs for W&B; with a key, send them.")
    _table(publish)
    _methods(publish, "all with results")
    instead = publish.add_mutually_exclusive_group()
    instead.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    instead.add_argument("--check", action="store_true", help="compare what is there with results/")
    plan = command("plan", "Say what a table will cost: samples, operations, time, disk, memory.")
    _table(plan)
    _methods(plan, "the rows of the table")
    _scale(plan)
    plan.add_argument("--devices", type=count, help="default: those of params.yaml, all nodes")
    plan.add_argument(
        "--tflops", type=speed, help="10¹² operations a second of a device (default: measured)"
    )
    _json(plan)
    listed = command("list", "List methods by table with signals, cost and results; or names.")
    listed.add_argument("names", nargs="?", choices=NAMES, help="these alone, one name a line")
    named(listed.add_argument("--table", help="this table alone"), "tables")
    _json(listed)
    compare = command("compare", "Compare two methods, seeds, commits or folders of results.")
    side = "[FOLDER:]METHOD[@COMMIT][:SEED], or FOLDER"
    named(compare.add_argument("a", metavar="A", help=side), "methods")
    named(compare.add_argument("b", metavar="B", help="the same; A minus B is shown"), "methods")
    compare.add_argument(
        "--anyway", action="store_true", help="also what was made under other conditions"
    )
    _json(compare)
    show = command("show", "Show one method: what it does, its parts, signals and results.")
    _method(show)
    _json(show)
    doctor = command("doctor", "Say what a scale still needs: weights, data, disk, device, values.")
    _scale(doctor)
    doctor.add_argument(
        "--reference", "--ladder", action="store_true", help="measure the reference values too"
    )
    _json(doctor)
    data = command(
        "data", "Audit a dataset: counts, images, boxes, duplicates, overlap with exams."
    )
    data.add_argument("action", choices=["check"])
    named(data.add_argument("dataset", help="name of a dataset of the stream"), "steps")
    _json(data)


def _add_inspecting(command: Command) -> None:
    """Add the commands of commands/inspecting.py."""
    inspect = command("inspect", "Show a step's samples: chosen or not, why, and by whom else.")
    _method(inspect)
    named(inspect.add_argument("step", help="name of a dataset of the stream"), "steps")
    inspect.add_argument("--seed", type=seed, help="default: the first that is on this machine")
    inspect.add_argument("--id", help="one sample, with all that is known of it")
    inspect.add_argument(
        "--chosen-by-all", action="store_true", help="by every method that is here"
    )
    inspect.add_argument("--only-here", action="store_true", help="by this method alone")
    inspect.add_argument("--spoiled", action="store_true", help="with a replaced answer")
    inspect.add_argument("--near-copies", action="store_true", help="near-copies of others")
    inspect.add_argument("--limit", type=count, default=20, help="rows that are listed (20)")
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
    chat = command("chat", "Hold one visual chat with the base and with methods, side by side.")
    named(
        chat.add_argument("methods", nargs="*", help="default: the paper's, for the report"),
        "methods",
    )
    chat.add_argument("--seed", type=seed, help="default: the first of params.yaml")
    chat.add_argument("--image", type=Path, help="a picture of yours, with --ask")
    chat.add_argument("--ask", nargs="+", metavar="QUESTION", help="turn by turn")
    _json(chat)


def _add_scoring(command: Command) -> None:
    """Add what needs no project; scoring/cli.py has its arguments."""
    command("score", "Score anybody's predictions without a model (`liit score --help`).")


def _add_developing(command: Command) -> None:
    """Add the commands for who adds methods."""
    new = command("new-method", "Write the file of a method that runs, to change.")
    new.add_argument("name", help="small letters, digits and _")
    submit = command("submit", "Write the folder of a leaderboard entry, for a pull request.")
    _method(submit)
    submit.add_argument("--author", required=True, help="as the leaderboard shows it")
    submit.add_argument("--code", required=True, metavar="URL", help="where the method's code is")
    submit.add_argument("--description", help="one sentence (default: the docstring's first)")
    submit.add_argument("--name", help="folder in leaderboard/ (default: the method's name)")
    completion = command("completion", "Print what completes `liit` in a shell.")
    completion.add_argument("shell", choices=["bash", "zsh"])


def _method(parser: argparse.ArgumentParser) -> None:
    what = "file name in experiments/<table>/, without .py"
    named(parser.add_argument("method", help=what), "methods")


def _methods(parser: argparse.ArgumentParser, default: str) -> None:
    named(parser.add_argument("--methods", nargs="+", help=f"default: {default}"), "methods")


def _table(parser: argparse.ArgumentParser) -> None:
    what = "a folder of experiments/ (default: main)"
    named(parser.add_argument("--table", default="main", help=what), "tables")


def _scale(parser: argparse.ArgumentParser) -> None:
    what = "a file of scales/ (default: params.yaml as it is)"
    named(parser.add_argument("--scale", help=what), "scales")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")


def _settle_environment(command: str) -> None:
    # Tiny models gain nothing from threads, and every byte depends on how sums are split.
    from liit.config import PARAMS, load_params
    from liit.memory import keep_freed_memory
    from liit.progress import quiet_libraries

    if PARAMS.is_file() and command != "scale":  # which mends a params.yaml that is broken
        params = load_params()
        threads = params.base.threads if command == "base" else params.devices.threads
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[name] = str(threads)
    keep_freed_memory()
    quiet_libraries()
