"""What the prediction store was given survives a kill and never crosses models."""

from __future__ import annotations

import signal
import subprocess
import sys

from liit.evaluation.predictions import PredictionStore

WRITER = """
import os, signal, sys
from pathlib import Path
from liit.evaluation.predictions import PredictionStore
store = PredictionStore(Path(sys.argv[1]))
for batch in range(3):
    store.add("w", [(bytes([batch, n]), f"answer {batch}.{n}") for n in range(2)])
store._base.execute("INSERT INTO predictions VALUES ('w', x'ff', '1')")  # never committed
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_committed_batches_survive_a_kill(tmp_path):
    path = tmp_path / "deep" / "store.sqlite"
    killed = subprocess.run([sys.executable, "-c", WRITER, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    found = PredictionStore(path).of("w")
    assert found == {bytes([b, n]): f"answer {b}.{n}" for b in range(3) for n in range(2)}


def test_models_do_not_see_each_others_answers(tmp_path):
    store = PredictionStore(tmp_path / "store.sqlite")
    store.add("one", [(b"q", "yes")])
    store.add("two", [(b"q", [[-1.5, True]])])
    assert store.of("one") == {b"q": "yes"}
    assert store.of("two") == {b"q": [[-1.5, True]]}
    assert store.of("three") == {}
    store.add("one", [(b"q", "no")])
    store.close()
    assert PredictionStore(tmp_path / "store.sqlite").of("one") == {b"q": "no"}
