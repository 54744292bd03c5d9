"""The site of the written pages: it builds without a warning and asks nothing of any network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import PAGES, ROOT

REMOTE = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=\"(?:https?:)?//[^\"]+"
    r"|<link(?![^>]+rel=\"(?:canonical|next|prev)\")[^>]+href=\"(?:https?:)?//[^\"]+"
    r"|@import[^;]+//|url\([\"']?(?:https?:)?//[^)]+"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", "."]
    done = subprocess.run(
        [*command, str(folder)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def test_every_page_is_in_it(site: Path) -> None:
    names = [page.relative_to(ROOT).with_suffix(".html") for page in PAGES]
    missing = [name for name in names if not (site / name).is_file()]
    assert [str(name) for name in missing] == ["README.html"]  # the repository's front door


def test_nothing_is_asked_of_any_network(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    found = [(path.name, REMOTE.findall(path.read_text("utf-8"))[:1]) for path in files]
    assert [one for one in found if one[1]] == []
    assert REMOTE.search('<script src="https://x.org/a.js">')  # or the search would find nothing


def test_links_between_pages_lead_to_pages(site: Path) -> None:
    text = (site / "docs/index.html").read_text("utf-8")
    assert 'href="../reports/README.html"' in text and 'href="quickstart.html"' in text


def test_the_reference_has_what_users_touch(site: Path) -> None:
    text = (site / "docs/reference.html").read_text("utf-8")
    named = ["liit.selection.method.Method", "liit.selection.picks.ccs", "liit.learner.Learner"]
    for folder in ("learning/learners", "metrics"):
        for file in sorted((ROOT / "src/liit" / folder).glob("[a-z]*.py")):
            first = re.findall(
                r"^(?:class|def) ([A-Za-z]\w*)", file.read_text("utf-8"), re.MULTILINE
            )
            named.append(f"liit.{folder.replace('/', '.')}.{file.stem}.{first[0]}")
    assert [name for name in named if f'id="{name}"' not in text] == []
    assert "TypeAliasForwardRef" not in text and "&lt;function" not in text
