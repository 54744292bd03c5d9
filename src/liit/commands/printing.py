"""What commands print for scripts."""

from __future__ import annotations

import json
from typing import Any


def print_json(content: Any) -> None:
    """Print JSON on standard output; a number that JSON lacks is an error."""
    print(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
