"""What the pages say exists: links, commands, parameters, methods, files."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import yaml
from pages import PAGES, ROOT, anchors, fenced, inline, name_of, prose
from parsers import scales

from liit.config import Entry
from liit.selection import tables

SHOWN = ("experiments/main/surprise.py", "src/liit/data/readers/signs.py")
"""Files that a reader of a page is to write."""
every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name_of(page)}: {target}"
        assert there.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(there), f"{name_of(page)}: {target}"


@every_page
def test_parameters_exist(page: Path) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    sections = {name: value for name, value in params.items() if isinstance(value, dict)}
    for text in inline(page):
        found = re.match(r"([a-z]+)\.([a-z_]+)(?:: .*)?$", text)
        if found and found[1] in sections and not text.endswith((".json", ".py", ".yaml")):
            known = sections[found[1]]
            assert found[2] in known, f"{name_of(page)}: {text}"


@every_page
def test_methods_and_files_exist(page: Path) -> None:
    code = ("src", "eval", "tests", "docs", "scales", "experiments", "benchmarks")
    for text in inline(page):
        head, _, rest = text.rstrip("/").partition("/")
        if not rest or re.search(r"[<>*$… ]", text) or text in SHOWN:
            continue
        if head in tables(ROOT / "experiments"):
            assert (ROOT / f"experiments/{text}.py").is_file(), f"{name_of(page)}: {text}"
        elif head in code and text != "benchmarks/results/":
            assert (ROOT / text).exists(), f"{name_of(page)}: {text}"


def test_scales_exist() -> None:
    named = re.findall(r"^\| `([\w.-]+)`(?: \(default\))? \|", scales_section(), re.MULTILINE)
    assert named and set(named) <= scales()


def scales_section() -> str:
    return prose(ROOT / "docs/scales.md")


def test_yaml_blocks_hold_known_keys() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    blocks = [block for page in PAGES for block in fenced(page, "yaml")]
    blocks = [block for block in blocks if not block.startswith("include:")]  # a task of lm-eval
    assert blocks
    for block in blocks:
        for name, value in yaml.safe_load(block).items():
            assert name in params
            if name == "stream":  # whose own keys are names that everybody gives
                keys = {field.name for field in dataclasses.fields(Entry)}
                assert all(entry.keys() <= keys for entry in value.values())
            elif isinstance(value, dict):
                assert value.keys() <= params[name].keys()


@every_page
def test_no_place_of_one_machine(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"(?<![\w.])/(work|root|home|tmp|Users|mnt)/", text)
    assert "../shared" not in text
