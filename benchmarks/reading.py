"""Time and peak memory of reading a set of LLaVA-665K's size into a prepared store.

Writes a synthetic JSON list in the published layout (no images on disk, so none are looked at),
prepares it in a fresh process, opens the store in another, and prints seconds and peak memory.

    python benchmarks/reading.py [--records 665000] [--folder /tmp]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = ("red", "small", "left", "dog", "table", "person", "shows", "near", "color", "behind")


def main() -> None:
    """Generate, prepare, open; print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=665_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=("prepare", "open"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(measure(arguments.step, arguments.folder)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        write_list(folder / "list.json", arguments.records)
        size = (folder / "list.json").stat().st_size
        steps = {step: _in_fresh_process(step, folder) for step in ("prepare", "open")}
        print(json.dumps({"records": arguments.records, "bytes": size, **steps}, indent=2))


def write_list(path: Path, records: int) -> None:
    """Write a JSON list of about 1.5 kB a record: ten turns on average, one in 16 without image."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(records):
            file.write("[" if number == 0 else ",\n")
            json.dump(_record(draw, number), file)
        file.write("]")


def _record(draw: random.Random, number: int) -> dict[str, object]:
    turns = []
    for place in range(2 * draw.randint(1, 9)):
        text = " ".join(draw.choices(WORDS, k=draw.randint(8, 28)))
        turns.append({"from": ("human", "gpt")[place % 2], "value": f"{text} {number}"})
    record: dict[str, object] = {"id": f"{number:012d}", "conversations": turns}
    if number % 16:
        turns[0]["value"] = f"<image>\n{turns[0]['value']}"
        record["image"] = f"coco/train2017/{number:012d}.jpg"
    return record


def peak_memory_gb() -> float:
    """Return this program's peak; ``ru_maxrss`` would count that of whatever started it, too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 2**20


def measure(step: str, folder: Path) -> dict[str, float]:
    """Run one step in this process; return its seconds, peak resident memory in GB, and rows."""
    from liit.data.readers import load_reader
    from liit.data.store import SampleStore, write_store

    start = time.perf_counter()
    if step == "prepare":
        records = load_reader("llava")("llava", [folder / "list.json"], None)
        rows = write_store(records, folder / "list.arrow").kept
    else:
        store = SampleStore(folder / "list.arrow")
        rows = len(store)
        assert store[rows - 1].turns
    seconds = time.perf_counter() - start
    peak = peak_memory_gb()
    return {"seconds": round(seconds, 3), "peak_memory_gb": round(peak, 3), "rows": rows}


def _in_fresh_process(step: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


if __name__ == "__main__":
    main()
