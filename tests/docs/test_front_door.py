"""What GitHub shows of the project: the citation, forms for issues, a README of some length."""

from __future__ import annotations

import tomllib

import yaml
from pages import ROOT

KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def test_the_citation_is_of_this_version_and_names_both_papers() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert cited["version"] == project["version"] and cited["license"] == project["license"]
    named = [one["value"] for paper in cited["references"] for one in paper["identifiers"]]
    assert named == ["arXiv:2410.10636", "arXiv:2311.16206"]


def test_forms_for_issues_are_forms() -> None:
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert [form.stem for form in forms] == ["bug", "method", "question"]
    for form in forms:
        content = yaml.safe_load(form.read_text("utf-8"))
        assert {"name", "description", "body"} <= content.keys()
        assert {field["type"] for field in content["body"]} <= KINDS
        ids = [field["id"] for field in content["body"]]
        assert len(set(ids)) == len(ids)
        assert all(field["attributes"]["label"] for field in content["body"])


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150
