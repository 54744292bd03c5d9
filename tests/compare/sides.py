"""Result files small enough to work out by hand: two skills of one task each, two steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from liit.selection.files import digest_ids

SKILLS = {"vqa": ["a"], "language": ["b"]}
CHOSEN = {"mine": "abcd", "random": "cdef", "sequential": "abcdefgh"}
LAST = {
    ("sequential", 0): (80.0, 50.0),
    ("sequential", 1): (80.0, 50.0),
    ("mine", 0): (60.0, 40.0),
    ("mine", 1): (64.0, 30.0),
    ("random", 0): (56.0, 45.0),
    ("random", 1): (60.0, 40.0),
}
"""What tasks a and b score at the last step; at the first, all score 50 and 20."""
CONDITIONS = {"base": "one", "parameters": {"train": {"learning_rate": 0.1}}}


def cell(score: float, stderr: float) -> dict[str, Any]:
    return {
        "score": score,
        "stderr": stderr,
        "n": 10,
        "parsed": 1.0,
        "lenient": score,
        "version": "1",
    }


def result(method: str, seed: int, last: tuple[float, float]) -> dict[str, Any]:
    ids = list(CHOSEN[method])
    return {
        "method": method,
        "label": method.capitalize(),
        "table": "main",
        "seed": seed,
        "scale": "tiny",
        "budget": 4,
        "steps": ["one", "two"],
        "skills": SKILLS,
        "extra_skills": {},
        "matrix": {
            "one": {"a": cell(50, 2), "b": cell(20, 3)},
            "two": {"a": cell(last[0], 2), "b": cell(last[1], 3)},
        },
        "selections": {
            "two": {
                "size": len(ids),
                "sha256": digest_ids(ids),
                "pool": 16,
                "by_source": {"one": 1, "two": len(ids) - 1},
                "by_skill": {"vqa": len(ids)},
            }
        },
        "conditions": CONDITIONS,
    }


def run(seconds: float) -> dict[str, Any]:
    spent = {"samples": 4, "peak_memory_gb": 1.0}
    phases = {"training": {"seconds": seconds, **spent}, "picking": {"seconds": 1.0, **spent}}
    machine = {"device": "cpu", "cores": 2, "versions": {"torch": "2"}, "commit": "c"}
    return {"scale": "tiny", "costs": {"two": phases}, "provenance": machine}


def write(root: Path, methods: tuple[str, ...] = ("sequential", "mine", "random")) -> Path:
    """Write results, runs and selections of some methods, seeds 0 and 1."""
    for (method, seed), last in LAST.items():
        if method not in methods:
            continue
        put(root / "results" / method / f"{seed}.json", result(method, seed, last))
        put(root / "runs" / method / f"{seed}.json", run(9.0 if method == "mine" else 4.0))
        folder = root / "selections" / method / str(seed) / "two"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"id": list(CHOSEN[method])}), folder / "selection.parquet")
    return root


def put(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def change(path: Path, **values: Any) -> None:
    put(path, {**json.loads(path.read_text("utf-8")), **values})
