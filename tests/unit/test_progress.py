"""The one bar: nothing without a terminal, and what is done with one."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from liit.progress import tracked, trainer_bar


class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any) -> Any:
        return self.layer(batch).sum()

    predict_step = training_step

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters())


def fit_and_predict() -> None:
    trainer = pl.Trainer(
        max_epochs=2, logger=False, enable_checkpointing=False, callbacks=[trainer_bar("lines")]
    )
    loader = DataLoader(torch.ones(3, 1))
    trainer.fit(Line(), loader)
    trainer.predict(Line(), loader)


def test_a_log_file_gets_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(tracked("abc", "letters")) == ["a", "b", "c"]
    fit_and_predict()
    assert "lines" not in "".join(capfd.readouterr())


def test_a_terminal_shows_the_title_and_the_epoch(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    fit_and_predict()
    shown = capfd.readouterr().err
    assert "lines epoch 1/2" in shown and "lines epoch 2/2" in shown and "3/3" in shown
