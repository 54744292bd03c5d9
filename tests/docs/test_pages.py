"""What the pages say exists: links, commands, parameters, methods, files."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import PAGES, ROOT, anchors, commands, fenced, inline, name_of, prose

from liit.cli import _parser
from liit.config import Entry
from liit.scales import MINI
from liit.scoring.cli import add_arguments
from liit.selection import tables

SHOWN = ("experiments/main/surprise.py", "src/liit/data/readers/signs.py")
"""Files that a reader of a page is to write."""
every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def verbs() -> set[str]:
    """Read the verbs off the help text, as a user does."""
    return set(re.findall(r"^  (\w[\w-]*)", _parser().format_help(), re.MULTILINE))


def make_targets() -> set[str]:
    """Return the targets with a rule of their own, of every further table and drawn stream."""
    written = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    streams = {path.stem.removesuffix("-mini") for path in (ROOT / "scales").glob("*-mini.yaml")}
    return {*written, *streams, *tables(ROOT / "experiments")} - {"main"}


def parse(words: list[str]) -> Any:
    """Let the command's own parser read it; it exits on what it does not know."""
    if words[0] == "dvc":
        from dvc.cli.parser import get_main_parser

        return get_main_parser().parse_args(words[1:])
    if words[1] == "score":
        import argparse

        parser = argparse.ArgumentParser()
        add_arguments(parser)
        return parser.parse_args(words[2:])
    return _parser().parse_args(words[1:])


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
def test_commands_are_understood(page: Path) -> None:
    for words in commands(page):
        if words[0] == "make":
            asked = [word for word in words[1:] if "=" not in word]
            assert asked and set(asked) <= make_targets(), words
            continue
        complaint = io.StringIO()
        try:
            with contextlib.redirect_stderr(complaint):
                parse(words)
        except SystemExit:
            pytest.fail(f"{name_of(page)}: `{' '.join(words)}`: {complaint.getvalue()[-300:]}")


def test_there_are_commands_to_understand() -> None:
    found = [words[:2] for page in PAGES for words in commands(page)]
    assert ["liit", "run"] in found and ["liit", "score"] in found and ["make", "repro"] in found


@every_page
def test_commands_in_sentences_exist(page: Path) -> None:
    for text in inline(page):
        words = text.split()
        if words[0] == "liit" and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in verbs(), f"{name_of(page)}: {text}"
        if words[0] == "make" and len(words) > 1 and "=" not in words[1]:
            assert words[1] in make_targets(), f"{name_of(page)}: {text}"


def test_commands_in_error_messages_exist() -> None:
    for file in sorted((ROOT / "src/liit").rglob("*.py")):
        for verb, rest in re.findall(r"`liit ([\w-]+) ?(\w*)", file.read_text("utf-8")):
            assert verb in verbs(), f"{file}: liit {verb}"
            assert verb != "data" or rest == "check", f"{file}: liit data {rest}"


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
    known = {MINI, *(file.stem for file in (ROOT / "scales").glob("*.yaml"))}
    assert named and set(named) <= known


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
