"""The site of the written pages: `make site`. Pages stay where they are, links work in both."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

project = "LiIT-Bench"
author = "LiIT-Bench contributors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# The root of the repository is the source: a link to a report or an example leads to it there too.
include_patterns = [
    "docs/*.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "leaderboard/README.md",
    "reports/README.md",
    "reports/*/README.md",
    "streams/README.md",
    "streams/*/reports/README.md",
    "streams/*/reports/*/README.md",
    "experiments/*/README.md",
    "experiments/README.md",
]
root_doc = "docs/index"
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]

default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
# Named as the code names them, and not spelt out.
autodoc_type_aliases = {
    name: name
    for name in (
        *("Array", "Ints", "Floats", "Float32", "NDArray", "Generator"),
        *("PoolRule", "Representation", "Grouping", "Budget", "Scorer", "Choice", "Pick"),
        *("Batch", "Matrix", "Scores", "Box", "Encoding", "Rule", "Facts", "Record"),
    )
}

html_theme = "furo"
html_title = "LiIT-Bench"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["site.css"]
html_css_files = ["site.css"]


def plain(*event: Any) -> tuple[str | None, str | None]:
    """Name functions and aliases in a signature instead of showing how Python prints them."""
    *_, arguments, returned = event
    printed = re.compile(r"<function (\w+)>|TypeAliasForwardRef\('(\w+)'\)")
    signs = [text and printed.sub(r"\1\2", text) for text in (arguments, returned)]
    return signs[0] and signs[0].replace("<factory>", "..."), signs[1]


def setup(app: Any) -> None:
    """Let Sphinx ask for every signature."""
    app.connect("autodoc-process-signature", plain)
