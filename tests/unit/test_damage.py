"""What is cut short or is something else: made again, set aside, or named with a next step."""

from __future__ import annotations

import errno
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pytorch_lightning.utilities.exceptions import SIGTERMException

from liit import cli, commands
from liit.commands import guards
from liit.config import load_params
from liit.data.sample import Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.errors import LiitError
from liit.evaluation.predictions import PredictionStore
from liit.files import is_up_to_date, read_record, write_json
from liit.ranks import stoppable
from liit.repro import bring_back
from liit.selection.files import is_whole, read_ids, seals, write_selection
from liit.selection.select import Selection
from liit.signals.store import Shards, SignalStore

ROOT = Path(__file__).parents[2]
NOT_THE_FILE = [b"", b"[]", b"null", b'{"made_from": ', b"\xff\xfe\x00garbage"]


def cut(path: Path) -> None:
    """Keep the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("content", NOT_THE_FILE)
def test_a_damaged_stamp_means_to_make_it_again(tmp_path: Path, content: bytes) -> None:
    stamp = tmp_path / "made_from.json"
    write_json(stamp, {"made_from": {"seed": 1}})
    assert is_up_to_date(stamp, {"seed": 1})
    stamp.write_bytes(content)
    assert not is_up_to_date(stamp, {"seed": 1})
    with pytest.raises(LiitError, match=r"made_from\.json .*\n  Next step: do it again"):
        read_record(stamp, "made_from", next_step="do it again")


@pytest.mark.parametrize("damage", [cut, lambda path: path.write_bytes(b"[]")])
def test_a_damaged_prediction_store_is_set_aside_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any
) -> None:
    path = tmp_path / "random-0.sqlite"
    store = PredictionStore(path)
    store.add("w", [(bytes([n % 256, n // 256]), "answer " * 20) for n in range(2000)])
    store.close()
    damage(path)
    store = PredictionStore(path)
    assert "random-0.sqlite is damaged" in " ".join(capsys.readouterr().err.split())
    assert store.of("w") == {}
    store.add("w", [(b"q", "yes")])
    store.close()
    assert PredictionStore(path).of("w") == {b"q": "yes"}
    assert path.with_suffix(".damaged").is_file()


def test_a_store_that_cannot_be_written_is_not_damaged(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        PredictionStore(tmp_path / "store.sqlite")
    assert (tmp_path / "store.sqlite").is_dir()


def test_a_damaged_selection_is_selected_again(tmp_path: Path) -> None:
    nothing = np.full(3, np.nan)
    names = np.array(["a", "b", "c"])
    chosen = Selection(names, np.arange(3), np.full(3, ""), nothing, names, {"pool": 9}, {})
    stamp = tmp_path / "made_from.json"
    write_selection(tmp_path, chosen)
    assert is_whole(stamp) and read_ids(tmp_path) == ["a", "b", "c"]
    cut(tmp_path / "selection.parquet")
    assert not is_whole(stamp)
    with pytest.raises(LiitError, match=r"selection\.parquet is damaged"):
        read_ids(tmp_path)
    write_selection(tmp_path, chosen)
    (tmp_path / "why.json").write_text("[]")
    assert not is_whole(stamp)
    write_selection(tmp_path, chosen)
    write_json(stamp, {"files": seals(tmp_path)})
    assert is_whole(stamp)
    cut(tmp_path / "pool.txt")
    assert not is_whole(stamp)
    (tmp_path / "pool.txt").unlink()
    assert not is_whole(stamp)


def test_a_data_file_cut_short_names_itself_and_prepare(tmp_path: Path) -> None:
    path = tmp_path / "m3it.arrow"
    said = [Turn("user", "What is it?"), Turn("assistant", "A dog.")]
    write_store([make_sample("m3it", said)], path)
    cut(path)
    with pytest.raises(LiitError, match=r"m3it\.arrow is damaged(.|\n)*liit prepare"):
        SampleStore(path)


def measured(folder: Path) -> SignalStore:
    store = SignalStore(folder, {"weights": "w"})
    store.open()
    shards = Shards(store, "plan", [[0]])
    shards.add(0, {"rows": np.arange(3), "nll": np.array([1.0, 2.0, 3.0])})
    store.merge(shards, ["nll"], ["a", "b", "c"])
    return store


@pytest.mark.parametrize("content", NOT_THE_FILE)
def test_signals_with_a_damaged_header_are_measured_again(tmp_path: Path, content: bytes) -> None:
    assert measured(tmp_path / "s").measured().keys() == {"nll"}
    (tmp_path / "s/header.json").write_bytes(content)
    store = SignalStore(tmp_path / "s", {"weights": "w"})
    assert store.measured() == {}
    store.open()
    assert not (tmp_path / "s/nll.npy").exists()


def test_a_column_or_a_shard_cut_short_is_measured_again(tmp_path: Path) -> None:
    store = measured(tmp_path / "s")
    cut(tmp_path / "s/nll.npy")
    assert store.measured() == {}
    shards = Shards(store, "other", [[0], [1]])
    shards.add(0, {"rows": np.arange(3), "nll": np.array([1.0, 2.0, 3.0])})
    assert shards.missing() == [1]
    cut(next(shards.folder.iterdir()))
    assert shards.missing() == [0, 1]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "results/random/0.json"),
        PermissionError(errno.EACCES, "Permission denied", "adapters"),
        sqlite3.OperationalError("attempt to write a readonly database"),
    ],
)
def test_what_cannot_be_written_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def failing(_: Any) -> None:
        raise error

    monkeypatch.setattr(commands, "list_", failing)
    monkeypatch.chdir(ROOT)
    assert cli.main(["list"]) == 1
    said = capsys.readouterr().err
    assert str(error) in said and "the same command continues" in said


class Trainer:
    received_sigterm = False


def interrupted() -> Iterator[Any]:
    def ctrl_c() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise SystemExit(1)  # noqa: B904 (as Lightning does)

    def terminated() -> None:
        raise SIGTERMException

    def unseen() -> None:
        Trainer.received_sigterm = True

    yield from (ctrl_c, terminated, unseen)


@pytest.mark.parametrize("stop", interrupted())
def test_a_stopped_trainer_stops_the_command(stop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trainer, "received_sigterm", False)
    with pytest.raises(KeyboardInterrupt), stoppable(Trainer):
        stop()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_an_edit_of_what_was_used_fails_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text()
    Path("params.yaml").write_text(text)
    params = load_params()
    with guards.unedited(params):
        Path("params.yaml").write_text(text.replace("seeds: [0", "seeds: [7, 0"))
    budget = f"budget: {params.budget}\n"
    assert text.count(budget) == 1
    with (
        pytest.raises(LiitError, match=r"edited meanwhile \(budget\)(.|\n)*same command again"),
        guards.unedited(params),
    ):
        Path("params.yaml").write_text(text.replace(budget, "budget: 7\n"))


@pytest.mark.parametrize("committed", [True, False])
def test_a_lock_file_cut_off_at_any_byte_is_brought_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    committed: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    lock = Path("dvc.lock")
    known = yaml.safe_load((ROOT / "dvc.lock").read_text("utf-8"))
    some = dict(list(known["stages"].items())[:6])
    content = yaml.safe_dump({**known, "stages": some}, sort_keys=False).encode()
    lock.write_bytes(content)
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", "init", "-q"], check=True)
    if committed:
        subprocess.run(["git", "add", "dvc.lock"], check=True)
        subprocess.run(["git", *author, "commit", "-qm", "lock"], check=True)
    mended = 0
    for end in range(0, len(content), 97):
        lock.write_bytes(content[:end])
        bring_back(lock)
        left = lock.read_bytes() if lock.exists() else None
        assert left in ((content, content[:end]) if committed else (None, content[:end]))
        if left != content[:end]:
            mended += 1
            assert "dvc.lock was cut off" in " ".join(capsys.readouterr().err.split())
        else:
            assert all("cmd" in one for one in yaml.safe_load(left)["stages"].values())
    assert mended > 20
    lock.write_bytes(content)
    bring_back(lock)
    assert lock.read_bytes() == content
