"""HumanEval: pass@k from recorded results, or by running the programs on request."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import comb
from pathlib import Path
from typing import Any

from liit.errors import LiitError
from liit.scoring.answers import of_one_file
from liit.scoring.benchmark import Benchmark, Options, Outcome
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import Record, as_list

_KS = (1, 10, 100)
SECONDS = 3
_MEMORY = 1 << 30
_PASSED = 86
_RUNNER = """
import os, resource
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    with open("program.py", encoding="utf-8") as file:
        exec(compile(file.read(), "program.py", "exec"), {{}})
except BaseException:
    os._exit(1)
os._exit({passed})
"""
"""Runs a program as HumanEval's scorer does; one that exits before its tests has not passed."""


def runs_through(program: str, seconds: int = SECONDS) -> bool:
    """Run a Python program in an empty folder; True if its last line is reached without an error.

    It has no input, no environment variables, ``seconds`` of time, 1 GB of memory and may write
    1 MB per file. This keeps mistakes in bounds, not malice: run unknown programs in a container.
    """
    runner = _RUNNER.format(seconds=seconds, memory=_MEMORY, passed=_PASSED)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(program, encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", runner],
                cwd=folder,
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == _PASSED


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """Unbiased estimate of pass@k: 1 - C(n - c, k) / C(n, k). Chen et al. 2021, equation 1."""
    return 1.0 - comb(samples - passed, k) / comb(samples, k)


def _humaneval(
    references: Sequence[Document], samples: Sequence[Document], options: Options
) -> Outcome:
    """Estimate pass@k from samples that were run elsewhere ("passed") or are run now."""
    problems = [dict(r.fields) for r in all_records(references)]
    results: dict[str, list[bool]] = defaultdict(list)
    sources: dict[str, list[Document]] = defaultdict(list)
    for task, record in _samples(samples, problems):
        sources[task].append(record.document)
        of_one_file(sources[task], f"answer {task}")
        if "passed" in record.fields:
            results[task].append(_passed(record))
        elif options.execute:
            program = _program(task, record, problems, options.answer_field)
            results[task].append(runs_through(program))
        else:
            note = "not run: running generated programs needs --execute (in a container, please)"
            return Outcome(None, notes=[note], n=0)
    least = min(len(passed) for passed in results.values())
    estimates = {
        f"pass@{k}": sum(pass_at_k(len(p), sum(p), k) for p in results.values()) / len(results)
        for k in _KS
        if k <= least
    }
    return Outcome(
        100 * estimates["pass@1"],
        None,
        estimates,
        notes=_left_out(problems, results),
        n=len(results),
    )


def _passed(record: Record) -> bool:
    """Return what a record says of its program; a table says it in a word."""
    words = {"true": True, "1": True, "false": False, "0": False}
    said = words.get(str(record.fields["passed"]).strip().lower())
    if said is None:
        raise LiitError(
            f"{record.where}: passed is {record.fields['passed']!r}",
            next_step="give true or false",
        )
    return said


def _left_out(problems: Sequence[Mapping[str, Any]], results: Mapping[str, Any]) -> list[str]:
    """Say how many of the given problems no sample tries: the official scorer refuses them."""
    left = sum(str(problem.get("task_id")) not in results for problem in problems)
    return [f"{left} of {len(problems)} problems have no sample: not in the score"] if left else []


def _samples(
    documents: Sequence[Document], problems: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Record]]:
    """Yield (task, sample): records with a task, or one list of programs per problem in order."""
    for record in all_records(documents):
        if record.id is not None:
            yield record.id, record
            continue
        if record.place > len(problems):
            raise LiitError(
                f"{record.where}: no problem {record.place} among the references",
                next_step="name the problem file with --references",
            )
        task = str(problems[record.place - 1]["task_id"])
        for program in as_list(record.need(("value",), "list of programs")):
            yield task, replace(record, fields={"program": program})


def _program(
    task: str, sample: Record, problems: Sequence[Mapping[str, Any]], field: str | None
) -> str:
    problem = next((p for p in problems if p.get("task_id") == task), None)
    if problem is None:
        raise LiitError(
            f"no problem {task!r} among the references",
            next_step="name the problem file with --references",
        )
    name = field or ("program" if "program" in sample.fields else "completion")
    try:
        body = str(sample.at(name))
    except KeyError as fault:
        raise LiitError(
            f"{sample.where}: no field {name!r} holds a program "
            f"(it has: {', '.join(sample.fields)})",
            next_step="name it with --answer-field NAME",
        ) from fault
    whole = name == "program" or (field and f"def {problem['entry_point']}" in body)
    if not whole:
        body = f"{problem['prompt']}{body}"
    return f"{body}\n{problem['test']}\ncheck({problem['entry_point']})\n"


BENCHMARKS = (Benchmark("humaneval", "pass@1, %", collect=_humaneval, needs="the problem file"),)
