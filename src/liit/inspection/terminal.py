"""Samples and lists of them as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from liit.inspection.kept import Place
from liit.inspection.listing import Row
from liit.inspection.look import Look
from liit.inspection.trained import Piece

STYLES = {"read": "", "trained": "bold green", "image": "cyan", "cut": "strike dim"}
WIDTH = 60


def list_table(rows: Sequence[Row], rivals: Sequence[str]) -> Table:
    """Return rows as a table; ``rivals``: the methods that are compared."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "dataset", "skill", "chosen", "group", "scorer", "score", "by"):
        right = name in ("group", "score", "by")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    table.add_column("asked", min_width=16)
    for row in rows:
        facts = row.facts
        score = "" if row.score is None else f"{row.score:.4g}"
        marks = "[red]spoiled[/] " * facts.spoiled + "[yellow]copy[/] " * bool(facts.copy_of)
        table.add_row(
            facts.id,
            escape(facts.dataset),
            escape(facts.skill or ""),
            "yes" if row.chosen else "",
            "" if row.group is None else str(row.group),
            row.scorer,
            score,
            f"{len(row.by)}/{len(rivals)}",
            marks + escape(facts.asked[:WIDTH]),
        )
    return table


def sample_view(look: Look) -> Group:
    """Return a sample with all that is known of its choice."""
    _, seed, step = look.place
    facts = look.facts
    marks = [facts.dataset, facts.skill or "no skill published"]
    marks += ["spoiled answer"] * facts.spoiled
    marks += [f"near-copy of {facts.copy_of}"] if facts.copy_of else []
    colour = "green" if look.chosen else "yellow"
    parts: list[Panel | Table | Text] = [
        Text(f"{facts.id} · {' · '.join(marks)} · {len(look.sample.images)} images"),
        Panel(conversation(look.pieces), title="green: trained", title_align="left"),
        Panel(
            Text(look.reason.text),
            title=f"{escape(look.label)}, {step}, seed {seed}",
            title_align="left",
            border_style=colour,
        ),
    ]
    parts += [*_signals(look), *_nearest(look), *_items(look)]
    parts.append(
        Text(f"Also chosen by: {told(look.elsewhere) or 'no other'} ({look.here} others here)")
    )
    if look.missing:
        parts.append(Text("Not on this machine:", style="bold"))
        parts += [Text(f"- {one}") for one in look.missing]
    return Group(*parts)


def conversation(pieces: Iterable[Piece]) -> Text:
    """Return the tokens as text, coloured by what training does with them."""
    text = Text()
    for piece in pieces:
        shown = f"⟨image: {piece.tokens} positions⟩" if piece.kind == "image" else piece.text
        text.append(shown, style=STYLES[piece.kind])
    return text


def told(places: Iterable[Place]) -> str:
    """Return selections in a line, steps of one run together."""
    runs = groupby(sorted(places), key=lambda place: place[:2])
    return "; ".join(
        f"{method} (seed {seed}: {', '.join(step for _, _, step in steps)})"
        for (method, seed), steps in runs
    )


def _signals(look: Look) -> Iterator[Table]:
    if look.signals:
        table = Table("signal", "value", "rank from the top", box=None, pad_edge=False)
        for name, one in look.signals.items():
            rank = "undefined" if one.rank is None else f"{one.rank:,} of {one.of:,}"
            table.add_row(name, "–" if one.value is None else f"{one.value:.5g}", rank)
        yield table


def _nearest(look: Look) -> Iterator[Table]:
    if look.nearest:
        table = Table("nearest in its group", "cosine", "chosen", "asked", box=None, pad_edge=False)
        for one in look.nearest:
            chosen = "yes" if one.chosen else ""
            told = escape(f"{one.facts.skill or one.facts.dataset}: {one.facts.asked[:WIDTH]}")
            table.add_row(one.facts.id, f"{one.cosine:.3f}", chosen, told)
        yield table


def _items(look: Look) -> Iterator[Table]:
    if look.items:
        table = Table(
            "nearest exam items",
            "cosine",
            "asked",
            "reference",
            "answered",
            box=None,
            pad_edge=False,
        )
        answers = look.answers or [()] * len(look.items)
        for item, answer in zip(look.items, answers, strict=True):
            asked, reference = item.sample.turns[-2].text, item.sample.turns[-1].text
            told = " | ".join(map(str, answer)) or "–"
            cells = (asked.replace("<image>", "").strip()[:WIDTH], reference[:WIDTH], told[:WIDTH])
            table.add_row(item.task, f"{item.cosine:.2f}", *map(escape, cells))
        yield table
