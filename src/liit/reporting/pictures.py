"""Figures that need a model are drawn by a stage of their own and kept; reports show them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from liit import paths
from liit.files import read_json, write_json
from liit.reporting.drawings import Drawing
from liit.reporting.style import save_svg

FOLDER = paths.REPORTS / "signals"
CAPTIONS = "captions.json"
NEXT_STEP = "run `dvc repro figures`."


def keep_pictures(root: Path, drawn: Iterable[Drawing]) -> None:
    """Write the figures and their captions below the project folder ``root``."""
    folder, captions = root / FOLDER, []
    for old in folder.glob("*.svg"):
        old.unlink()
    for name, figure, caption in drawn:
        save_svg(figure, folder / name)
        captions.append([name, caption])
    write_json(folder / CAPTIONS, captions)


def read_pictures(root: Path) -> dict[str, tuple[str, str]]:
    """Return the kept figures in order, name -> (SVG, caption); empty if none were drawn."""
    folder = root / FOLDER
    if not (folder / CAPTIONS).is_file():
        return {}
    captions = read_json(folder / CAPTIONS, next_step=NEXT_STEP)
    return {name: ((folder / name).read_text(encoding="utf-8"), text) for name, text in captions}
