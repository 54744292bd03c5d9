"""`liit plan`: times, disk and memory of small cases by hand, and the paper's scale as printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from liit.cli import main
from liit.config import Lora, load_params
from liit.learner import Sizes, importance_cost
from liit.planning.estimate import (
    DROPPED_OVER_PLAIN,
    CostEstimate,
    adapter_bytes,
    estimate,
    signal_bytes,
)
from liit.planning.operations import forward_operations
from liit.planning.plan import Plan, as_json, plan_table, render
from liit.planning.shape import BLIP2_OPT_2_7B, LLAVA_7B, Lengths, shape_of
from liit.planning.speed import _decoder_layer, _insert_lora, measure_speed, stated
from liit.planning.workload import Arrival
from liit.scales import params_of
from liit.selection import load
from liit.units import duration

ROOT = Path(__file__).parents[2]
LENGTHS = Lengths(tokens=90, blind=50, answers=10, images=1)
STREAM = [Arrival("one", 100, LENGTHS, True), Arrival("two", 300, LENGTHS, True)]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")


def test_time_is_operations_over_rate_and_devices() -> None:
    params = load_params()
    method = load("main", "adapt_inf")
    one = estimate(params, "adapt_inf", method, STREAM, speed=stated(2.0), devices=1)
    four = estimate(params, "adapt_inf", method, STREAM, speed=stated(2.0), devices=4)
    assert one.scored == 400
    assert one.passes == ("forward + backward", "forward without images")
    assert one.signal_seconds == one.signal_operations / 2e12
    assert one.training_seconds == one.training_operations / 2e12
    assert four.seconds == pytest.approx(one.seconds / 4)


def test_text_is_not_passed_once_more_without_images() -> None:
    params = load_params()
    lengths = Lengths(tokens=90, blind=90, answers=10, images=0)
    text = [replace(one, lengths=lengths) for one in STREAM]
    method = load("main", "adapt_inf")
    without = load("scorers", "without_image_grounding")
    one, other = (
        estimate(params, "a", each, text, speed=stated(1), devices=1) for each in (method, without)
    )
    assert one.passes == other.passes == ("forward + backward",)
    assert one.signal_operations == other.signal_operations


def test_twice_the_budget_trains_twice_as_long_and_scores_no_more() -> None:
    params, method = load_params(), load("main", "adapt_inf")
    small, large = (
        estimate(replace(params, budget=b), "a", method, STREAM, speed=stated(1), devices=1)
        for b in (50, 100)
    )
    assert large.training_operations == pytest.approx(2 * small.training_operations)
    assert large.signal_operations == small.signal_operations


def test_what_learners_cost_by_hand() -> None:
    """Step 1 of two datasets, 100 and 300 samples of one length, one epoch."""
    params = params_of("llava-1.5-7b")
    params = replace(params, train=replace(params.train, epochs=1, micro_batch_size=8))

    def cost(name: str) -> CostEstimate:
        method = load("continual", name)
        return estimate(params, name, method, STREAM, speed=stated(1), devices=1)

    plain = estimate(params, "s", load("main", "sequential"), STREAM, speed=stated(1), devices=1)
    once = plain.training_operations / 300
    forward = forward_operations(LLAVA_7B, LENGTHS)
    added = {
        "er": 0.1 * 100 * once,
        "er_matched": 0.0,
        "der": 300 * 16 / 8 * once,
        "ewc": (100 + 300) * once,
        "lwf": 300 * forward,
        "a_gem": 300 * 16 / params.train.batch_size * once,
        "o_lora": 0.0,
    }
    for name, expected in added.items():
        found = cost(name).training_operations - plain.training_operations
        assert found == pytest.approx(expected, rel=1e-6, abs=1e6), name
    adapted, projector = 32 * (4 * 4096**2 + 3 * 4096 * 11008), 1024 * 4096 + 4096**2
    kept = {
        "er": 0,
        "ewc": 2 * 2 * (adapted + projector),
        "der": 2 * 256 * 10 * 32064,
        "moe_lora": 32 * 9_994_240,
        "e_proj": (1 + 2) * projector,
    }
    for name, numbers in kept.items():
        assert cost(name).state_disk_gb == pytest.approx(4 * numbers / 1e9), name
    assert plain.state_disk_gb == 0.0


def test_memory_that_learners_take_by_hand() -> None:
    """Step 1 of two, micro-batches of 8 samples of 90 tokens, recomputed, in bfloat16."""
    params = params_of("llava-1.5-7b")
    params = replace(params, train=replace(params.train, micro_batch_size=8))

    def memory(table: str, name: str) -> float:
        found = estimate(params, name, load(table, name), STREAM, speed=stated(1), devices=1)
        return found.training_memory_gb

    layer = 2 * 90 * (8 * 4096 + 3 * 11008)  # activations of one sample in one layer
    recomputed, whole = 2 * 90 * 32 * 4096 + 2 * layer, 32 * layer  # dropout keeps inputs twice
    adapted, projector = 32 * (4 * 4096**2 + 3 * 4096 * 11008), 1024 * 4096 + 4096**2
    factors = 32 * 9_994_240
    added = {
        "er": 0,
        "der": 16 * recomputed,
        # the teacher in two bytes, five arrays of answers × vocabulary in four
        "lwf": 8 * 10 * 32064 * (2 + 5 * 4),
        "o_lora": 4 * 32 * 128 * (6 * 4096 + 11008),  # what q, k, v, o, gate, up and down read
        "moe_lora": 4 * factors,
        "e_proj": 0,
        # every gradient in two bytes and every sum in four, one sample, nothing recomputed
        "ewc": (2 + 4) * (adapted + projector) + whole - 8 * recomputed,
        "tir_mas": (2 + 4) * (adapted + projector) + whole - 8 * recomputed,
        "a_gem": 4 * (factors + projector) + 16 * whole - 8 * recomputed,
    }
    plain = memory("main", "sequential")
    for name, expected in added.items():
        found = 1e9 * (memory("continual", name) - plain)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e3), name


def test_a_penalty_that_takes_more_than_the_pass_after_it_counts() -> None:
    """One matrix of 10 numbers, five times in float32, beside sums of 3 weights."""
    sizes = Sizes(1, 2, 10, 0, 0, 1, 0, 1, 1, 2)
    cost = importance_cost(sizes, 7)
    assert (cost.measured, cost.kept, cost.held, cost.apart_held) == (7, 6, 200, 18)


def test_a_learner_for_one_rank_is_planned_on_one_device(
    capsys: pytest.CaptureFixture[str],
) -> None:
    params = params_of("llava-1.5-7b")
    rows = [
        estimate(params, name, load("continual", name), STREAM, speed=stated(1), devices=8)
        for name in ("er", "ewc")
    ]
    er, ewc = rows
    assert (er.devices, ewc.devices) == (8, 1)
    assert er.training_seconds == pytest.approx(er.training_operations / 1e12 / 8)
    assert ewc.training_seconds == pytest.approx(ewc.training_operations / 1e12)
    assert er.refused == "" and "devices.strategy to auto" in ewc.refused
    one = replace(params, devices=replace(params.devices, devices=1, strategy="auto"))
    method = load("continual", "ewc")
    assert estimate(one, "ewc", method, STREAM, speed=stated(1), devices=1).refused == ""
    exams = [Arrival("exam", 50, LENGTHS, True)]
    plan = Plan(params, STREAM, stated(1), 8, rows, exams)
    Console(width=400).print(render(plan))
    said = capsys.readouterr().out
    assert "On one device, whatever there are: ewc.\n" in said
    assert "Will not run as params stand: ewc: " in said
    ewc_gb, er_gb = (f"{row.training_memory_gb:.1f} GB for {row.method}" for row in (ewc, er))
    assert f"training {er_gb}; {ewc_gb}." in said
    once = 50 * forward_operations(shape_of(params.model), LENGTHS) / 1e12
    asking = (1 / 8 + 1 / 8 + 1) * once  # the base, er and ewc after the only step
    assert f"{duration(asking)} for 50 questions asked 3 times" in said


@pytest.mark.parametrize("scale", ["cit-1", "cit-2"])
def test_a_model_with_a_qformer_is_planned_but_for_signals(
    scale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["adapt_inf", "ewc", "random"]
    assert main(["plan", "--scale", scale, "--tflops", "125", "--methods", *rows]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Will not run as params stand: adapt_inf: Salesforce/" in said
    assert "signals are not measured for it. Next step: run methods that need none" in said


def test_memory_and_bytes_of_a_qformer() -> None:
    """It trains in float32 beside what it was; of learners, EProj alone keeps the projection."""
    params, shape = params_of("cit-1"), BLIP2_OPT_2_7B
    trained = shape.adapter_weights(0) + shape.projector_weights
    assert adapter_bytes(params, shape) == 4 * trained
    stream = [Arrival(name, 1_000, LENGTHS, False) for name in ("coco", "flickr30k")]
    rows = {
        name: estimate(params, name, load(table, name), stream, speed=stated(1), devices=1)
        for table, name in (("main", "random"), ("continual", "ewc"), ("continual", "e_proj"))
    }
    assert rows["ewc"].state_disk_gb == pytest.approx(2 * 2 * 4 * trained / 1e9)  # t = 0 and 1
    kept = 3 * 4 * shape.projector_weights / 1e9  # one expert, then two
    assert rows["e_proj"].state_disk_gb == pytest.approx(kept)
    tokens = 32 * LENGTHS.tokens
    activations = 2 * tokens * 32 * (8 * 2560 + 3 * 10240)
    weights = 2 * (shape.parameters - shape.former.weights) + 8 * shape.former.weights
    own = weights + 12 * trained + activations
    assert rows["random"].training_memory_gb == pytest.approx(own / 1e9)


def test_bytes_of_signals_and_adapters() -> None:
    params = params_of("llava-1.5-7b")
    names = load("main", "adapt_inf").signals
    # four scores of 8 bytes, and 8,192 dimensions of 2
    assert signal_bytes(params, LLAVA_7B, names) == 4 * 8 + 2 * 8192
    hidden = names | {"hidden"}
    assert signal_bytes(params, LLAVA_7B, hidden) == 4 * 8 + 2 * 8192 + 2 * 4096
    factors, projector = 32 * 9_994_240, 1024 * 4096 + 4096**2
    assert adapter_bytes(params, LLAVA_7B) == 4 * factors + 2 * projector


def test_memory_grows_with_the_batch_and_shrinks_with_checkpointing() -> None:
    params, method = params_of("llava-1.5-7b"), load("main", "adapt_inf")

    def memory(**changed: object) -> float:
        train = replace(params.train, **changed)  # type: ignore[arg-type]
        asked = replace(params, train=train)
        found = estimate(asked, "a", method, STREAM, speed=stated(1), devices=8)
        return found.training_memory_gb

    assert 14 < memory() < 80  # 2 bytes for each of 7 billion weights, on a card of 80 GB
    assert memory(micro_batch_size=32) > memory() > memory(micro_batch_size=8)
    assert memory(gradient_checkpointing=False) > memory()


@pytest.mark.parametrize(("dropout", "over"), [(None, 1.0), (0.05, DROPPED_OVER_PLAIN)])
def test_activations_are_what_a_layer_keeps_for_its_backward_pass(
    dropout: float | None, over: float
) -> None:
    shape = replace(LLAVA_7B, width=512, key_value_width=512, mlp_width=1376)
    layer = _decoder_layer(shape).requires_grad_(False)
    if dropout is not None:
        _insert_lora(layer, Lora(16, 32, dropout, "merge_fresh"))
    weights = {one.untyped_storage().data_ptr() for one in layer.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(saved: torch.Tensor) -> torch.Tensor:
        kept[saved.untyped_storage().data_ptr()] = saved
        return saved

    entered = torch.randn(4, 128, 512, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        left = layer(inputs_embeds=entered, use_cache=False).last_hidden_state
    found = sum(one.untyped_storage().nbytes() for at, one in kept.items() if at not in weights)
    assert left.requires_grad
    assert found == pytest.approx(over * 4 * 4 * 128 * (8 * 512 + 3 * 1376), rel=0.2)


def test_calibration_measures_something() -> None:
    params = load_params()
    rates = measure_speed(params, shape_of(params.model), 40)
    assert rates.signals > 1e6 and rates.training > 1e6
    assert "cpu" in rates.source


def test_the_papers_scale_stands_beside_its_table_6(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["plan", "--scale", "llava-1.5-7b", "--tflops", "125"]
    assert main([*asked, "--methods", "random", "adapt_inf", "lite_adapt_inf"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "16.5 M" in lines["adapt_inf"] and "116.5 h" in lines["adapt_inf"]
    assert "4.3 M" in lines["lite_adapt_inf"] and "56.4 h" in lines["lite_adapt_inf"]
    assert lines["random"].split()[1] == "0" and "21 h" in lines["random"]


def test_mistakes_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["plan", "--scale", "llava-1.5-7b", "--tflops", "125"]
    with pytest.raises(SystemExit):
        main([*asked, "--devices", "0"])
    assert "--devices: give a whole number from 1 on, not '0'" in capsys.readouterr().err
    assert main([*asked, "--methods", "adapt_infty"]) == 1
    assert "adapt_inf" in capsys.readouterr().err
    assert main(["plan", "--scale", "llava-1.5-7b", "--methods", "random"]) == 1
    assert "--tflops" in capsys.readouterr().err


def test_rows_beside_a_table_are_found_in_their_own_folder() -> None:
    params = params_of("llava-1.5-7b")
    shown = render(plan_table(params, "scorers", None, prepared=False, devices=8, tflops=100.0))
    assert shown is not None


def test_the_page_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--scale", "llava-1.5-7b", "--tflops", "125"]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.strip("\n").splitlines()]
    page = (ROOT / "docs/costs.md").read_text("utf-8")
    block = page.partition("<!-- plan:start -->\n\n```\n")[2].partition("\n```")[0]
    assert block.splitlines() == printed, "paste the command's output between the marks"


def test_one_gpu_is_planned_for_a_day_on_a_card_of_24_gb() -> None:
    """Table 2's rows at 40 · 10¹² operations a second, 24 % of an RTX 4090's peak in bf16."""
    params = params_of("one-gpu")
    plan = plan_table(params, "main", None, prepared=False, devices=None, tflops=40.0)
    assert len(plan.estimates) == 15
    asked = 1 + sum(row.evaluations for row in plan.estimates)
    seconds = sum(row.seconds for row in plan.estimates) + asked * plan.evaluation_seconds
    assert 12 < seconds / 3600 < 20  # the rest of the day is for what a plan leaves out
    memory = max(row.signals_memory_gb for row in plan.estimates)
    training = max(row.training_memory_gb for row in plan.estimates)
    assert max(memory, training) < 12
    page = " ".join((ROOT / "docs/real-data.md").read_text("utf-8").split())
    rows, asking = duration(sum(r.seconds for r in plan.estimates)), asked * plan.evaluation_seconds
    assert f"{rows} for the fifteen rows and {duration(asking)} for asking 5,600 questions" in page
    assert f"questions {asked} times" in page and f"each of {asked} adapters" in page
    assert f"{memory:.1f} GB of memory for signals and {training:.1f} GB for training" in page
    disk = sum(row.signals_disk_gb for row in plan.estimates)
    adapter = adapter_bytes(params, shape_of(params.model)) / 1e6
    assert f"{disk:.0f} GB on the disk for signals" in page and f"{adapter:.0f} MB for each" in page


def test_asking_the_exams_is_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Two steps trained and the base: three times 50 questions of 90 tokens, at 10¹² a second."""
    params = params_of("llava-1.5-7b")
    stream = [*STREAM, Arrival("three", 50, LENGTHS, True)]
    row = estimate(params, "random", load("main", "random"), stream, speed=stated(1), devices=1)
    assert row.evaluations == 2
    exams = [Arrival("exam", 50, LENGTHS, True)]
    plan = Plan(params, stream, stated(1), 1, [row], exams)
    once = 50 * forward_operations(shape_of(params.model), LENGTHS) / 1e12
    assert plan.evaluation_seconds == pytest.approx(once)
    assert as_json(plan)["seconds_per_evaluation"] == pytest.approx(once)
    Console(width=200).print(render(plan))
    said = capsys.readouterr().out
    assert f"{duration(3 * once)} for 50 questions asked 3 times" in said
    assert f"together {duration(row.seconds + 3 * once)}." in said
    bare = Plan(params, stream, stated(1), 1, [row], [])
    assert as_json(bare)["seconds_per_evaluation"] is None
