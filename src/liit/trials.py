"""A method or its training tried with other numbers, apart from every table.

A trial is a folder that looks like the project: its own params.yaml and method file, and links to
the data, the base and the measured signals. So `liit run` works in it as ever, and `liit compare`
holds its result against those of the tables.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from liit import paths
from liit.config import PARAMS, load_params
from liit.errors import LiitError, nearest
from liit.files import digest_json, read_record, write_text
from liit.reporting.cards import metrics_of_result
from liit.selection import load
from liit.selection.knobs import with_knobs

TRIALS = Path("trials")
TUNED = ("budget", "lora", "train", "signals")
"""Parts of params.yaml that decide neither the data nor the base, which trials share."""
LINKED = (str(paths.BASE), str(paths.DATA), "eval", str(paths.SCRATCH))
METHOD = "method."
PYTHONS = {"True": True, "False": False, "None": None}
"""How a W&B agent writes what JSON spells otherwise."""
UP = Path("../..")
"""The project, seen from a trial."""
METHOD_FILE = '''"""{method} with other knobs: a trial."""

from pathlib import Path

from liit.selection import load
from liit.selection.knobs import with_knobs

METHOD = with_knobs(load({table!r}, {method!r}, Path({experiments!r})), {knobs!r})
'''


@dataclass(frozen=True, slots=True)
class Trial:
    """A method's name and seed in the trial's ``folder``."""

    folder: Path
    name: str
    seed: int

    @property
    def result(self) -> Path:
        """The file that its run leaves."""
        return self.folder / paths.result(self.name, self.seed)


def open_trial(table: str, method: str, seed: int, settings: Sequence[str]) -> Trial:
    """Make the folder of a trial; ``settings`` are ``key=value``.

    Keys: ``seed``; a key of params.yaml in one of :data:`TUNED` (``train.learning_rate``);
    ``method.`` and a knob. Values are JSON, or else words. The same settings lead to the same
    folder. Raises LiitError for anything else.
    """
    values = dict(_setting(setting) for setting in settings)
    seed = values.pop("seed", seed)
    knobs = {k.removeprefix(METHOD): v for k, v in values.items() if k.startswith(METHOD)}
    tuned = {key: value for key, value in values.items() if not key.startswith(METHOD)}
    with_knobs(load(table, method), knobs)
    name = f"{method}-{digest_json([load_params().scale, table, method, values])[:8]}"
    folder = TRIALS / name
    params = _tuned(name, seed, tuned)
    text = yaml.safe_dump(params, sort_keys=False)
    new = not folder.exists()
    write_text(folder / PARAMS, text)
    try:
        load_params(folder / PARAMS)
    except LiitError:
        if new:
            shutil.rmtree(folder)
        raise
    experiments = UP / paths.EXPERIMENTS
    write_text(
        folder / paths.EXPERIMENTS / paths.MAIN / f"{name}.py",
        METHOD_FILE.format(table=table, method=method, experiments=str(experiments), knobs=knobs),
    )
    paths.SCRATCH.mkdir(exist_ok=True)
    for linked in (*LINKED, params["model"]["checkpoint"], params["model"]["adapter"]):
        if linked is not None and Path(linked).is_dir() and not Path(linked).is_absolute():
            _link(folder / linked, Path(linked))
    return Trial(folder, name, seed)


def metrics(trial: Trial) -> dict[str, float]:
    """Return the metrics of a trial that has run, those that are defined."""
    result = read_record(trial.result, "matrix", "conditions", next_step="run the trial again.")
    known = metrics_of_result(result)
    ordered = ("average_accuracy", "forgetting_rate", "relative_gain")
    return {name: value for name in ordered if (value := known[name]) is not None}


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise LiitError(f"--set {text}: no `key=value`.", next_step="write it as budget=200.")
    try:
        return key, json.loads(value)  # YAML 1.1 takes 1e-05 for a word
    except json.JSONDecodeError:
        return key, PYTHONS.get(value, value)


def _tuned(name: str, seed: int, tuned: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    for key, value in tuned.items():
        _lay(params, key, value)
    params |= {"methods": [name], "seeds": [seed], "tables": {}}
    params["data_root"] = str(Path(params["data_root"]).absolute())
    return params


def _lay(params: dict[str, Any], key: str, value: Any) -> None:
    *above, last = parts = key.split(".")
    if parts[0] not in TUNED:
        raise LiitError(
            f"--set {key}: a trial shares its data and its base with the tables"
            f"{nearest(key, TUNED)}.",
            next_step=f"set seed, method.KNOB, or what lies in {', '.join(TUNED)}; for anything "
            f"else edit {PARAMS}.",
        )
    place = params
    for part in above:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise LiitError(
                f"--set {key}: {part} has no parts; it is {json.dumps(place)}.",
                next_step=f"set it as a whole, or edit {PARAMS}.",
            )
    place[last] = value


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir() and not link.is_symlink():
        raise LiitError(
            f"{link}/ stands where a trial has a link to {target}/.",
            next_step=f"remove {link}, and run the trial again.",
        )
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)
