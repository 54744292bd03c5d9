"""Scales: params.yaml holds ``mini``; the files of ``scales/`` hold what the others change.

Nothing is written down twice: while params.yaml holds another scale, ``mini`` waits as it was in
``scales/mini.yaml``, which git ignores. That works in an unpacked archive as in a clone.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from liit.config import PARAMS, Params, load_params
from liit.errors import LiitError, nearest
from liit.files import write_text
from liit.git import git
from liit.paths import SCRATCH

SCALES = Path("scales")
MINI = "mini"
WAITING = SCALES / f"{MINI}.yaml"
OVER = "over"
"""Field of a scale's file: the scale that it changes, where that is not ``mini``."""
WHOLE = ("stream", "skills")
"""Mappings that a scale gives whole: its datasets, and the shares of a mixture."""


def use_scale(name: str) -> Path | None:
    """Write params.yaml for a scale, checked like any params.yaml.

    ``mini`` comes back byte for byte; asked for while it is there, the committed one comes back.
    Where params.yaml had edits that this would lose, returns the file that they are kept in.
    """
    _expect_scale(name)
    kept = _keep_edits(name)
    if name == MINI:
        in_use = _mini_in(PARAMS)
        text = (None if in_use else _mini_in(WAITING)) or _committed() or _mini()
        _parsed(text)
    else:
        _expect_yaml(PARAMS)  # its edits would be lost
        text = composed(name)
        _parsed(text)
        write_text(WAITING, _mini())
    write_text(PARAMS, text)
    if name == MINI:
        WAITING.unlink(missing_ok=True)
    return kept


def _keep_edits(name: str) -> Path | None:
    """Keep a params.yaml that is not as its scale's file makes it; mini waits where it always does.

    Returns where, or None where there is nothing to lose.
    """
    try:
        text = PARAMS.read_text(encoding="utf-8")
        scale = yaml.safe_load(text)["scale"]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None  # there is none, or none that says its scale
    if scale == MINI and name != MINI:
        return None
    with contextlib.suppress(LiitError):
        if text == (_committed() if scale == MINI else composed(scale)):
            return None
    kept = SCRATCH / f"params-{Path(str(scale)).name}.yaml"
    write_text(kept, text)
    return kept


def params_of(name: str) -> Params:
    """Return the parameters of a scale without writing params.yaml."""
    return _parsed(composed(name))


def _parsed(text: str) -> Params:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PARAMS.name
        write_text(path, text)
        try:
            return load_params(path)
        except LiitError as error:
            problem, step = (
                part.replace(str(path), str(PARAMS)) for part in (error.problem, error.next_step)
            )
            raise LiitError(problem, next_step=step) from None


def composed(name: str, above: tuple[str, ...] = ()) -> str:
    """Return ``scales/<name>.yaml`` laid over ``mini``, or the scale that it is ``over``.

    Comments are kept. Mappings are merged key by key, but for those of :data:`WHOLE`; everything
    else is replaced. ``above``: scales that will lie over this one. Raises LiitError for an unknown
    scale, for one that is no YAML, and for one that lies over itself.
    """
    _expect_scale(name)
    if name == MINI:
        return _mini()
    editor = YAML()
    editor.width = 100
    editor.preserve_quotes = True
    editor.representer.add_representer(
        type(None),
        lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null"),
    )
    editor.indent(mapping=2, sequence=4, offset=2)
    file = SCALES / f"{name}.yaml"
    try:
        changed = editor.load(file.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise LiitError(f"{file} is not valid YAML: {error}", next_step="mend that line.") from None
    if not isinstance(changed, dict) or changed.get("scale") != name:
        raise LiitError(
            f"{file} does not say that it is scale {name}, the name of the file.",
            next_step=f"write `scale: {name}` into it: results carry that name.",
        )
    below, above = changed.pop(OVER, MINI), (name, *above)
    if below in above:
        raise LiitError(f"{file} lies over itself.", next_step=f"name another scale in {OVER!r}.")
    params = editor.load(composed(below, above))
    _lay_over(params, changed)
    text = io.StringIO()
    editor.dump(params, text)
    return text.getvalue()


def _expect_scale(name: str) -> None:
    names = scale_names()
    if name not in names:
        raise LiitError(
            f"There is no scale {name!r}{nearest(name, names)}.",
            next_step=f"use one of {', '.join(names)}.",
        )


def scale_names() -> list[str]:
    """Return the scales that there are, sorted; LiitError outside of a project."""
    if not SCALES.is_dir():
        raise LiitError(
            f"{SCALES}/ does not exist in {Path.cwd()}.", next_step="run from the project's folder."
        )
    return sorted({MINI, *(path.stem for path in SCALES.glob("*.yaml"))})


def _mini() -> str:
    """Return scale mini: params.yaml while it holds it, else what waits, else what git holds."""
    text = _mini_in(PARAMS) or _mini_in(WAITING) or _committed()
    if text is None:
        raise LiitError(
            f"Neither {PARAMS} nor {WAITING} in {Path.cwd()} holds scale {MINI}, which every "
            "other scale lies over.",
            next_step=f"run from the project's folder, or take {PARAMS} from where the project "
            "came from.",
        )
    return text


def _expect_yaml(path: Path) -> None:
    if not path.is_file():
        return
    try:
        yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LiitError(
            f"{path} is not valid YAML, and its edits would be lost: {error}",
            next_step=f"mend that line; `liit scale {MINI}` brings the committed one back.",
        ) from None


def _mini_in(path: Path) -> str | None:
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        return _if_mini(path.read_text(encoding="utf-8"))
    return None


def _committed() -> str | None:
    text = git("show", f"HEAD:./{PARAMS}")
    return None if text is None else _if_mini(text + "\n")


def _if_mini(text: str) -> str | None:
    try:
        params = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return text if isinstance(params, dict) and params.get("scale") == MINI else None


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        merged = isinstance(value, Mapping) and isinstance(below.get(key), Mapping) and value
        if merged and key not in WHOLE:
            _lay_over(below[key], value)
        else:
            below[key] = value
