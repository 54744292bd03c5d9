"""lm-eval's tasks, loaded from YAML files; faults in these and in their functions name the task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liit.errors import LiitError, nearest

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager

OWN = ("score", "parsed", "lenient")
"""The metrics that every item of a task of this suite has."""
PAGE = "docs/add-an-exam.md"


def load_tasks(tasks: Sequence[str], folders: list[Path], places: dict[str, Any]) -> Any:
    """Return lm-eval's tasks and groups of these names, with the documents of their items.

    ``folders`` hold the YAML files, those of this suite the last; ``places`` reaches what loads the
    documents. Raises LiitError for a task that is not there or does not load.
    """
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=folders, include_defaults=False, metadata=places)
    loaded = [_load(manager, task, folders[-1]) for task in tasks]
    for task in loaded:
        _expect_own_items(task, Path(places["exams_dir"]))
    return manager.load(loaded)


def _expect_own_items(task: Any, exams_dir: Path) -> None:
    """Refuse a task that reads another exam's items though its own are prepared."""
    asked = getattr(getattr(task, "config", None), "dataset_kwargs", None) or {}
    name, exam = getattr(task, "task_name", ""), asked.get("exam")
    if exam not in (None, name) and (exams_dir / f"{name}.arrow").is_file():
        raise LiitError(
            f"Task {name} asks the items of {exam}, but there is an exam {name}.",
            next_step=f"write `dataset_kwargs: {{exam: {name}}}` in its YAML ({PAGE}).",
        )


def _load(manager: TaskManager, name: str, folder: Path) -> Any:
    """Return one task or group, with its scoring checked."""
    if name not in manager.all_tasks:
        raise _unknown(name, manager.all_tasks, folder)
    try:
        loaded = manager.load([name])
    except LiitError:
        raise
    except Exception as error:  # whatever YAML, and the modules that it names, may raise
        raise LiitError(
            f"Task {name} does not load: {type(error).__name__}: {error}",
            next_step=f"mend {folder / name}.yaml, or the function that it names ({PAGE}).",
        ) from error
    for task in loaded["tasks"].values():
        if task.config.num_fewshot is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=0)
    if name in loaded["groups"]:
        return loaded["groups"][name]
    task = loaded["tasks"][name]
    _expect(name, task.config)
    if callable(task.config.process_results):
        checked = checked_scoring(name, task.config.process_results)
        task.set_config(key="process_results", value=checked)
    return task


def _unknown(name: str, known: Sequence[str], folder: Path) -> LiitError:
    file = folder / f"{name}.yaml"
    if file.exists():
        return LiitError(
            f"{file} defines no task {name!r}, or includes a file that is not there.",
            next_step=f"give it the line `task: {name}`, and `include:` a file of {folder}.",
        )
    return LiitError(
        f"There is no task {name!r} in {folder}{nearest(name, known)}.",
        next_step=f"use one of {', '.join(known)}, or write {file} ({PAGE}).",
    )


def _expect(name: str, config: Any) -> None:
    """Refuse a task without a version, and one with this suite's metrics but no scoring."""
    if "version" not in (config.metadata or {}):
        raise LiitError(
            f"Task {name} has no version.",
            next_step=f'add `metadata: {{version: "1"}}` to its YAML ({PAGE}).',
        )
    metrics = {metric["metric"] for metric in config.metric_list or []}
    if metrics & set(OWN) and not callable(config.process_results):
        raise LiitError(
            f"Task {name} does not say how an answer is scored.",
            next_step=f"add `process_results: !function MODULE.FUNCTION` to its YAML ({PAGE}).",
        )


def checked_scoring(task: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """Return a task's own scoring, whose faults name the task and the item."""

    def process(document: Any, answers: Any) -> dict[str, Any]:
        try:
            scores: dict[str, Any] = rule(document, answers)
        except Exception as error:  # whatever the function of a user raises
            raise LiitError(
                f"Task {task}: {rule.__name__}() fails at item {document.get('id')}, whose `extra` "
                f"holds {', '.join(document.get('extra', {})) or 'nothing'}: {error!r}.",
                next_step="mend the function that process_results of the task's YAML names, or "
                f"what its exam in params.yaml is read from ({PAGE}).",
            ) from error
        missing = set(OWN) - scores.keys() if isinstance(scores, dict) else set(OWN)
        if missing:
            raise LiitError(
                f"Task {task}: {rule.__name__}() gives no {', '.join(sorted(missing))}, but "
                f"{', '.join(map(str, scores)) if isinstance(scores, dict) else repr(scores)}.",
                next_step=f"return liit.scoring.exam.three(Scored(...)) ({PAGE}).",
            )
        return scores

    return process
