"""Put the list of `leaderboard/` into docs/leaderboard.md.

python tools/leaderboard_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from liit.markdown import fill_block
from liit.paths import LEADERBOARD
from liit.reporting.leaderboard.section import list_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "leaderboard.md"


def main() -> None:
    """Write the list."""
    if not (ROOT / LEADERBOARD).is_dir():
        sys.exit(
            f"{ROOT} has no {LEADERBOARD}/: run the copy of this file in the project's tools/."
        )
    fill_block(PAGE, "entries", list_text(ROOT))


if __name__ == "__main__":
    main()
