"""Put the numbers of reports/instrument.json, and of the streams', into docs/instrument.md.

python tools/instrument_page.py
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liit.files import read_record
from liit.markdown import fill_block, markdown_table
from liit.paths import INSTRUMENT, STREAMS
from liit.scales import MINI

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "instrument.md"
FIELDS = ("models", "pools", "representations", "equal_budgets", "scores", "copies", "claims")
AGAIN = "run `liit instrument` at scale `mini`."
Record = Mapping[str, Any]


def main() -> None:
    """Fill every block of the page; those of scale mini from a record of that scale alone."""
    is_mini = read_record(ROOT / INSTRUMENT, "scale", next_step=AGAIN)["scale"] == MINI
    of_mini = blocks(ROOT / INSTRUMENT) if is_mini else {}
    for name, block in {**of_mini, **blocks_on_real_weights(ROOT)}.items():
        fill_block(PAGE, name, block)


def blocks(path: Path) -> dict[str, str]:
    """Return each generated block of the page by the name of its markers."""
    record = read_record(path, *FIELDS, next_step=AGAIN)
    return {
        "models": _models(record),
        "representations": _representations(record),
        "equal-budgets": _equal_budgets(record),
        "scores": _scores(record),
        "copies": _copies(record),
        "mechanisms": _mechanisms(record),
    }


def blocks_on_real_weights(root: Path) -> dict[str, str]:
    """Return the tables of each stream of published data that was judged.

    Groups are those of the last pool, scores those of every pool with spoiled answers.
    """
    groups, scores = [], []
    for path in sorted(root.glob(f"{STREAMS}/*/{INSTRUMENT}")):
        record = read_record(path, *FIELDS, next_step="bring it back from git.")
        scale, last = record["scale"], record["pools"][-1]["step"]
        groups += [
            [
                f"`{scale}`, {row['rows']:,} samples",
                row["space"],
                "/".join(map(str, row["k"])),
                *(_number(row["ami"][name]) for name in ("dataset", "skill")),
                _number(row["homogeneity"]["dataset"]),
            ]
            for row in record["representations"]
            if (row["step"], row["kind"]) == (last, "draw")
        ]
        scores += [
            [f"`{scale}`, t = {row['step']}", row["score"], _number(row["spoiled"])]
            + [_number(row[name]) for name in ("by_skill", "by_spoiled")]
            for row in record["scores"]
            if row["spoiled"] is not None
        ]
    header = ["scale", "compared by", "k", "AMI, task", "AMI, group", "homogeneity, task"]
    of_scores = ["scale and pool", "score", "AUROC, high"]
    of_scores += ["variance by group", "by being spoiled"]
    return {
        "real-groups": markdown_table(header, groups, [False, False, True, True, True, True]),
        "real-scores": markdown_table(of_scores, scores, [False, False, True, True, True]),
    }


def _models(record: Record) -> str:
    rows = [
        [
            _place(row),
            *(f"{row[name]:,}" for name in ("size", "measured", "grouped", "spoiled")),
            f"{row['image_needed']:,} / {row['image_not_needed']:,}",
        ]
        for row in record["pools"]
    ]
    header = ["pool and model", "samples", "measured", "grouped", "spoiled", "image needed / not"]
    return markdown_table(header, rows, [False, *[True] * 4])


def _representations(record: Record) -> str:
    rows = [
        [
            f"{_place(row)}, {row['rows']:,} samples",
            row["space"],
            "/".join(map(str, row["k"])),
            *(_number(row["ami"][name]) for name in ("skill", "dataset")),
            *(_number(row["homogeneity"][name]) for name in ("skill", "dataset")),
        ]
        for row in record["representations"]
    ]
    header = ["pool and model", "compared by", "k", "AMI, skill", "AMI, dataset"]
    return markdown_table([*header, "homogeneity, skill", "homogeneity, dataset"], rows)


def _equal_budgets(record: Record) -> str:
    rows = [
        [_place(row), row["skill"], f"{100 * row['pool']:.1f}", _number(row["equal_budgets"], 100)]
        for row in record["equal_budgets"]
    ]
    return markdown_table(["pool and model", "skill", "% of the pool", "% expected"], rows)


def _scores(record: Record) -> str:
    names = ("spoiled", "spoiled_low", "spoiled_vqa", "by_skill", "by_spoiled")
    rows = [
        [_place(row), row["score"], *(_number(row[name]) for name in names)]
        for row in record["scores"]
    ]
    header = ["pool and model", "score", "AUROC, high", "AUROC, low", "AUROC, high, in vqa"]
    return markdown_table([*header, "variance by skill", "by being spoiled"], rows)


def _copies(record: Record) -> str:
    names = ("auroc", "semdedup", "lite")
    rows = [[row["space"], *(_number(row[name]) for name in names)] for row in record["copies"]]
    removed = record["copies"][0]["removed"] if record["copies"] else {}
    if removed:
        chance = (f"{removed[name]:.3f}" for name in ("semdedup", "lite"))
        rows.append(["removing at random", "0.500", *chance])
    return markdown_table(["compared by", "AUROC", "recall, SemDeDup's cut", "LITE's cut"], rows)


def _mechanisms(record: Record) -> str:
    rows = [[claim["claim"], claim["verdict"], _supported(claim)] for claim in record["claims"]]
    return markdown_table(["claim", "verdict", "differences with the claimed sign"], rows)


def _supported(claim: Record) -> str:
    means = [value["mean"] for _, value in claim["differences"]]
    return f"{sum(mean > 0 for mean in means)} of {len(means)}"


def _place(row: Record) -> str:
    return f"t = {row['step']}, {row['model']}"


def _number(value: Mapping[str, float | None] | None, by: float = 1.0) -> str:
    """Return a mean with its interval: three decimals, or one in per cent; a dash without."""
    if value is None or value["mean"] is None:
        return "–"
    digits = 1 if by > 1 else 3
    mean, low, high = (
        None if end is None else f"{round(by * end, digits) + 0.0:.{digits}f}"
        for end in (value["mean"], value["low"], value["high"])
    )
    return f"{mean}" if low is None else f"{mean} [{low}, {high}]"


if __name__ == "__main__":
    main()
