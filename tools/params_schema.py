"""Write params.schema.json, by which editors complete and check params.yaml."""

from __future__ import annotations

from pathlib import Path

from liit.config import Params
from liit.files import write_json
from liit.schema import json_schema

SCHEMA = Path(__file__).parents[1] / "params.schema.json"

if __name__ == "__main__":
    write_json(SCHEMA, json_schema(Params))
