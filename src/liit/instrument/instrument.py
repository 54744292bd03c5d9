"""Judge the signals of the stream against what is known of its samples, without any training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

from liit import paths
from liit.config import Params
from liit.instrument.figures import drawings
from liit.instrument.groups import SEEDS
from liit.instrument.judge import Judgement, judge
from liit.instrument.measure import JudgedPool, few_of, is_drawn, judged_pool
from liit.instrument.models import JudgedModel, Proxy, models_here, proxy_here
from liit.instrument.record import record_of
from liit.instrument.truth import truth_of
from liit.progress import say, tracked
from liit.reporting.side_record import write_side_record
from liit.stream import Stream


def judge_signals(params: Params) -> None:
    """Write `reports/instrument.json` and its figures.

    Of published samples dataset and skill are known, and which answers a reader spoiled on purpose.
    """
    stream = Stream(params)
    models = models_here(params, stream)
    say(f"judged: {', '.join(model.name for model in models)}")
    proxy = proxy_here(params, stream)
    if proxy is None:
        say("the proxy is not on this machine: its gradients are left out")
    judgements = _judgements(params, stream, models, proxy)
    record = record_of(params, models, proxy and proxy[0], judgements)
    write_side_record(paths.INSTRUMENT, record, drawings(record))


def _judgements(
    params: Params, stream: Stream, models: list[JudgedModel], proxy: Proxy | None
) -> list[Judgement]:
    """Measure pool after pool, and judge those that are measured meanwhile on the other cores."""
    judgements: list[Judgement] = []
    jobs: list[Future[None]] = []
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        for pool, few in _pools(params, stream, models, proxy):
            ids = pool.measured.pool.ids.tolist()
            truth = truth_of(map(stream.corpus.sample, ids), ids)
            judged, started = judge(pool, truth, params.budget, workers, few=few)
            judgements.append(judged)
            jobs += started
        left = sum(not job.done() for job in jobs)
        say(f"measured; {left} of {len(jobs)} judgements are left, {len(SEEDS)} seeds each")
        for job in tracked(jobs, "judging"):
            job.result()
    return judgements


def _pools(
    params: Params, stream: Stream, models: list[JudgedModel], proxy: Proxy | None
) -> Iterator[tuple[JudgedPool, bool]]:
    """Yield the pools, and whether they are of those few with zero-order gradients.

    These take longest to measure and least to judge, so they come last; with a model of published
    size they would take hours, and are left out.
    """
    first: JudgedPool | None = None
    for model, step in chain.from_iterable(
        ((model, step) for step in model.steps) for model in models
    ):
        pool = judged_pool(params, stream, model, step, proxy)
        first = first or pool
        yield pool, False
    if first and is_drawn(params):
        yield few_of(params, stream, models[0], first), True
