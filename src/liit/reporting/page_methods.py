"""The page's part on single methods: accuracy matrix, what was chosen, samples to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import fmean

from liit.reporting.facts import Facts, ordered
from liit.reporting.grids import number
from liit.reporting.markup import THEME
from liit.reporting.samples import Card
from liit.reporting.style import PART_HUES

LONGEST = 220
"""Characters of a turn that a card shows."""


def methods_section(facts: Facts, cards: Mapping[str, Sequence[Card]]) -> str:
    """Return the section with one fold per method; ``cards`` maps methods to chosen samples."""
    note = "Accuracy on every task after every step, what was chosen, and some of it to look at."
    details = "".join(
        _method(facts, head.method, cards.get(head.method, ())) for head in facts.shown
    )
    return f'<section id="methods"><h2>Methods</h2><p class="note">{note}</p>{details}</section>'


def _method(facts: Facts, method: str, cards: Sequence[Card]) -> str:
    row = next(row for row in facts.table["rows"] if row["method"] == method)
    gain = number(row["relative_gain"]["mean"]) if row["relative_gain"] else "–"
    facts_line = f"{gain} % relative gain · {number(row['average_accuracy']['mean'])} accuracy"
    parts = [f"<h3>Accuracy matrix</h3>{_heat(facts, method)}"]
    for by, what in (("by_source", "dataset"), ("by_skill", "skill")):
        parts.append(f"<h3>Chosen samples by {what}</h3>{_stack(facts, method, by)}")
    if cards:
        step = facts.trajectories[method][facts.seeds[0]].steps[-1]
        where = f"step {step}, seed {facts.seeds[0]}; the highest scores of each dataset"
        found = "".join(_card(card) for card in cards)
        parts.append(f'<h3>Some of them ({escape(where)})</h3><div class="cards">{found}</div>')
    return (
        f'<details class="method" id="method-{escape(method)}"><summary>'
        f"{escape(facts.labels[method])}<span>{facts_line}</span></summary>{''.join(parts)}</details>"
    )


def _heat(facts: Facts, method: str) -> str:
    trajectories = list(facts.trajectories[method].values())
    result = trajectories[0].result
    groups = {
        skill: result[kind][skill]
        for kind in ("skills", "extra_skills")
        for skill in facts.skill_names(kind)
    }
    spans = "".join(f'<th colspan="{len(t)}">{escape(s)}</th>' for s, t in groups.items())
    tasks = [task for group in groups.values() for task in group]
    heads = "".join(f"<th>{escape(task)}</th>" for task in tasks)
    rows = []
    for place, step in enumerate(trajectories[0].steps):
        cells = "".join(
            _heat_cell(fmean(one.matrix.rows[place][task] for one in trajectories))
            for task in tasks
        )
        rows.append(f"<tr><td>{escape(step)}</td>{cells}</tr>")
    return (
        f'<div class="scroll"><table class="heat"><thead><tr><th></th>{spans}</tr>'
        f"<tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _heat_cell(score: float) -> str:
    strong = " strong" if score > 78 else ""
    return f'<td class="cell{strong}" style="--v:{score:.1f}">{score:.1f}</td>'


def _stack(facts: Facts, method: str, by: str) -> str:
    steps = list(facts.trajectories[method][facts.seeds[0]].result["selections"])
    shares = {step: facts.composition(method, step, by) for step in ordered(steps, facts.stream)}
    first = [*facts.stream, *facts.skill_names("skills")]
    parts = ordered({name for share in shares.values() for name in share}, first)
    hues = dict(zip(parts, [THEME.get(hue, hue) for hue in PART_HUES] * len(parts), strict=False))
    legend = "".join(f'<span><i style="background:{hues[p]}"></i>{escape(p)}</span>' for p in parts)
    bars = []
    for step, share in shares.items():
        pieces = "".join(
            f'<i style="width:{100 * share[part]:.2f}%;background:{hues[part]}" '
            f'title="{escape(part)}: {100 * share[part]:.1f} %"></i>'
            for part in parts
            if part in share
        )
        bars.append(f'<span>{escape(step)}</span><div class="bar">{pieces}</div>')
    return f'<div class="legend">{legend}</div><div class="stack">{"".join(bars)}</div>'


def _card(card: Card) -> str:
    sample = card.sample
    pictures = "".join(f'<img alt="" src="{uri}">' for uri in card.images)
    turns = "".join(
        f'<p class="{"answer" if turn.role == "assistant" else "question"}">'
        f"{escape(_shorten(turn.text))}</p>"
        for turn in sample.turns[:4]
    )
    more = f"<p>… {len(sample.turns) - 4} more turns</p>" if len(sample.turns) > 4 else ""
    why = f'<div class="why">{escape(card.reason)}</div>' if card.reason else ""
    return (
        f'<div class="card"><div class="where"><span>{escape(sample.source)}</span>'
        f"<span>{escape(sample.skill or '')}</span></div>"
        f'<div class="pictures">{pictures}</div>{turns}{more}{why}</div>'
    )


def _shorten(text: str) -> str:
    text = " ".join(text.replace("<image>", "").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
