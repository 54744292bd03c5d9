"""Scales: params.yaml holds one; the files of ``scales/`` hold what the others change."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from liit.config import PARAMS, Params, load_params
from liit.errors import LiitError, nearest
from liit.files import write_text

SCALES = Path("scales")


def use_scale(name: str) -> None:
    """Write what :func:`composed` gives to params.yaml; it is checked like any params.yaml."""
    write_text(PARAMS, composed(name))
    load_params()


def params_of(name: str) -> Params:
    """Return the parameters of a scale without writing params.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PARAMS.name
        write_text(path, composed(name))
        return load_params(path)


def composed(name: str) -> str:
    """Return ``scales/<name>.yaml`` laid over ``scales/mini.yaml``, comments kept.

    Mappings are merged key by key, everything else is replaced. Raises LiitError for an unknown
    scale.
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
