"""The site of the written pages: `make site`. Pages stay where they are, links work in both."""

from __future__ import annotations

import sys
from pathlib import Path

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
    "reports/README.md",
    "reports/*/README.md",
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

html_theme = "furo"
html_title = "LiIT-Bench"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}
