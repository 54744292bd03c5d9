"""The literature's metrics of continual learning, as far as a run's matrix defines them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liit.evaluation import matrix
from liit.evaluation.matrix import Rows
from liit.evaluation.statistics import Estimate, combined
from liit.evaluation.summary import Metric, RunMatrix, over_run
from liit.evaluation.tasks import metrics_against_alone, task_metrics
from liit.metrics.continual import tasks_of
from liit.reporting.report_data import ReportData
from liit.reporting.section import DASH, Section, TextTable, estimate
from liit.reporting.tables import REFERENCE
from liit.selection import Method
from liit.selection.pools import newest

LAST = ("Incremental accuracy ↑", "Forgetting (Chaudhry) ↓")


def matrix_section(data: ReportData) -> Section:
    """Return A_t at every step and the metrics over all steps, by method.

    Columns of the matrix are the tasks where each step is one, else the skills.
    """
    asked = next(iter(data.first_result["matrix"].values()))
    if tasks := tasks_of(data.stream, asked, data.first_result.get("exam_of")):
        return _task_section(data, tasks)
    header = ["Method", *(f"A_{t} {name}" for t, name in enumerate(data.stream)), *LAST]
    rows = [[label, *_cells(data, method)] for method, label in data.labels.items()]
    table = TextTable(header, rows, list(data.labels))
    return Section("matrix-metrics", "Metrics of the accuracy matrix", _note(data), table)


def _task_section(data: ReportData, tasks: Sequence[str]) -> Section:
    """Return the metrics of the matrix of tasks, of the rows that train on from step to step."""
    metrics, alone = task_metrics(tasks), _learnt_alone(data, tasks)
    against = metrics_against_alone(tasks) if alone else {}
    columns = {task: [task] for task in tasks}
    shown = [row for row in data.shown if row.definition.start == "previous"]
    rows = []
    for row in shown:
        every = {seed: run.matrix for seed, run in data.runs[row.method].items()}
        found = [_over_seeds(every, columns, metric) for metric in metrics.values()]
        beside = {seed: _below(alone[seed], run) for seed, run in every.items()} if alone else {}
        found += [_over_seeds(beside, columns, metric) for metric in against.values()]
        rows.append([row.label, *map(estimate, found)])
    note = (
        "Under their names in the literature, in points. R[t, j] is the score of task j after step "
        f"t; the tasks are the {len(tasks)} steps that have an exam of their own, which leaves "
        "other exams out. A_t is the mean over the tasks up to t; the last one is the mean final "
        "accuracy. Forgetting is the best score of a task before the last step, from its own on, "
        "minus the last; BWT is the last minus that right after its step; both over all tasks but "
        "the last. FWT is the score before a task's step minus that of the start model, over all "
        "but the first. CIDEr has no upper end and outweighs accuracies where both are asked. "
    )
    note += (
        "Plasticity is the score right after a task's step minus that of the task learnt alone, of "
        "the same seed; stability is the last score minus it, over all tasks but the last."
        if alone
        else "Plasticity and stability need each task learnt alone, which no row does."
    )
    table = TextTable(["Method", *metrics, *against], rows, [row.method for row in shown])
    return Section("matrix-metrics", "Metrics of the accuracy matrix", note, table)


def _learnt_alone(data: ReportData, tasks: Sequence[str]) -> dict[int, RunMatrix]:
    """Return each task's score after learning it alone, as one row by seed; nothing without them.

    The row that starts every step from θ_0 and trains plainly on the whole new dataset has them on
    its diagonal.
    """
    methods = [row.method for row in data.shown if _is_individual(row.definition)]
    runs = data.runs[methods[0]] if methods else {}
    return {seed: _over_diagonal(run.matrix, tasks) for seed, run in runs.items()}


def _is_individual(method: Method) -> bool:
    is_whole = method.pool is newest and method.budget_factor is None
    return method.start == "theta_zero" and is_whole and method.learner is None


def _over_diagonal(run: RunMatrix, tasks: Sequence[str]) -> RunMatrix:
    return RunMatrix([_diagonal(run.rows, tasks)], [_diagonal(run.errors, tasks)])


def _diagonal(rows: Rows, tasks: Sequence[str]) -> dict[str, float]:
    stages = rows[-len(tasks) :]
    return {task: row[task] for row, task in zip(stages, tasks, strict=True)}


def _below(first: RunMatrix, run: RunMatrix) -> RunMatrix:
    return RunMatrix([*first.rows, *run.rows], [*first.errors, *run.errors])


def _cells(data: ReportData, method: str) -> list[str]:
    """Return a method's cells; a step that it has not is a dash."""
    runs = data.runs[method]
    first = next(iter(runs.values()))
    skills, places = first.result["skills"], {name: t for t, name in enumerate(first.steps)}
    every = {seed: run.matrix for seed, run in runs.items()}
    cells = []
    for name in data.stream:
        if name not in places:
            cells.append(DASH)
            continue
        here = slice(places[name], places[name] + 1)
        step = {seed: RunMatrix(one.rows[here], one.errors[here]) for seed, one in every.items()}
        cells.append(estimate(_of_skills(step, skills, matrix.average_accuracy)))
    for metric in (matrix.incremental_accuracy, matrix.forgetting):
        cells.append(estimate(_of_skills(every, skills, metric)))
    return cells


def _of_skills(
    runs: Mapping[int, RunMatrix], skills: matrix.Skills, metric: matrix.SkillMetric
) -> Estimate | None:
    return _over_seeds(runs, skills, lambda rows: metric(rows, skills))


def _over_seeds(
    runs: Mapping[int, RunMatrix], columns: matrix.Skills, metric: Metric
) -> Estimate | None:
    """Return a metric over seeds; with one seed, with the interval of its items."""
    values = {seed: metric(run.rows) for seed, run in runs.items()}
    by_seed = {seed: Estimate(value) for seed, value in values.items() if value is not None}
    if len(by_seed) < len(runs):
        return None
    if len(runs) == 1:
        by_seed = {seed: over_run(run, columns, metric) for seed, run in runs.items()}
    return combined([(1.0, by_seed)])


def _note(data: ReportData) -> str:
    skills = data.skill_names("skills")
    return (
        f"Under their names in the literature, 0 to 100. The columns are the {len(skills)} skills "
        "of the three metrics, each evaluated at every step and taken as seen from t = 0 on. A_t "
        "is the mean over them after step t; the last one is the mean final accuracy, which is the "
        "table's average accuracy. Incremental accuracy is the mean of A_t over all steps. "
        f"Forgetting is the mean over all {len(skills)} skills (not over T − 1 tasks) of the best "
        "score before the last step minus the last score, in points; it is below 0 where the last "
        f"step gains. {_undefined(data)}"
    )


def _undefined(data: ReportData) -> str:
    """Say which metrics there are not, and why: no column is the task of one step."""
    why = "They need one step for each column, at which it is learnt, but columns are skills"
    if REFERENCE in data.runs:
        skills = data.skill_names("skills")
        brought = [
            set(by_step["by_skill"]) & set(skills)
            for by_step in next(iter(data.runs[REFERENCE].values())).result["selections"].values()
        ]
        times = {skill: sum(skill in one for one in brought) for skill in skills}
        several = [skill for skill in skills if times[skill] > 1]
        none = [skill for skill in skills if not times[skill]]
        parts = []
        if several:
            parts.append(f"more than one dataset after t = 0 brings {', '.join(several)}")
        if none:
            parts.append(f"none brings {', '.join(none)}")
        why += f": {'; '.join(parts)}" * bool(parts)
    return (
        "BWT, FWT, plasticity and stability are undefined here and not shown. "
        f"{why}. The model before t = 0 was not evaluated, nor was any dataset learnt alone."
    )
