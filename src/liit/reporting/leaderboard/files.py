"""The files of an entry, held against their classes: `entry.yaml`, results and runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from liit.errors import LiitError
from liit.files import read_json
from liit.limits import Amount, Count, NonNegative, Share, StageName, Strict
from liit.reporting.run_records import RunRecord
from liit.schema import validated

ENTRY = "entry.yaml"
LARGEST = 2_000_000
"""Bytes of a file: a result of the paper's scale has a twentieth of it."""
PLAIN = r"[^\x00-\x1f\x7f-\x9f<>`|\[\]\\\u200b-\u200f\u2028-\u202e\u2066-\u2069]"
"""A character of a text that others see: no markup, nothing that is invisible or turns the line."""
FORMS = {
    "author": (rf"{PLAIN}{{1,120}}", "be 1 to 120 characters without markup"),
    "label": (rf"{PLAIN}{{1,60}}", "be 1 to 60 characters without markup"),
    "description": (rf"{PLAIN}{{1,300}}", "be 1 to 300 characters without markup"),
    "code": (r"https://[\w.-]+(/[\w.~%+@=-]+)*/?", "be a plain https address"),
    "commit": (r"[0-9a-f]{7,40}", "be 7 to 40 hexadecimal digits"),
}
"""What the texts of an entry must be, so that they can stand on a page."""


@dataclass(frozen=True)
class Numbers(Strict):
    """The metrics that the author read off, in percent; they are computed anew from the matrix."""

    relative_gain: float | None
    forgetting_rate: float | None
    average_accuracy: float | None


@dataclass(frozen=True)
class Card(Strict):
    """Who did what: the content of `entry.yaml`.

    ``method``: the name of its results' folder; ``label``: what the table calls it; ``code`` and
    ``commit``: where its source is, and which state of it ran.
    """

    author: str
    method: StageName
    label: str
    description: str
    code: str
    commit: str
    numbers: Numbers


class Given:
    """A part of a result or run file: other keys may stand beside, and nothing is converted."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "ignore",
        "strict": True,
        "allow_inf_nan": False,
    }


@dataclass(frozen=True)
class Cell(Given):
    """One score of the accuracy matrix."""

    score: NonNegative
    stderr: NonNegative
    n: Count
    parsed: Share
    lenient: NonNegative
    version: str | int


@dataclass(frozen=True)
class Chosen(Given):
    """What a result says of one selection."""

    size: Count
    sha256: str
    pool: Count
    by_source: Mapping[str, Amount]
    by_skill: Mapping[str, Amount]


@dataclass(frozen=True)
class Result(Given):
    """A result file."""

    method: str
    seed: Amount
    scale: str
    budget: Count
    steps: tuple[str, ...]
    matrix: Mapping[str, Mapping[str, Cell]]
    selections: Mapping[str, Chosen]
    skills: Mapping[str, tuple[str, ...]]
    extra_skills: Mapping[str, tuple[str, ...]]
    conditions: Mapping[str, Any]


@dataclass(frozen=True)
class Cost(Given):
    """What a phase cost."""

    seconds: NonNegative
    samples: NonNegative
    peak_memory_gb: float | None


@dataclass(frozen=True)
class Origin(Given):
    """Where a run was made."""

    commit: str
    dirty: bool
    versions: Mapping[str, str]
    device: str


@dataclass(frozen=True)
class Run(Given):
    """A run file."""

    scale: str
    costs: Mapping[str, Mapping[str, Cost]]
    provenance: Origin


@dataclass(frozen=True, slots=True)
class LeaderboardEntry:
    """An entry as its folder has it: its card, and its runs by seed."""

    folder: Path
    card: Card
    runs: Mapping[int, RunRecord]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name.removesuffix(".partial")


def read_entry(folder: Path) -> LeaderboardEntry:
    """Read a folder of `leaderboard/`; LiitError for a file that lacks something or should not be.

    Whether the numbers belong beside a table is :func:`liit.reporting.leaderboard.check.checked`'s
    question.
    """
    _expect(folder, lambda path: not path.is_symlink(), "is a link", "the files themselves")
    card = _card(folder / ENTRY)
    results = sorted((folder / "results" / card.method).glob("*.json"))
    seeds = [int(file.stem) for file in results if re.fullmatch(r"0|[1-9]\d{0,5}", file.stem)]
    names = [f"{kind}/{card.method}/{seed}.json" for kind in ("results", "runs") for seed in seeds]
    if not seeds:
        raise LiitError(
            f"{folder}/results/{card.method}/ has no result.",
            next_step="write the entry again with `liit submit`.",
        )
    known = {ENTRY, *names}
    _expect(
        folder,
        lambda path: path.is_dir() or path.relative_to(folder).as_posix() in known,
        "is no file of an entry",
        f"nothing but {', '.join(sorted(known))}",
    )
    return LeaderboardEntry(
        folder, card, {seed: _run(folder, card, seed) for seed in sorted(seeds)}
    )


def _card(file: Path) -> Card:
    try:
        text = _bounded(file).read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("it repeats parts by reference (*), which can grow without end")
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise LiitError(f"{file} is not valid YAML: {error}", next_step="mend that line.") from None
    card: Card = validated(Card, raw, file)
    for name, fault in ill_formed(card).items():
        raise LiitError(f"{file}: {name} {fault}.", next_step="change it.")
    return card


def ill_formed(card: Card) -> dict[str, str]:
    """Return what is wrong with the texts of a card, by name."""
    texts = {name: getattr(card, name) for name in FORMS}
    return {
        name: f"must {wish}, not {texts[name]!r}"
        for name, (form, wish) in FORMS.items()
        if not re.fullmatch(form, texts[name]) or texts[name] != texts[name].strip()
    }


def _run(folder: Path, card: Card, seed: int) -> RunRecord:
    result, run = (
        _validated(kind, folder / name / card.method / f"{seed}.json")
        for kind, name in ((Result, "results"), (Run, "runs"))
    )
    return RunRecord(result, run["costs"], run["provenance"])


def _validated(kind: type, file: Path) -> Any:
    """Return the content of a file that has what its class asks for."""
    content = read_json(_bounded(file), next_step="write the entry again with `liit submit`.")
    validated(kind, content, file)
    return content


def _bounded(file: Path) -> Path:
    if file.is_file() and file.stat().st_size > LARGEST:
        raise LiitError(f"{file} is larger than {LARGEST:,} bytes.", next_step="make it smaller.")
    if not file.is_file():
        raise LiitError(f"{file} does not exist.", next_step="write the entry with `liit submit`.")
    return file


def _expect(folder: Path, fit: Callable[[Path], bool], fault: str, wish: str) -> None:
    """Fail for the first thing at or below a folder that is not fit, with what to leave there."""
    for path in (folder, *sorted(folder.rglob("*"))):
        if not fit(path):
            raise LiitError(f"{path} {fault}.", next_step=f"leave in {folder.name}/ {wish}.")
