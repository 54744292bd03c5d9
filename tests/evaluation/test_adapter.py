"""Answers and likelihoods against one-at-a-time references; the store; what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from lm_eval.api.instance import Instance
from peft import LoraConfig, get_peft_model
from tiny import prompt_of

from liit.data.sample import ImageRef, Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.errors import LiitError
from liit.evaluation import adapter
from liit.evaluation import prompts as prompts_module
from liit.evaluation.adapter import LlavaLM
from liit.evaluation.documents import Documents
from liit.evaluation.predictions import PredictionStore

SETTINGS = {"until": ["</s>"], "max_gen_toks": 12, "do_sample": False}


def requests(documents, settings=SETTINGS):
    return [
        Instance("generate_until", d, (d["text"], settings, {"visual": d["item"]}), 0)
        for d in documents
    ]


def scorings(documents, continuations):
    return [
        Instance("loglikelihood", d, (d["text"], answer, {"visual": d["item"]}), place)
        for d in documents
        for place, answer in enumerate(continuations)
    ]


@pytest.fixture
def ask(encoder, tmp_path):
    """Return a model under examination; every call has a store of its own unless told."""
    calls = iter(range(1000))

    def make(model, *, batch_size=64, weights="w", store=None):
        path = tmp_path / (store or f"{next(calls)}.sqlite")
        lm = LlavaLM(encoder, PredictionStore(path), batch_size=batch_size)
        lm.examine(model, weights)
        return lm

    return make


@pytest.fixture
def asked(monkeypatch):
    """Record how many prompts each batch of the model had."""
    sizes = []
    batch = adapter.batch_for
    monkeypatch.setattr(
        adapter, "batch_for", lambda m, e, rows: sizes.append(len(rows)) or batch(m, e, rows)
    )
    return sizes


def alone(model, encoder, document, tokens):
    """The slow, obvious answer: transformers' own generate, one unpadded prompt."""
    prompt = prompt_of(encoder, document["item"].sample())
    batch = encoder.collate([prompt])
    inputs = {k: batch[k] for k in ("input_ids", "attention_mask", "pixel_values") if k in batch}
    with torch.no_grad():
        out = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    return encoder.tokenizer.decode(out[0, len(prompt) :], skip_special_tokens=True).strip()


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_answers_do_not_depend_on_the_batch(ask, model, encoder, documents, batch_size):
    answers = ask(model, batch_size=batch_size).generate_until(requests(documents))
    assert answers == [alone(model, encoder, document, 12) for document in documents]
    lengths = {len(encoder.tokenizer(answer)["input_ids"]) for answer in answers}
    assert len(set(answers)) >= 10 and len(lengths) > 2  # or the equality would say little


def test_answers_depend_on_the_images(ask, model, encoder, documents):
    with_images = [d for d in documents if len(d["item"].sample().images) == 1]
    answers = ask(model).generate_until(requests(with_images))
    blind = []
    for document in with_images:
        prompt = prompt_of(encoder, document["item"].sample())
        prompt.pictures.pixels.zero_()
        batch = encoder.collate([prompt])
        inputs = {k: batch[k] for k in ("input_ids", "attention_mask", "pixel_values")}
        out = model.generate(**inputs, max_new_tokens=12, do_sample=False)[0, len(prompt) :]
        blind.append(encoder.tokenizer.decode(out, skip_special_tokens=True).strip())
    assert answers != blind


def test_text_alone_and_documents_with_images_share_a_call(ask, model, encoder, documents):
    text = Instance("generate_until", {}, ("What is 1?", SETTINGS), 0)
    lm = ask(model)
    mixed = lm.generate_until([text, *requests(documents)])
    assert mixed[1:] == ask(model).generate_until(requests(documents))
    assert mixed[:1] == ask(model).generate_until([text])
    prompt = encoder.tokenizer.decode(lm.prompts.tokens("What is 1?"))
    assert prompt.endswith("Chat. USER: What is 1? ASSISTANT:")


def test_settings_of_each_task_are_kept_apart(ask, model, encoder, documents):
    short = {**SETTINGS, "max_gen_toks": 2}
    pairs = zip(requests(documents), requests(documents, short), strict=True)
    mixed = [request for pair in pairs for request in pair]
    answers = ask(model, batch_size=5).generate_until(mixed)
    assert answers[0::2] == [alone(model, encoder, document, 12) for document in documents]
    assert answers[1::2] == [alone(model, encoder, document, 2) for document in documents]


def test_answers_end_before_a_stop_string(ask, model, documents):
    free = ask(model).generate_until(requests(documents))
    mark = max(free, key=len)[3:5]
    stopped = ask(model).generate_until(requests(documents, {**SETTINGS, "until": [mark]}))
    assert stopped == [answer.split(mark)[0].strip() for answer in free]
    assert stopped != free


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_likelihood_equals_a_plain_forward(ask, model, encoder, documents, batch_size):
    choices = [" A", " B", " shape 3"]
    found = ask(model, batch_size=batch_size).loglikelihood(scorings(documents, choices))
    expected = []
    for document in documents:
        sample = document["item"].sample()
        prompt = prompt_of(encoder, sample)
        question = replace(sample, turns=sample.turns[:-1])
        for choice in choices:
            text = encoder.render(question)[0] + choice
            ids = encoder.tokenizer(text)["input_ids"]
            image = ids.index(encoder.image_token) if encoder.image_token in ids else None
            assert (image is None) == (prompt.images == 0)
            new = ids[-(len(ids) - len(encoder.tokenizer(text[: -len(choice)])["input_ids"])) :]
            whole = torch.cat([prompt.input_ids, torch.tensor(new)])[None]
            pixels = encoder.collate([prompt]).get("pixel_values")
            inputs = {} if pixels is None else {"pixel_values": pixels}
            with torch.no_grad():
                logits = model(input_ids=whole, **inputs).logits[0]
            scores = logits.log_softmax(-1)[len(prompt) - 1 : -1]
            likelihood = sum(float(scores[i, token]) for i, token in enumerate(new))
            expected.append((likelihood, scores.argmax(-1).tolist() == new))
    assert [one[1] for one in found] == [one[1] for one in expected]
    assert [one[0] for one in found] == pytest.approx([one[0] for one in expected], abs=1e-4)
    assert len({round(one[0], 3) for one in found}) > 20


def test_letters_of_one_question_share_a_row(ask, model, documents, asked):
    ask(model).loglikelihood(scorings(documents, [" A", " B", " C", " D"]))
    assert asked == [len(documents)]


def test_an_interrupted_evaluation_computes_only_the_rest(ask, model, documents, asked):
    complete = ask(model, batch_size=3).generate_until(requests(documents))
    asked.clear()
    lm = ask(model, batch_size=3, store="shared")
    generate = lm._generate

    def dies_in_its_third_batch(*arguments):
        if len(asked) == 2:
            raise KeyboardInterrupt
        return generate(*arguments)

    lm._generate = dies_in_its_third_batch
    with pytest.raises(KeyboardInterrupt):
        lm.generate_until(requests(documents))
    assert asked == [3, 3]
    asked.clear()
    again = ask(model, batch_size=3, store="shared").generate_until(requests(documents))
    assert asked == [3, 3] and again == complete
    asked.clear()
    assert ask(model, store="shared").generate_until(requests(documents)) == complete
    assert asked == []


def test_stored_likelihoods_are_the_same_numbers(ask, model, documents, asked):
    first = ask(model, store="shared").loglikelihood(scorings(documents, [" A", " shape 3"]))
    asked.clear()
    assert (
        ask(model, store="shared").loglikelihood(scorings(documents, [" A", " shape 3"])) == first
    )
    assert asked == []


@pytest.mark.parametrize("change", ["weights", "dtype", "tokens", "until"])
def test_other_weights_or_settings_find_no_stored_answer(
    ask, fresh_model, model, documents, asked, change
):
    ask(model, store="shared").generate_until(requests(documents))
    asked.clear()
    settings, other, weights = SETTINGS, model, "w"
    if change == "weights":
        weights = "other"
    elif change == "dtype":
        other = fresh_model().to(torch.bfloat16)
    elif change == "tokens":
        settings = {**SETTINGS, "max_gen_toks": 11}
    else:
        settings = {**SETTINGS, "until": ["x"]}
    lm = ask(other, store="shared", weights=weights)
    lm.generate_until(requests(documents, settings))
    assert sum(asked) == len(documents)


def test_changed_pixels_find_no_stored_answer(ask, model, encoder, documents, asked, monkeypatch):
    ask(model, store="shared").generate_until(requests(documents))
    asked.clear()
    opened = encoder.pictures

    def darker(images, root):
        seen = opened(images, root)
        return seen._replace(pixels=seen.pixels // 2)

    monkeypatch.setattr(encoder, "pictures", darker)
    ask(model, store="shared").generate_until(requests(documents))
    assert sum(asked) == sum(bool(d["item"].sample().images) for d in documents)


def test_prompts_that_do_not_fit_in_memory_are_opened_again(ask, model, documents, monkeypatch):
    kept = ask(model).generate_until(requests(documents))
    monkeypatch.setattr(prompts_module, "ROOM", 0)
    lm = ask(model, batch_size=2)
    assert lm.generate_until(requests(documents)) == kept
    assert not lm.prompts._kept


def test_images_opened_ahead_by_threads_change_nothing(ask, model, documents):
    plain = ask(model, batch_size=2).generate_until(requests(documents))
    lm = ask(model, batch_size=2)
    lm.openers = 3
    assert lm.generate_until(requests(documents)) == plain


def test_a_damaged_image_stops_the_evaluation_and_is_named(ask, model, tmp_path):
    turns = [Turn("user", "<image>\nWhat?"), Turn("assistant", "x")]
    path = tmp_path / "broken.arrow"
    write_store([make_sample("broken", turns, [ImageRef(path="gone.png")])], path)
    documents = Documents(SampleStore(path, tmp_path))
    for openers in (0, 2):
        lm = ask(model)
        lm.openers = openers
        with pytest.raises(LiitError, match=r"gone\.png"):
            lm.generate_until(requests(documents))


def test_peft_object_answers_as_its_merged_model(ask, fresh_model, documents):
    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    peft = get_peft_model(fresh_model(), config)
    attached = ask(peft).generate_until(requests(documents))
    plain = ask(fresh_model()).generate_until(requests(documents))
    merged = ask(peft.merge_and_unload()).generate_until(requests(documents))
    assert attached == merged
    assert attached != plain


def test_too_long_a_prompt_is_refused_not_cut(ask, model, encoder, documents):
    long = Instance("generate_until", {}, ("word " * 2 * encoder.max_length, SETTINGS), 0)
    with pytest.raises(LiitError, match=f"limit is {encoder.max_length}"):
        ask(model).generate_until([*requests(documents), long])
    with pytest.raises(LiitError, match=r"exam\.arrow:\d+ needs \d+ tokens"):
        ask(model).generate_until(
            requests(documents, {**SETTINGS, "max_gen_toks": encoder.max_length})
        )


@pytest.mark.parametrize("wish", [{"do_sample": True}, {"num_beams": 5}])
def test_anything_but_greedy_is_refused(ask, model, documents, wish):
    with pytest.raises(LiitError, match="greedy"):
        ask(model).generate_until(requests(documents, {**SETTINGS, **wish}))


def test_rolling_likelihood_is_refused(ask, model):
    with pytest.raises(NotImplementedError):
        ask(model).loglikelihood_rolling([])
