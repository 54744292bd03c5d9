"""A model as lm-eval asks it: greedy answers and answer likelihoods, stored as they are given.

Why not lm-eval's own ``hf-multimodal``: it mixes neither text and image tasks nor documents with
and without images, refuses image likelihoods, collects garbage after every batch, caches answers
without regard to the weights, and takes prompts as strings, where ours are the tokens that
training sees.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from lm_eval.api.model import LM

from liit.data.encode import IGNORED, Encoded, Encoder
from liit.errors import LiitError
from liit.evaluation.decoding import greedy, next_log_probabilities
from liit.evaluation.predictions import PredictionStore
from liit.evaluation.prompts import Prompt, Prompts, Source
from liit.evaluation.questions import Generate, Score, generation, source_of
from liit.model.records import announce, routes
from liit.progress import bar, say

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

OPENERS = 4
"""Threads that open images while an accelerator answers; on a CPU they would only compete."""

Asked = TypeVar("Asked", Generate, Score)


class LlavaLM(LM):  # type: ignore[misc]
    """Answers lm-eval's requests with the model that :meth:`examine` was given last."""

    MULTIMODAL = True

    def __init__(
        self, encoder: Encoder, store: PredictionStore, *, batch_size: int, code: str = ""
    ) -> None:
        """Keep the parts; ``batch_size`` counts questions, ``code`` digests what answers them."""
        super().__init__()
        self.code = code
        self.encoder, self.prompts = encoder, Prompts(encoder)
        self.store, self.batch_size = store, batch_size

    def examine(self, model: Any, weights: str) -> None:
        """Put ``model`` (LLaVA, or PEFT around it) under examination; ``weights`` is its digest.

        Precision and code join the digest: with another of either, the same weights may answer
        differently.
        """
        self.model = model.eval()
        self.openers = 0 if model.device.type == "cpu" else OPENERS
        self.weights = f"{weights}-{model.dtype}-{self.code}"
        self.known = self.store.of(self.weights)

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Return one greedy answer per request, stripped and cut at the first ``until``.

        Raises LiitError for a prompt too long for the model, and for settings other than greedy.
        """
        end = self.encoder.tokenizer.eos_token
        questions = [generation(request, end) for request in requests]
        answers = self._answers(questions, self._generate)
        return [answers[question] for question in questions]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Return (log-probability, is it the greedy answer) of each request's continuation.

        Continuations of one prompt that differ in their last token alone, such as the letters of
        a question, share a row of the batch.
        """
        wanted: list[tuple[tuple[Source, tuple[int, ...]], int]] = []
        finals: dict[tuple[Source, tuple[int, ...]], set[int]] = {}
        for request in requests:
            source = source_of(request)
            *stem, final = self.prompts.continuation(source, request.args[1]).tolist()
            wanted.append(((source, tuple(stem)), final))
            finals.setdefault((source, tuple(stem)), set()).add(final)
        asked = {row: Score(*row, tuple(sorted(ends))) for row, ends in finals.items()}
        answers = self._answers(list(asked.values()), self._score)
        found = []
        for row, final in wanted:
            likelihood, is_greedy = answers[asked[row]][asked[row].finals.index(final)]
            found.append((likelihood, is_greedy))
        return found

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Refuse: no task here measures the perplexity of whole texts."""
        raise NotImplementedError(f"rolling likelihood of {len(requests)} texts")

    def _answers(
        self,
        questions: Sequence[Asked],
        ask: Callable[[list[Asked], list[Encoded]], list[Any]],
    ) -> dict[Asked, Any]:
        """Answer every question, from the store where it is known, and store batch by batch."""
        ordered = sorted(dict.fromkeys(questions), key=self._order)
        answers: dict[Asked, Any] = {}
        known = f", of which {len(self.known):,} are known" if self.known else ""
        say(f"  {len(ordered):,} answers{known}; {self.batch_size} at a time")
        with bar("evaluation", len(ordered)) as done:
            for batch in self._unknown(ordered, answers):
                asked, keys, prompts = map(list, zip(*batch, strict=True))
                given = ask(asked, prompts)
                self.store.add(self.weights, zip(keys, given, strict=True))
                answers.update(zip(asked, given, strict=True))
                done(len(answers))
        return answers

    def _unknown(
        self, ordered: Sequence[Asked], answers: dict[Asked, Any]
    ) -> Iterator[list[tuple[Asked, bytes, Encoded]]]:
        """Yield batches of one kind each; what the store knows goes to ``answers`` instead."""
        for _, alike in groupby(ordered, key=attrgetter("kind")):
            batch = []
            for question, prompt in self._opened(alike):
                key = prompt.key + question.key
                if key in self.known:
                    answers[question] = self.known[key]
                    continue
                batch.append((question, key, prompt.encoded))
                if len(batch) == self.batch_size:
                    yield batch
                    batch = []
            if batch:
                yield batch

    def _opened(self, questions: Iterable[Asked]) -> Iterator[tuple[Asked, Prompt]]:
        """Yield each question with its prompt, opened by ``openers`` threads one batch ahead."""
        if not self.openers:
            yield from ((one, self.prompts.prompt(one.source)) for one in questions)
            return
        with ThreadPoolExecutor(self.openers) as pool:
            ahead: deque[tuple[Asked, Future[Prompt]]] = deque()
            for question in questions:
                ahead.append((question, pool.submit(self.prompts.prompt, question.source)))
                if len(ahead) > self.batch_size:
                    first, prompt = ahead.popleft()
                    yield first, prompt.result()
            yield from ((one, prompt.result()) for one, prompt in ahead)

    def _generate(self, questions: list[Generate], prompts: list[Encoded]) -> list[str]:
        until = questions[0].until
        decode: Callable[[list[int]], str] = self.encoder.tokenizer.decode

        def stopped(tokens: list[int]) -> bool:
            return any(mark in decode(tokens) for mark in until)

        batch = batch_for(self.model, self.encoder, prompts)
        announce(self.model, batch)
        given = greedy(
            self.model,
            batch,
            limit=questions[0].more,
            end=self.encoder.tokenizer.eos_token_id,
            stopped=stopped if until else None,
        )
        texts = self.encoder.tokenizer.batch_decode(given, skip_special_tokens=True)
        return [_cut(text, until).strip() for text in texts]

    def _score(
        self, questions: list[Score], prompts: list[Encoded]
    ) -> list[list[tuple[float, bool]]]:
        rows = [_extended(p, q.stem) for p, q in zip(prompts, questions, strict=True)]
        last = max(question.more for question in questions) + 1
        batch = batch_for(self.model, self.encoder, rows)
        if routes(self.model):  # by the question alone, whatever answer is scored
            announce(self.model, batch_for(self.model, self.encoder, prompts))
        scores = next_log_probabilities(self.model, batch, last=last).cpu()
        given = []
        for question, table in zip(questions, scores, strict=True):
            places = table[last - 1 - question.more :]
            best = places.argmax(-1).tolist()
            stem = sum(float(places[i, token]) for i, token in enumerate(question.stem))
            given.append(
                [
                    (stem + float(places[-1, final]), best == [*question.stem, final])
                    for final in question.finals
                ]
            )
        return given

    def _order(self, question: Generate | Score) -> tuple[Any, ...]:
        """Sort by kind, then the longest first: little padding, and what is too big fails early."""
        length = len(self.prompts.tokens(question.source)) + question.more
        room = self.model.config.get_text_config().max_position_embeddings
        if length > room:
            raise LiitError(
                f"{question.source} needs {length} tokens with its answer; the model has {room}.",
                next_step="lower max_gen_toks of its task, or leave the item out.",
            )
        return *question.kind, -length


def batch_for(model: Any, encoder: Encoder, rows: Sequence[Encoded]) -> dict[str, Any]:
    """Return prompts as one left-padded batch, where the model is and in its precision."""
    batch = encoder.collate(rows, pad="left")
    del batch["ids"], batch["labels"]
    if "pixel_values" in batch:
        batch["pixel_values"] = batch["pixel_values"].to(model.dtype)
    return {name: tensor.to(model.device) for name, tensor in batch.items()}


def _cut(text: str, until: tuple[str, ...]) -> str:
    for mark in until:
        text = text.split(mark, maxsplit=1)[0]
    return text


def _extended(prompt: Encoded, stem: tuple[int, ...]) -> Encoded:
    more = torch.tensor(stem, dtype=prompt.input_ids.dtype)
    ids = torch.cat([prompt.input_ids, more])
    return Encoded(prompt.id, ids, torch.full_like(ids, IGNORED), prompt.pictures)
