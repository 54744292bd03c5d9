"""A made-up campaign on disk: what the stages leave behind, with numbers from a seeded draw.

Nothing here is a measurement; the shapes are those that the pipeline writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from liit.data.sample import IMAGE_TAG, ImageRef, Turn, make_sample
from liit.data.store import Quarantined, SampleStore, write_store
from liit.reporting.report_data import ReportData, gather
from liit.selection.files import digest_ids

STREAM = ["llava", "m3it", "minigpt4", "mantis", "lamm", "vision_flan"]
SKILLS = {
    "vqa": ["vqa_objects", "vqa_digits"],
    "kvqa": ["kvqa"],
    "multilingual": ["chinese_vqa", "chinese_captions"],
    "grounding": ["boxes"],
    "reasoning": ["reasoning"],
    "language": ["language"],
}
EXTRA = {"captioning": ["captions"], "video": ["video"]}
TASKS = [task for tasks in [*SKILLS.values(), *EXTRA.values()] for task in tasks]
SCORERS = ["perplexity", "image_grounding", "el2n", "entropy"]
METHODS: dict[str, tuple[str, tuple[float, float | None, float] | None, float | None]] = {
    "sequential": ("Sequential", (68.0, 26.0, 32.0), None),
    "multitask": ("Multi-task", (92.5, None, 46.1), None),
    "replay": ("Random experience replay", (89.5, 6.6, 43.4), None),
    "random": ("Random", (95.3, 2.1, 47.2), 1.0),
    "el2n": ("EL2N", (82.4, 12.2, 43.9), 1.0),
    "entropy": ("Entropy", (79.6, 15.1, 41.6), 1.0),
    "perplexity": ("Perplexity", (91.4, 9.6, 45.2), 1.0),
    "image_grounding": ("Image grounding", (92.3, 5.6, 45.6), 1.0),
    "semdedup": ("SemDeDup", (76.4, 6.4, 38.5), 1.0),
    "dbp": ("Density-based", (78.1, 5.1, 39.6), 1.0),
    "coincide": ("COINCIDE", (89.5, 3.9, 44.7), 1.0),
    "adapt_inf": ("Adapt-∞", (102.3, 0.9, 50.5), 1.0),
    "adapt_inf_2x": ("Adapt-∞, 2×", (107.2, 0.2, 51.7), 2.0),
    "adapt_inf_4x": ("Adapt-∞, 4×", (109.7, 0.4, 52.5), 4.0),
    "lite_adapt_inf": ("LITE-Adapt-∞", (99.7, 1.3, 49.6), 1.0),
}
BUDGET = 40
POOL = 60
PLAIN = ["sequential", "random", "adapt_inf"]
LEARNERS = {
    "random_ewc": ("Random with EWC", "random", "Ewc()", "ewc"),
    "random_lwf": ("Random with LwF", "random", "Lwf()", "lwf"),
    "adapt_inf_ewc": ("Adapt-∞ with EWC", "adapt_inf", "Ewc()", "ewc"),
}
FACTORS = {"sequential": None, "random": 1.0, "adapt_inf": 2.0}


def write_campaign(
    root: Path, methods: list[str] | None = None, seeds: tuple[int, ...] = (0,)
) -> list[str]:
    """Write results, runs, selections, method files and prepared data; return the methods."""
    methods = methods or list(METHODS)
    ids = _data(root)
    for place, method in enumerate(METHODS):
        if method not in methods:
            continue
        _method_file(root, method)
        for seed in seeds:
            rng = np.random.default_rng([seed, place])
            _run_files(root, method, seed, rng, ids)
    (root / "README.md").write_text(
        "# Project\n\n<!-- table:start -->\nold\n<!-- table:end -->\n\nMore.\n", encoding="utf-8"
    )
    return methods


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")


def _method_file(root: Path, method: str) -> None:
    label, paper, factor = METHODS[method]
    start = "base" if method == "multitask" else "previous"
    path = root / "experiments" / "main" / f"{method}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "from liit.selection.method import Method, Published\n"
        f"METHOD = Method({label!r}, Published(*{paper!r}), budget_factor={factor!r}, "
        f"start={start!r})\n",
        encoding="utf-8",
    )


def _data(root: Path) -> dict[str, list[tuple[str, str]]]:
    """Write the prepared datasets; return (id, skill) per dataset."""
    ids: dict[str, list[tuple[str, str]]] = {}
    for place, name in enumerate(STREAM):
        samples: list[Any] = []
        for i in range(POOL):
            skill = list(SKILLS)[i % 6]
            image = ImageRef(path=f"{name}/{i:03d}.png")
            _draw(root / "data" / name / f"{i:03d}.png", place, i)
            turns = [
                Turn("user", f"{IMAGE_TAG}\nHow many <b>{skill}</b> shapes, no. {i}?"),
                Turn("assistant", f"There are {i % 7}."),
            ]
            extra = {"quality": "low"} if i % 10 == 3 else {}
            samples.append(make_sample(name, turns, [image], skill=skill, extra=extra))
        ids[name] = [(one.id, one.skill) for one in samples]
        samples.append(Quarantined(f"{name}.json", "17", "turn 3 is an empty answer"))
        write_store(samples, root / "data" / f"{name}.arrow")
    return ids


def _draw(path: Path, place: int, i: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (48, 48), (230, 226, 215))
    draw = ImageDraw.Draw(image)
    colour = [(200, 60, 40), (40, 110, 190), (50, 150, 80), (230, 170, 40)][i % 4]
    x, y = 4 + i % 20, 4 + (i * 7) % 20
    shape = draw.ellipse if (i + place) % 2 else draw.rectangle
    shape([x, y, x + 18, y + 18], fill=colour)
    image.save(path)


def _run_files(
    root: Path,
    method: str,
    seed: int,
    rng: np.random.Generator,
    ids: dict[str, list[tuple[str, str]]],
) -> None:
    label = METHODS[method][0]
    steps = STREAM[-1:] if method == "multitask" else STREAM
    matrix = _matrix(method, rng)
    chosen = {
        step: _select(root, method, seed, step, rng, ids) for step in steps if step != "llava"
    }
    result = {
        "method": method,
        "label": label,
        "table": "main",
        "seed": seed,
        "scale": "mini",
        "budget": BUDGET,
        "steps": steps,
        "skills": SKILLS,
        "extra_skills": EXTRA,
        "matrix": {step: matrix[step] for step in steps},
        "selections": chosen,
        "conditions": {"base": "the same"},
    }
    write_json(root / "results" / method / f"{seed}.json", result)
    write_json(root / "runs" / method / f"{seed}.json", _run(method, steps, rng))


def _matrix(method: str, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    keep = {"sequential": 0.6, "replay": 0.9}.get(method, 0.94 if method in SCORERS else 0.985)
    start = {task: 30 + 50 * ((i * 7) % 10) / 10 for i, task in enumerate(TASKS)}
    start |= {"chinese_vqa": 2.0, "chinese_captions": 1.0}
    matrix: dict[str, dict[str, Any]] = {}
    score = dict(start)
    for t, step in enumerate(STREAM):
        for i, task in enumerate(TASKS):
            if t:
                gains = (i + t) % 4 == 0 or (t == 1 and task.startswith("chinese"))
                change = 25.0 if gains else -(1 - keep) * score[task]
                score[task] = float(np.clip(score[task] + change + rng.normal(0, 1.5), 0.5, 97))
        matrix[step] = {
            task: {
                "score": round(value, 2),
                "stderr": 2.1,
                "n": 200,
                "parsed": 0.98 if t < 3 or method != "sequential" else 0.7,
                "lenient": round(value + 1, 2),
                "version": 1,
            }
            for task, value in score.items()
        }
    return matrix


def _select(
    root: Path,
    method: str,
    seed: int,
    step: str,
    rng: np.random.Generator,
    ids: dict[str, list[tuple[str, str]]],
) -> dict[str, Any]:
    reached = STREAM[: STREAM.index(step) + 1]
    factor = METHODS[method][2]
    sources = [step] if method == "sequential" else reached
    pool = [(i, name, skill) for name in sources for i, skill in ids[name]]
    size = len(pool) if factor is None else min(len(pool), round(BUDGET * factor))
    picked = sorted(pool[i] for i in rng.permutation(len(pool))[:size])
    grouped = method in ("adapt_inf", "lite_adapt_inf", "adapt_inf_2x", "adapt_inf_4x")
    groups = 8 if grouped else None
    winners = [SCORERS[g % 4] for g in range(8)] if grouped else []
    place = [int(rng.integers(8)) for _ in picked]
    scored = grouped or method in SCORERS
    folder = root / "selections" / method / str(seed) / step
    folder.mkdir(parents=True, exist_ok=True)
    table = {
        "id": [one[0] for one in picked],
        "group": pa.array(place if grouped else [None] * size, pa.int64()),
        "scorer": pa.array(
            [winners[g] for g in place] if grouped else [method if scored else None] * size,
            pa.string(),
        ),
        "score": pa.array(
            [round(float(rng.gamma(2, 1)), 3) if scored else None for _ in picked], pa.float64()
        ),
    }
    pq.write_table(pa.table(table), folder / "selection.parquet")
    why: dict[str, Any] = {"pool": len(pool), "chosen": size}
    if grouped:
        why |= {"k": 8, "curve": {str(k): round(90 / k**0.5, 3) for k in range(4, 25, 4)}}
        why["entropies"] = [{name: 2.0 + (name == won) for name in SCORERS} for won in winners]
    write_json(folder / "why.json", why)
    return {
        "size": size,
        "sha256": digest_ids([one[0] for one in picked]),
        "by_source": _count([one[1] for one in picked]),
        "by_skill": _count([one[2] for one in picked]),
        "winners": _count([one for one in table["scorer"].to_pylist() if one]) or None,
        "groups": groups,
        "pool": len(pool),
    }


def _count(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


def _run(method: str, steps: list[str], rng: np.random.Generator) -> dict[str, Any]:
    base = {"random": 0.1, "sequential": 0.0, "multitask": 0.0, "replay": 0.0}.get(method, 20.0)
    seconds = {
        "signals": base * float(rng.uniform(0.9, 1.1)),
        "clustering": 2.0 if method.startswith(("adapt", "lite", "coincide")) else 0.0,
        "picking": 0.1,
        "training": 40.0 if method in ("sequential", "multitask", "replay") else 8.0,
        "evaluation": 3.0,
    }
    phase = {
        name: {"seconds": value, "samples": 100, "peak_memory_gb": 1.5}
        for name, value in seconds.items()
    }
    provenance = {
        "commit": "abc1234",
        "dirty": False,
        "device": "cpu",
        "versions": {"torch": "2.13.0"},
    }
    return {"costs": dict.fromkeys(steps, phase), "provenance": provenance}


REPORTED = ["sequential", "multitask", "random", "adapt_inf"]


def stores(root: Path) -> dict[str, SampleStore]:
    return {name: SampleStore(root / "data" / f"{name}.arrow", root / "data") for name in STREAM}


def learner_campaign(root: Path) -> ReportData:
    """Write the table `grid`: rows of the main table, and learners beside them; gather it."""
    write_campaign(root, PLAIN, (0, 1))
    for name, factor in FACTORS.items():
        text = f"METHOD = Method({name!r}, budget_factor={factor!r})\n"
        method_file(root, "main", name, text)
    for name, (label, of, call, module) in LEARNERS.items():
        text = f"from liit.learning.learners.{module} import *\n"
        text += f"METHOD = Method({label!r}, budget_factor={FACTORS[of]!r}, learner={call})\n"
        method_file(root, "grid", name, text)
        for seed in (0, 1):
            files = (root / kind / of / f"{seed}.json" for kind in ("results", "runs"))
            result, run = (json.loads(file.read_text("utf-8")) for file in files)
            result |= {"method": name, "label": label, "table": "grid"}
            result |= {"learner": {"name": call[:-2]}}
            for cost in run["costs"].values():
                if "training" in cost:
                    cost["training"] = learnt(cost["training"])
            for kind, content in (("results", result), ("runs", run)):
                write_json(root / "tables/grid" / kind / name / f"{seed}.json", content)
    return gather(root, "grid", [*PLAIN, *LEARNERS], [0, 1])


def learnt(plain: dict[str, Any]) -> dict[str, Any]:
    """Twice the time for each sample, and ten seconds aside."""
    more = {"seconds": 2 * plain["seconds"] + 10, "aside_seconds": 10, "state_bytes": 3_000_000}
    return {**plain, **more, "trained_parameters": 50, "parameters": 900}


def method_file(root: Path, table: str, name: str, text: str) -> None:
    path = root / "experiments" / table / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("from liit.selection import Method\n" + text, encoding="utf-8")
