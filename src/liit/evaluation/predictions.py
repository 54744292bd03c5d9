"""Answers that were already given, so that a killed evaluation goes on where it stopped."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from liit.progress import say

BUSY_SECONDS = 60.0
"""How long to wait for another process that writes to the same store."""


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class PredictionStore:
    """Answers by weights and question, in one SQLite file; what ``add`` was given survives a kill.

    A question's key must cover all that the model sees and how it is asked; ``weights`` is a
    digest of the model, so other weights never find each other's answers.
    """

    def __init__(self, path: Path) -> None:
        """Open the store, making it and its folder if needed; a damaged one is set aside."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._base = _open(path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in DAMAGED:
                raise
            aside = path.with_suffix(".damaged")
            say(
                f"{path} is damaged ({error}): it is now {aside.name}, and its questions are "
                "asked again.",
                stderr=True,
            )
            for end in ("-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
            path.replace(aside)
            self._base = _open(path)

    def of(self, weights: str) -> dict[bytes, Any]:
        """Return all answers of one model by question."""
        found = self._base.execute(
            "SELECT question, answer FROM predictions WHERE weights = ?", (weights,)
        )
        return {question: json.loads(answer) for question, answer in found}

    def add(self, weights: str, answers: Iterable[tuple[bytes, Any]]) -> None:
        """Store (question, JSON value) pairs in one transaction."""
        with self._base:
            self._base.executemany(
                "INSERT OR REPLACE INTO predictions VALUES (?, ?, ?)",
                [(weights, question, json.dumps(answer)) for question, answer in answers],
            )

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def answers_to(path: Path, weights: str, prompts: Iterable[bytes]) -> list[list[Any]]:
    """Return all answers that a model gave to each prompt, however it was asked; only reads.

    ``weights``: the digest of the weights alone; ``prompts``: keys of prompts, with which those of
    their questions begin.
    """
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        found = (
            base.execute(
                "SELECT answer FROM predictions WHERE weights >= ? AND weights < ?"
                " AND question >= ? AND question < ? ORDER BY question",
                # "." follows "-": the key's order finds the model; LIKE would read every row
                (f"{weights}-", f"{weights}.", prompt, prompt + b"\xff" * 17),
            )
            for prompt in prompts
        )
        return [[json.loads(answer) for (answer,) in rows] for rows in found]
    finally:
        base.close()


def _open(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        if (fault := base.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            damage = sqlite3.DatabaseError(fault)
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage
        base.execute("PRAGMA journal_mode=WAL")
        base.execute(
            "CREATE TABLE IF NOT EXISTS predictions "
            "(weights TEXT, question BLOB, answer TEXT, PRIMARY KEY (weights, question)) "
            "WITHOUT ROWID"
        )
        base.commit()
    except BaseException:
        base.close()
        raise
    return base
