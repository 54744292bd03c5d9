"""What `liit report` leaves on disk."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from campaign import EXTRA, REPORTED, SKILLS, STREAM, stores, write_campaign

from liit.errors import LiitError
from liit.markdown import fill_block
from liit.reporting.report import write_report
from liit.reporting.samples import drawn_samples
from liit.reporting.tables import METRICS


def cells(markdown: str, first: str) -> list[list[str]]:
    """Return the rows of the first Markdown table whose header starts with ``first``."""
    lines = markdown.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize("name", ["README.md", "reports/README.md"])
def test_the_written_table_is_table_json(reported: Path, name: str) -> None:
    table = json.loads((reported / "reports" / "table.json").read_text())
    rows = cells((reported / name).read_text(), "Method")
    assert len(rows) == len(table["rows"]) == len(REPORTED)
    for written, row in zip(rows, table["rows"], strict=True):
        assert written[:2] == [row["label"], str(row["budget"])]
        metrics = ("relative_gain", "forgetting_rate", "average_accuracy")
        for cell, metric in zip(written[2:5], metrics, strict=True):
            value = row[metric]
            if value is None:
                assert cell == "–"
            else:
                assert cell == f"{value['mean']:.1f} [{value['low']:.1f}, {value['high']:.1f}]"
        for cell, metric in zip(written[6:9], metrics, strict=True):
            paper = row["paper"][metric]
            assert cell == ("–" if paper is None else f"{paper:.1f}")


def test_the_page_and_the_written_report_have_the_same_sections_in_order(reported: Path) -> None:
    written = (reported / "reports" / "README.md").read_text()
    page = (reported / "reports" / "index.html").read_text()
    titles = [unescape(title) for title in re.findall(r"<h2>(.*?)</h2>", page)]
    assert titles == re.findall(r"^## (.*)$", written, re.MULTILINE)
    assert titles[0] == "The table" and len(titles) == len(set(titles)) > 15


def test_the_readme_keeps_what_is_around_the_table(reported: Path) -> None:
    text = (reported / "README.md").read_text()
    assert text.startswith("# Project\n")
    assert text.endswith("\nMore.\n")
    assert "\nold\n" not in text
    (figure,) = re.findall(r"!\[.*\]\((.*)\)", text)
    assert (reported / figure).is_file()


def test_a_page_without_markers_is_refused_and_left_alone(tmp_path: Path) -> None:
    start, end, page = "<!-- table:start -->", "<!-- table:end -->", tmp_path / "README.md"
    other = "<!-- bench:start --><!-- bench:end -->"
    for text in ("no markers", other, f"{end} {start}", f"{start} {end} {start} {end}"):
        page.write_text(text)
        with pytest.raises(LiitError, match=r"README\.md has no place for its table"):
            fill_block(page, "table", "new")
        assert page.read_text() == text
    page.write_text(f"a\n{start}old{end}\n{other}\n")
    fill_block(page, "table", "new")
    assert page.read_text() == f"a\n{start}\n\nnew\n\n{end}\n{other}\n"


def test_two_reports_on_the_same_files_have_the_same_bytes(reported: Path) -> None:
    def digest() -> dict[str, bytes]:
        files = [reported / "README.md", *(reported / "reports").rglob("*")]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    before = digest()
    write_report(reported, "main", REPORTED, [0, 1], stores(reported))
    assert digest() == before
    assert not list(reported.rglob("*.partial"))


def test_dvc_finds_a_file_of_metrics_per_method_and_plot_rows(reported: Path) -> None:
    table = json.loads((reported / "reports" / "table.json").read_text())
    files = sorted((reported / "reports" / "metrics").iterdir())
    metrics = {file.stem: json.loads(file.read_text()) for file in files}
    assert set(metrics) == {row["method"] for row in table["rows"]}
    for row in table["rows"]:
        means = {name: row[name]["mean"] for name in METRICS if row[name] is not None}
        assert metrics[row["method"]] == pytest.approx(means, abs=0.005)
    assert "forgetting_rate" not in metrics["multitask"]
    rows = json.loads((reported / "reports" / "plots" / "skills.json").read_text())
    assert len(rows) == 2 * (len(SKILLS) + len(EXTRA)) * (3 * len(STREAM) + 1)


def test_matrices_and_selections_repeat_the_results(reported: Path) -> None:
    result = json.loads((reported / "results" / "random" / "1.json").read_text())
    matrices = json.loads((reported / "reports" / "matrices.json").read_text())
    one = matrices["methods"]["random"]["1"]
    place = one["tasks"].index("boxes")
    expected = [result["matrix"][step]["boxes"]["score"] for step in STREAM]
    assert [row[place] for row in one["score"]] == expected
    selections = json.loads((reported / "reports" / "selections.json").read_text())
    assert selections["random"]["1"] == result["selections"]


def test_another_table_gets_its_own_folder_and_leaves_the_readme(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random"])
    before = (tmp_path / "README.md").read_bytes()
    write_report(tmp_path, "ablations", methods, [0], {})
    assert (tmp_path / "README.md").read_bytes() == before
    text = (tmp_path / "reports" / "ablations" / "README.md").read_text()
    assert text.startswith("# ablations\n\n2 methods along 6 datasets.")
    assert "**One seed (0).**" in text
    assert "The paper's claims" not in text, "they are about the main table"


def test_figures_are_sound_svg_without_dates(reported: Path) -> None:
    figures = sorted((reported / "reports" / "figures").glob("*.svg"))
    names = {path.name for path in figures}
    assert {"skills.svg", "extra_skills.svg", "cost.svg", "gains.svg"} <= names
    assert {"selected_by_source.svg", "selected_by_skill.svg", "k_adapt_inf.svg"} <= names
    assert {f"matrix_{method}.svg" for method in REPORTED} <= names
    for path in figures:
        text = path.read_text(encoding="utf-8")
        ElementTree.fromstring(text)
        assert "dc:date" not in text
        assert "matplotlib.org" not in text.split("<defs>")[0].split("-->")[-1]


class Page(HTMLParser):
    """Collects ids, links to places, and anything that would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.places: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "a" and str(found.get("href", "")).startswith("#"):
            self.places.append(str(found["href"])[1:])
        if tag == "link":
            self.loads.append(str(found.get("href")))
        if found.get("src"):
            self.loads.append(str(found["src"]))


def test_the_page_is_self_contained(reported: Path) -> None:
    text = (reported / "reports" / "index.html").read_text()
    page = Page()
    page.feed(text)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.places) <= set(page.ids)
    assert page.loads
    assert all(re.match(r"data:(image/(png|jpeg);base64)?,", source) for source in page.loads)
    assert "@import" not in text
    assert not re.findall(r"url\((?!#)", text)
    references = re.findall(r'<use (?:xlink:)?href="#([^"]+)"', text)
    assert references
    assert set(references) <= set(page.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)


def test_the_page_marks_every_method_for_picking_out(reported: Path) -> None:
    text = (reported / "reports" / "index.html").read_text()
    for method in REPORTED:
        assert f'<g data-method="{method}">' in text
        assert f'<tr data-method="{method}">' in text
        assert f'id="method-{method}"' in text


def test_text_from_files_is_escaped(tmp_path: Path) -> None:
    attack = '"><script>alert(1)</script>'
    methods = write_campaign(tmp_path, ["sequential"])
    path = tmp_path / "experiments" / "main" / "sequential.py"
    path.write_text(path.read_text().replace("'Sequential'", repr(attack)))
    (path.parent / "README.md").write_text(f"# Title {attack}\n\nIntroduction {attack}\n")
    (tmp_path / "experiments" / "other").mkdir()
    (tmp_path / "experiments" / "other" / "row.py").write_text("")
    (tmp_path / "experiments" / "other" / "README.md").write_text(f"# Other {attack}\n")
    reason = json.dumps({"file": "f", "record": "r", "reason": f"Reason {attack}"})
    (tmp_path / "data" / "lamm.quarantine.jsonl").write_text(reason + "\n")
    write_report(tmp_path, "main", methods, [0], stores(tmp_path))
    page = (tmp_path / "reports" / "index.html").read_text()
    assert "<script>alert" not in page
    escaped = "&#34;&gt;&lt;script&gt;alert("
    for text in ("Title ", "Introduction ", "Other ", "Reason ", 'data-sort="'):
        assert f"{text}{escaped}" in page
    assert "&lt;b&gt;" in page  # the made-up questions hold <b>
    written = (tmp_path / "reports" / "README.md").read_text()
    assert "<script>alert" not in written.partition("\n## ")[2]


def test_cards_show_a_chosen_sample_of_each_dataset(reported: Path) -> None:
    import pyarrow.parquet as pq

    folder = reported / "selections" / "adapt_inf" / "0" / "vision_flan"
    rows = {row["id"]: row for row in pq.read_table(folder / "selection.parquet").to_pylist()}
    cards = drawn_samples(folder, stores(reported))
    assert [card.sample.source for card in cards] == STREAM
    for card in cards:
        assert rows[card.sample.id]["scorer"] in card.reason
        assert card.sample.id in {one.id for one in stores(reported)[card.sample.source]}
        assert len(card.images) == 1
