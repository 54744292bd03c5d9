"""The reader that docs/add-a-dataset.md shows, over the record that it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from PIL import Image

from liit.data import readers
from liit.data.readers import load_reader
from liit.data.sample import Sample
from liit.data.store import Quarantined

PAGE = (Path(__file__).parents[2] / "docs/add-a-dataset.md").read_text("utf-8")
(RECORD,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(CODE,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ENTRY = yaml.safe_load(re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[-1])


@pytest.fixture
def signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out reader, records and picture as the page says."""
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers/signs.py").write_text(CODE, encoding="utf-8")
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path / "readers")])
    (tmp_path / "signs").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "signs/stop.png")
    mute = json.dumps({**json.loads(RECORD), "said": []})
    (tmp_path / "signs/signs.jsonl").write_text(f"{RECORD}{mute}\n", encoding="utf-8")
    return tmp_path


def test_the_reader_reads_the_record_and_sets_the_mute_one_aside(signs: Path) -> None:
    entry = ENTRY["stream"]["signs"]
    read = load_reader(entry["format"], **entry["options"])
    files = [signs / name for name in entry["files"]]
    sample, mute = read("signs", files, signs / entry["image_root"])
    assert isinstance(sample, Sample) and isinstance(mute, Quarantined)
    asked, answer = (turn.text for turn in sample.turns)
    assert asked == "<image>\nWhat does the sign say?" and answer == "stop"
    assert sample.skill == "ocr" and sample.images[0].path == "stop.png"
    assert "holds no answer" in mute.reason
