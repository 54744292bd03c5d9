"""The command line: one verb per part of the pipeline; nothing heavy is imported for --help."""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from liit.errors import LiitError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; a LiitError becomes a readable message and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal need not know every character
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["score"]:
        from liit.scoring.cli import main as score

        return int(score(arguments[1:]))
    asked = _parser().parse_args(arguments)
    try:
        from liit import verbs

        _settle_environment(asked.verb)
        getattr(verbs, "list_" if asked.verb == "list" else asked.verb)(asked)
    except LiitError as error:
        print(f"liit {asked.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"liit {asked.verb}: stopped; the same command continues.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="liit", description=__doc__.split(":")[0] + ".")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, what: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=what, description=what)

    verb("prepare", "Read or draw every dataset and exam into data/.")
    verb("base", "Train the model of t = 0, or record the checkpoint; examine it.")
    verb("proxy", "Train the small model whose gradients may stand in for the base's.")
    run = verb("run", "Run a method along the stream: select, train, evaluate, every step.")
    _names_method(run)
    for name, what in (
        ("select", "Measure signals and choose the samples of one step."),
        ("train", "Train the adapter of one step on its selection."),
        ("evaluate", "Ask the model of one step every exam."),
    ):
        phase = verb(name, what)
        _names_method(phase)
        phase.add_argument("--step", required=True, help="name of a dataset of the stream")
    verb("figures", "Measure some samples under the base and draw scores, maps and neighbours.")
    report = verb("report", "Draw tables, figures and the page from results/.")
    report.add_argument("--table", default="main", help="a folder of experiments/")
    publish = verb("publish", "Send one summary run per method and seed to Weights & Biases.")
    publish.add_argument("--methods", nargs="*", help="default: all with results")
    chains = verb("chains", "Reproduce the chains of a table side by side, several at a time.")
    chains.add_argument("--table", default="main", help="a folder of experiments/")
    chains.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    plan = verb("plan", "Say what a table will cost: samples, operations, time, disk, memory.")
    plan.add_argument("--table", default="main", help="a folder of experiments/")
    plan.add_argument("--methods", nargs="*", help="default: the rows of the table")
    plan.add_argument("--scale", help="a file of scales/ (default: params.yaml as it is)")
    plan.add_argument("--devices", type=int, help="default: those of params.yaml, all nodes")
    plan.add_argument(
        "--tflops", type=float, help="10¹² operations a second of a device (default: measured)"
    )
    verb("list", "List tables, methods, steps and exams.")
    verb("methods", "Write docs/methods.md from the files of experiments/.")
    scale = verb("scale", "Rewrite params.yaml for another scale.")
    scale.add_argument("name", help="a file of scales/, or `mini`")
    doctor = verb("doctor", "Say what a scale still needs: weights, data, disk, device, values.")
    doctor.add_argument("--scale", help="a file of scales/ (default: the one of params.yaml)")
    doctor.add_argument("--ladder", action="store_true", help="measure the reference values too")
    code = verb("code", "Write digests of what the code of each stage does.")
    code.add_argument("folder", type=Path)
    prove = verb("prove", "Prove that the code leaves the same bytes as a commit's; record it.")
    prove.add_argument("commit", help="the commit to compare HEAD with")
    data = verb("data", "Audit a dataset: counts, images, boxes, duplicates, overlap with exams.")
    data.add_argument("action", choices=["check"])
    data.add_argument("dataset", help="name of a dataset of the stream")
    data.add_argument("--json", action="store_true", help="print the report as JSON")
    verb("score", "Score anybody's predictions without a model (`liit score --help`).")
    return parser


def _names_method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="file name in experiments/<table>/, without .py")
    parser.add_argument("--table", default="main", help="folder of experiments/ (default: main)")
    parser.add_argument("--seed", type=int, default=0)


def _settle_environment(verb: str) -> None:
    # Tiny models gain nothing from threads, and every byte depends on how sums are split.
    from liit.config import PARAMS, load_params

    if PARAMS.is_file():
        params = load_params()
        threads = params.base.threads if verb == "base" else params.devices.threads
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[name] = str(threads)
    # Their advice is for the author of a script, not for the user of a command.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message=".*(num_workers|isinstance.treespec).*")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
