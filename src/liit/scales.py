"""Scales: params.yaml holds one; the files of ``scales/`` hold what the others change."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from liit.config import PARAMS, Params, load_params, nearest
from liit.errors import LiitError
from liit.files import write_text

SCALES = Path("scales")


def use_scale(name: str) -> None:
    """Write a scale to params.yaml.

    Raises LiitError for an unknown scale; the outcome is checked like any params.yaml.
    """
    write_text(PARAMS, _merged(name))
    load_params()


def read_scale(name: str) -> Params:
    """Return a scale's parameters and leave params.yaml as it is; errors as ``use_scale``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.yaml"
        text = _merged(name)
        file.write_text(text, encoding="utf-8")
        return load_params(file)


def _merged(name: str) -> str:
    """Lay ``scales/<name>.yaml`` over ``scales/mini.yaml``.

    Mappings are merged key by key, everything else is replaced.
    """
    names = sorted(path.stem for path in SCALES.glob("*.yaml"))
    if name not in names:
        raise LiitError(
            f"There is no scale {name!r}{nearest(name, names)}.",
            next_step=f"use one of {', '.join(names)}.",
        )
    yaml = YAML()
    yaml.width = 100
    yaml.preserve_quotes = True
    yaml.representer.add_representer(
        type(None),
        lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null"),
    )
    yaml.indent(mapping=2, sequence=4, offset=2)
    params = yaml.load((SCALES / "mini.yaml").read_text(encoding="utf-8"))
    if name != "mini":
        _lay_over(params, yaml.load((SCALES / f"{name}.yaml").read_text(encoding="utf-8")))
    text = io.StringIO()
    yaml.dump(params, text)
    return text.getvalue()


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), Mapping) and value:
            _lay_over(below[key], value)
        else:
            below[key] = value
