"""``liit score``: score anybody's predictions without a model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields

from liit.arguments import Parser
from liit.errors import LiitError
from liit.scoring.benchmark import Benchmark


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``liit score``."""
    parser.add_argument("task", help="benchmark, for example gqa; 'list' names them all")
    parser.add_argument(
        "--references", nargs="+", default=[], metavar="FILE", help="annotation files or folders"
    )
    parser.add_argument(
        "--predictions", nargs="+", default=[], metavar="FILE", help="answer files or folders"
    )
    parser.add_argument("--profile", choices=("paper", "standard"), default="standard")
    parser.add_argument("--json", action="store_true", help="print JSON, numbers not rounded")
    parser.add_argument("--items", action="store_true", help="JSON with every item's score")
    parser.add_argument(
        "--answer-field", metavar="NAME", help="field with the answer (a judge's mark); a.b: b in a"
    )
    parser.add_argument(
        "--box-encoding", choices=("unit", "percent", "mille", "pixel", "pixel_xywh")
    )
    parser.add_argument("--box-frame", choices=("original", "padded_square"), default="original")
    parser.add_argument(
        "--execute", action="store_true", help="humaneval: run the generated programs"
    )


def run(arguments: argparse.Namespace) -> str:
    """Return what ``liit score`` prints for parsed arguments; LiitError for bad input."""
    from liit.scoring.benchmark import Options, benchmark, benchmarks
    from liit.scoring.report import as_json, as_text
    from liit.scoring.running import run_each

    if arguments.task == "list":
        return "\n".join(map(_in_list, benchmarks().values()))
    chosen = benchmark(arguments.task)
    if not arguments.predictions:
        raise LiitError("no predictions", next_step="name them with --predictions FILE")
    options = Options(*(getattr(arguments, option.name) for option in fields(Options)))
    reports = run_each(chosen, arguments.references, arguments.predictions, options)
    if arguments.json or arguments.items:
        return as_json(*reports, items=arguments.items)
    return "\n\n".join(map(as_text, reports))


def _in_list(one: Benchmark) -> str:
    files = one.needs
    if one.alone:
        files += "; none where the answers hold the references"
    return f"{one.name:<16} {one.metric:<40} references: {files}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``liit score``; return 0, or 2 after printing a readable error."""
    parser = Parser(prog="liit score", description=__doc__)
    add_arguments(parser)
    try:
        sys.stdout.write(run(parser.parse_args(argv)) + "\n")
    except LiitError as fault:
        sys.stderr.write(f"liit score: {fault}\n")
        return 2
    return 0
