"""What Weights & Biases refuses, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from liit.errors import LiitError

REPEAT = "repeat the command: what has arrived is replaced, the rest is added."


@contextmanager
def told(project: str) -> Iterator[None]:
    """Turn what W&B's client raises into what a user can do about it."""
    from wandb.errors import CommError, UsageError
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError
    from wandb_workspaces.workspaces.errors import SpecVersionError

    try:
        yield
    except (CommError, WandbApiFailedError) as error:
        # The client calls every failure of its first request one of authentication.
        failed = error.__cause__ if isinstance(error, CommError) else error
        raise LiitError(f"W&B said: {error}", next_step=_next_step(failed, project)) from error
    except UsageError as error:
        raise LiitError(
            f"No key for W&B is at hand: {error}",
            next_step="run `wandb login`, or set WANDB_API_KEY, and repeat the command.",
        ) from error
    except SpecVersionError as error:
        raise LiitError(
            f"W&B holds a workspace of another version: {error}",
            next_step="run `pip install --upgrade wandb-workspaces`.",
        ) from error


def _next_step(failed: Any, project: str) -> str:
    status = failed.response.http_status if getattr(failed, "response", None) else None
    if status == HTTPStatus.UNAUTHORIZED:
        return "run `wandb login --relogin`: W&B does not know this key."
    if status == HTTPStatus.FORBIDDEN or "permission denied" in str(failed).lower():
        return (
            f"ask the owner of the project {project} for the right to write there, or name "
            "another account in WANDB_ENTITY."
        )
    return REPEAT
