"""The page in a real browser: it sorts, filters, picks out, opens samples, and does no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import PHONE, WIDE, chromium, opened
from campaign import REPORTED, stores, write_campaign
from hostile import TEXTS, spoil
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from liit.reporting.report import write_report


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on a campaign with hostile samples."""
    chromium()
    root = tmp_path_factory.mktemp("browsed")
    write_campaign(root, REPORTED, seeds=(0, 1))
    spoil(root)
    write_report(root, "main", REPORTED, [0, 1], stores(root))
    return root / "reports" / "index.html"


@pytest.fixture(scope="module")
def wide(page: Path) -> Iterator[Any]:
    with opened(page, WIDE) as window:
        yield window


@pytest.fixture(autouse=True)
def no_complaint(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test nothing was written to the console, and no hostile text has run."""
    yield
    if "wide" in request.fixturenames:
        window = request.getfixturevalue("wide")
        assert window.execute_script("return window.harm") is None
        assert [line["message"] for line in window.get_log("browser")] == []


def first_column(window: Any, section: str) -> list[str]:
    script = f"""return [...document.querySelectorAll('#{section} tbody tr')]
        .filter(row => !row.hidden).map(row => row.cells[0].textContent)"""
    return list(window.execute_script(script))


def click(window: Any, selector: str, place: int = 0) -> None:
    window.execute_script(f"document.querySelectorAll({json.dumps(selector)})[{place}].click()")


def test_a_column_sorts_by_its_numbers_both_ways(wide: Any, page: Path) -> None:
    rows = json.loads((page.parent / "table.json").read_text())["rows"]
    gains = {row["label"]: row["relative_gain"]["mean"] for row in rows}
    falling = sorted(gains, key=lambda label: -gains[label])
    click(wide, "#table th button", 2)
    assert first_column(wide, "table") == falling
    heads = "return document.querySelectorAll('#table th')[2].ariaSort"
    assert wide.execute_script(heads) == "descending"
    click(wide, "#table th button", 2)
    assert first_column(wide, "table") == falling[::-1]
    assert wide.execute_script(heads) == "ascending"


def test_a_head_is_reached_and_pressed_with_the_keyboard(wide: Any) -> None:
    heads = wide.find_elements("css selector", "#table th button")
    before = first_column(wide, "table")
    heads[0].send_keys(Keys.ENTER)
    assert first_column(wide, "table") == sorted(before, reverse=True, key=str.lower)


def test_rows_are_filtered_by_words(wide: Any) -> None:
    find = wide.find_element("css selector", "section:not(#explorer) .tools input[type=search]")
    section = wide.execute_script("return arguments[0].closest('section').id", find)
    every = first_column(wide, section)
    word = every[0].split()[0].lower()
    find.send_keys(word)
    left = first_column(wide, section)
    assert every[0] in left and len(left) < len(every)
    find.send_keys(Keys.BACKSPACE * len(word))
    assert first_column(wide, section) == every


def test_pointing_at_a_row_picks_out_its_lines(wide: Any) -> None:
    row = wide.find_element("css selector", '#table tr[data-method="random"]')
    ActionChains(wide).scroll_to_element(row).move_to_element(row).perform()
    on = "return new Set([...document.querySelectorAll('svg .on')].map(x => x.dataset.method)).size"
    assert wide.execute_script(on) == 1
    assert wide.execute_script("return document.querySelectorAll('svg.picked').length") > 0
    assert (
        wide.execute_script("return document.querySelector('svg .on > title').textContent")
        == "Random"
    )


def test_the_numbers_of_a_figure_are_in_the_page(wide: Any) -> None:
    rows = wide.execute_script(
        "const rows = document.querySelector('figure[data-name=skills] script.rows');"
        "return JSON.parse(rows.textContent)"
    )
    assert rows[0] == ["method", "skill", "step", "mean", "lowest", "highest"]
    assert {row[0] for row in rows[1:]} == set(REPORTED)
    wide.execute_script("""window.saved = [];
        URL.createObjectURL = blob => { window.saved.push(blob); return "data:,"; };""")
    click(wide, "figure[data-name=skills] .tools button")
    text = wide.execute_async_script("window.saved[0].text().then(arguments[0])")
    assert text.splitlines()[0] == "method,skill,step,mean,lowest,highest"
    assert len(text.splitlines()) == len(rows)


def test_a_sample_opens_says_why_and_closes(wide: Any) -> None:
    wide.execute_script("document.querySelector('#explorer').scrollIntoView()")
    click(wide, ".sample")
    dialog = wide.find_element("css selector", "dialog.look")
    assert dialog.get_property("open")
    told = dialog.find_element("css selector", ".reason").text
    assert told.startswith(("Chosen", "Not among"))
    first = dialog.find_element("css selector", "h3 code").text
    dialog.send_keys(Keys.ARROW_RIGHT)
    assert dialog.find_element("css selector", "h3 code").text != first
    assert "null" not in dialog.text and "undefined" not in dialog.text.replace("undefined,", "")
    dialog.send_keys(Keys.ESCAPE)
    assert not dialog.get_property("open")


def test_filters_of_samples_agree_with_the_data(wide: Any) -> None:
    data = json.loads(
        wide.execute_script("return document.getElementById('explorer-data').textContent")
    )
    shown = "return [...document.querySelectorAll('.sample')].map(one => one.dataset.id)"
    ticks = wide.find_elements("css selector", ".explorer .tick input")
    every = wide.execute_script(shown)
    assert every == [one["id"] for one in data["samples"]]
    alone = [
        one["id"]
        for one in data["samples"]
        if [place for place, look in enumerate(one["looks"]) if look and look["chosen"]] == [0]
    ]
    spoiled = [one["id"] for one in data["samples"] if one["spoiled"]]
    copies = [one["id"] for one in data["samples"] if one["copy"]]
    wide.execute_script(
        "const row = document.querySelector('.explorer select'); row.value = '0';"
        "row.dispatchEvent(new Event('change'))"
    )
    for tick, wanted in zip(ticks[1:], (alone, spoiled, copies), strict=True):
        wide.execute_script("arguments[0].click()", tick)
        assert wide.execute_script(shown) == wanted and wanted
        wide.execute_script("arguments[0].click()", tick)


def test_hostile_texts_are_shown_and_do_nothing(wide: Any) -> None:
    for text in TEXTS:
        seen = wide.execute_script(
            """const card = [...document.querySelectorAll('.sample')]
                .find(one => one.querySelector('.where').textContent.includes(arguments[0]));
               card.click();
               const dialog = document.querySelector('dialog.look');
               const told = dialog.querySelector('.talk').textContent;
               const harm = 'script, img[src="x"], b:not(.badges b)';
               const inside = dialog.querySelectorAll(harm).length;
               dialog.close();
               return [told, inside];""",
            text[:40],
        )
        squeezed = " ".join(text.split())
        assert squeezed in " ".join(seen[0].split()) and seen[1] == 0


def test_nothing_is_asked_of_any_network(page: Path) -> None:
    with opened(page) as window:
        window.execute_script(
            "document.querySelectorAll('details').forEach(one => one.open = true)"
        )
        events = [json.loads(line["message"])["message"] for line in window.get_log("performance")]
    asked = {
        event["params"]["request"]["url"].split(":")[0]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert asked <= {"file", "data"}


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_and_its_words_can_be_read(
    page: Path, size: tuple[int, int], dark: bool
) -> None:
    with opened(page, size, dark=dark) as window:
        width = window.execute_script("return document.documentElement.scrollWidth")
        colours = window.execute_script(
            """const style = name => getComputedStyle(document.documentElement)
                .getPropertyValue(name).trim();
               return ['--ink', '--muted', '--accent', '--good', '--bad', '--warn', '--card']
                 .map(style)"""
        )
    assert width <= size[0]
    *words, card = colours
    assert (luminance(card) < 0.1) == dark
    assert [word for word in words if contrast(word, card) < 4.5] == []


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
