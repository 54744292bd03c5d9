"""The examiner and the shipped tasks, from prepared file to matrix entry."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import yaml

from liit.data.sample import Turn, make_sample
from liit.data.store import write_store
from liit.data.world import CONTINUAL_EXAMS, EXAMS, TEXT_EXAMS, draw_exam
from liit.errors import LiitError
from liit.evaluation import evaluator
from liit.evaluation.adapter import LlavaLM
from liit.evaluation.evaluator import Evaluator
from liit.evaluation.statistics import standard_error
from liit.evaluation.task_files import checked_scoring

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "eval" / "tasks"
HOOK = "liit.benchmarks.drawn."
KINDS = {
    ("answers",): ("exact", "number"),
    ("answers", "choices"): ("exact", "choice"),
    ("box",): ("box",),
    ("references",): ("chinese", "caption", "cider"),
}
"""What an item of the drawn world holds, and the rules that it may be scored by."""
BOXES = ("refcoco", "refcoco_plus", "refcocog")
ITEMS = 6


class PlainLoader(yaml.SafeLoader):
    """Reads ``!function`` tags as text."""


PlainLoader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


def definitions():
    """Return every shipped task by name, as written."""
    found = {}
    for path in sorted(TASKS.glob("[!_]*.yaml")):
        task = yaml.load(path.read_text(encoding="utf-8"), Loader=PlainLoader)
        common = TASKS / task["include"]
        task = yaml.load(common.read_text(encoding="utf-8"), Loader=PlainLoader) | task
        assert task["task"] not in found, f"{path} repeats a name"
        found[task["task"]] = task
    return found


@pytest.fixture(scope="module")
def exams(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exams")
    for task in EXAMS:
        write_store(draw_exam(task, ITEMS, seed=0), folder / f"{task}.arrow")
    return folder


@pytest.fixture
def examiner(encoder, exams, tmp_path, monkeypatch):
    # The mini world's prompts need more room than the tiny model of these tests has.
    monkeypatch.setattr(encoder, "max_length", 4096)

    def make(tasks, **options):
        places = {"tasks_dir": TASKS, "exams_dir": exams, "store": tmp_path / "store.sqlite"}
        return Evaluator(encoder, tasks, batch_size=64, **(places | options))

    return make


@pytest.fixture
def roomy(fresh_model):
    model = fresh_model()
    model.config.text_config.max_position_embeddings = 4096
    return model


def answering(monkeypatch, say):
    """Let the model say ``say(sample)`` instead of generating."""

    def generate(self, questions, prompts):
        return [say(question.source.sample()) for question in questions]

    monkeypatch.setattr(LlavaLM, "_generate", generate)


def test_every_mini_exam_has_its_task_and_every_mini_task_its_exam():
    mini = {
        name: task
        for name, task in definitions().items()
        if HOOK in task.get("process_results", "")
    }
    drawn = EXAMS.keys() | CONTINUAL_EXAMS.keys() | TEXT_EXAMS.keys()
    of_files = {"easy_vqa", *(name for name in mini if name.startswith("cl_"))}
    assert mini.keys() - of_files == drawn
    for name in drawn:
        item = next(draw_exam(name, 1, seed=0))
        assert mini[name]["dataset_kwargs"] == {"exam": name}
        rule = mini[name]["process_results"].removeprefix(HOOK)
        assert rule in KINDS[tuple(sorted(item.extra))]
        asked = mini[name]["generation_kwargs"]
        assert (asked["until"], asked["do_sample"]) == (["</s>"], False)


def test_every_task_is_versioned_and_known_to_lm_eval():
    from lm_eval.tasks import TaskManager

    known = TaskManager(include_path=[TASKS], include_defaults=False)
    for name, task in definitions().items():
        assert task["metadata"]["version"], name
        assert name in known.all_tasks  # lm-eval skips a broken file without a word


def test_every_exam_gives_full_marks_to_its_reference_answers(examiner, roomy, monkeypatch):
    answering(monkeypatch, lambda sample: sample.turns[-1].text)
    cells = examiner(list(EXAMS)).run(roomy, "w")
    assert list(cells) == list(EXAMS)
    for task, cell in cells.items():
        assert cell.n == ITEMS and cell.version == "1", task
        assert (cell.score, cell.parsed, cell.lenient) == (pytest.approx(100), 1, 100), task
        assert cell.stderr == pytest.approx(0)


def test_every_exam_gives_no_mark_to_nonsense(examiner, roomy, monkeypatch):
    answering(monkeypatch, lambda sample: "xyzzy")
    for task, cell in examiner(list(EXAMS)).run(roomy, "w").items():
        assert cell.score == pytest.approx(0, abs=1e-6), task
        assert cell.parsed == (task not in BOXES), task


def test_grounding_reports_mean_iou_and_accuracy_each_under_its_name(
    examiner, roomy, monkeypatch, tmp_path
):
    def half_right(n):
        turns = [Turn("user", f"Where is thing {n}?"), Turn("assistant", "[0.0, 0.0, 0.5, 1.0]")]
        extra = {"box": [0.0, 0.0, 0.5, 1.0], "box_frame": "original", "size": [200, 100]}
        return make_sample("refcoco", turns, extra=extra)

    write_store(map(half_right, range(2)), tmp_path / "refcoco_val.arrow")
    said = iter(["[0.0, 0.0, 0.5, 1.0]", "[0.25, 0.0, 0.75, 1.0]"])
    answering(monkeypatch, lambda sample: next(said))
    cell = examiner(["refcoco_val"], exams_dir=tmp_path).run(roomy, "w")["refcoco_val"]
    # the second answer shares a quarter of the picture of three quarters
    assert cell.figures == {"mean_iou": pytest.approx(2 / 3), "acc@0.5": 50}
    assert cell.score == pytest.approx(100 * 2 / 3)
    assert cell.as_dict()["figures"] == cell.figures
    answering(monkeypatch, lambda sample: "yes")
    plain = examiner(["gqa"]).run(roomy, "w")["gqa"].as_dict()
    assert set(plain) == {"score", "stderr", "n", "parsed", "lenient", "version"}


@pytest.fixture
def lettered(tmp_path):
    """Exam `scienceqa` as published benchmarks ask it: options by letter."""
    write_store(with_letters(), tmp_path / "scienceqa.arrow")
    return tmp_path


def with_letters():
    for sample in draw_exam("scienceqa", ITEMS, seed=0):
        choices, answer = sample.extra["choices"], sample.extra["answers"][0]
        letter = "ABCD"[choices.index(answer)]
        lines = [f"{mark}. {choice}" for mark, choice in zip("ABCD", choices, strict=True)]
        question = Turn("user", "\n".join([sample.turns[0].text.split("\nOptions")[0], *lines]))
        turns = [question, Turn("assistant", letter)]
        extra = {"choices": choices, "letter": letter}
        yield make_sample("scienceqa", turns, sample.images, extra=extra)


def test_cells_summarise_what_the_predictions_hold(examiner, roomy, monkeypatch, lettered):
    right = iter([True, False, True, True, False, False])
    answering(monkeypatch, lambda s: f"It is {s.turns[-1].text}." if next(right) else "no idea")
    board = examiner(["scienceqa"], exams_dir=lettered)
    cell = board.run(roomy, "w")["scienceqa"]
    # "It is B." is no letter by the strict rule, and is one by the lenient rule
    assert (cell.score, cell.parsed, cell.lenient) == (0, 0, pytest.approx(50))
    rows = list(board.predictions())
    assert [row["task"] for row in rows] == ["scienceqa"] * ITEMS
    assert sorted(row["lenient"] for row in rows) == [0, 0, 0, 1, 1, 1]
    assert {row["prediction"] for row in rows if not row["lenient"]} == {"no idea"}
    drawn = {sample.id: sample for sample in with_letters()}
    assert [row["id"] for row in rows] == list(drawn)
    assert all(row["reference"] == drawn[row["id"]].turns[-1].text for row in rows)


def test_standard_error_is_the_closed_form(examiner, roomy, monkeypatch):
    right = iter([True, False, True, True, False, True])
    answering(monkeypatch, lambda s: s.turns[-1].text if next(right) else "no idea")
    cell = examiner(["gqa"]).run(roomy, "w")["gqa"]
    assert cell.score == pytest.approx(100 * 4 / 6)
    assert cell.stderr == pytest.approx(100 * (4 / 6 * 2 / 6 / 5) ** 0.5)


def test_a_real_model_is_examined_and_scored_item_by_item(examiner, roomy):
    board = examiner(["gqa", "mmlu", "nlvr", "dialogue", "refcoco", "coco_cn"])
    cells = board.run(roomy, "w")
    rows = list(board.predictions())
    assert len(rows) == ITEMS * 6
    for task, cell in cells.items():
        scores = [row["score"] for row in rows if row["task"] == task]
        assert cell.score == pytest.approx(100 * sum(scores) / ITEMS)
        assert cell.stderr == pytest.approx(100 * standard_error(scores))
    again = board.run(roomy, "w")
    assert again == cells and list(board.predictions()) == rows


def test_one_examiner_serves_every_step(examiner, roomy, monkeypatch):
    board = examiner(["gqa"])
    answering(monkeypatch, lambda sample: "no idea")
    assert board.run(roomy, "step 0")["gqa"].score == 0
    answering(monkeypatch, lambda sample: sample.turns[-1].text)
    assert board.run(roomy, "step 1")["gqa"].score == 100
    assert board.run(roomy, "step 0")["gqa"].score == 0  # stored


def test_the_likeliest_letter_is_a_diagnostic_beside_the_written_one(
    examiner, roomy, monkeypatch, lettered
):
    def sure(self, questions, prompts):
        answers = [
            self.prompts.continuation(q.source, q.source.sample().turns[-1].text) for q in questions
        ]
        return [
            [(0.0 if final == int(answer[-1]) else -9.0, False) for final in question.finals]
            for question, answer in zip(questions, answers, strict=True)
        ]

    tasks = [name for name in definitions() if name.endswith("_likelihood")]
    assert tasks == ["scienceqa_likelihood"]
    untrained = examiner(tasks, exams_dir=lettered).run(roomy, "w")
    assert all(0 <= cell.score <= 100 and cell.parsed == 1 for cell in untrained.values())
    monkeypatch.setattr(LlavaLM, "_score", sure)
    cells = examiner(tasks, exams_dir=lettered).run(roomy, "other")
    assert {cell.score for cell in cells.values()} == {100.0}


def test_no_garbage_is_collected_by_hand(examiner, roomy, monkeypatch):
    board = examiner(["gqa", "mmlu"])
    collected = []
    monkeypatch.setattr(gc, "collect", lambda *_: collected.append(1))
    board.run(roomy, "w")
    assert not collected


def test_lm_eval_draws_no_bars_and_gets_its_own_back(examiner, roomy, capsys):
    import lm_eval.api.task as module

    bar = module.tqdm
    examiner(["gqa"]).run(roomy, "w")
    assert module.tqdm is bar
    said = capsys.readouterr()
    assert said.out == "  6 answers; 64 at a time\n" and not said.err


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda document, _: {"score": document["extra"]["colour"]}, r"item \w{16}.*'colour'"),
        (lambda *_: {"score": 1.0}, r"gives no lenient, parsed"),
    ],
)
def test_a_fault_of_a_tasks_own_scoring_names_task_and_item(examiner, roomy, rule, said):
    board = examiner(["gqa"])
    task = board._loaded["tasks"]["gqa"]
    task.set_config(key="process_results", value=checked_scoring("gqa", rule))
    with pytest.raises(LiitError, match=rf"Task gqa: <lambda>\(\) (.|\n)*{said}"):
        board.run(roomy, "w")


def test_unknown_tasks_and_missing_exams_say_what_to_do(examiner, tmp_path):
    with pytest.raises(LiitError, match=r"no task 'gqaa'(.|\n)*gqa"):
        examiner(["gqaa"])
    with pytest.raises(LiitError, match=r"gqa\.arrow does not exist"):
        examiner(["gqa"], exams_dir=tmp_path / "nowhere")


def test_nothing_is_looked_up_on_the_network(examiner, monkeypatch):
    for name in evaluator.OFFLINE:
        monkeypatch.delenv(name, raising=False)
    examiner(["gqa"])
    assert [os.environ[name] for name in evaluator.OFFLINE] == ["1", "1", "1"]
