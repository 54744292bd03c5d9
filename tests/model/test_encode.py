"""The encoder: masks decode back to the answers, ids are those of LLaVA's own processor."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import image, one_image, samples, several_images, text_only, tiny

from liit.data.encode import IGNORED, Encoder
from liit.data.images import open_image
from liit.data.sample import Sample, Turn, make_sample
from liit.errors import LiitError


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return tiny(system_prompt="A chat.")[1]


def supervised(encoder: Encoder, sample: Sample) -> str:
    encoded = encoder.encode(sample)
    return str(encoder.tokenizer.decode(encoded.labels[encoded.labels != IGNORED]))


@pytest.mark.parametrize("make", [text_only, one_image, several_images])
def test_masks_decode_to_every_answer_and_its_end_mark(encoder: Encoder, make: Any) -> None:
    sample = make(7)
    answers = [turn.text for turn in sample.turns if turn.role == "assistant"]
    assert supervised(encoder, sample) == "".join(f" {answer}</s>" for answer in answers)


def test_labels_are_the_ids_where_not_ignored(encoder: Encoder) -> None:
    for sample in samples(6):
        encoded = encoder.encode(sample)
        answered = encoded.labels != IGNORED
        assert torch.equal(encoded.labels[answered], encoded.input_ids[answered])
        assert not (encoded.labels == encoder.image_token).any()


def test_the_same_as_the_processor_of_the_model(encoder: Encoder) -> None:
    for sample in samples(6):
        text, _ = encoder.render(sample)
        images = [open_image(one, None) for one in sample.images]
        theirs = encoder.processor(text=text, images=images or None, return_tensors="pt")
        ours = encoder.collate([encoder.encode(sample)])
        assert torch.equal(ours["input_ids"], theirs["input_ids"])
        assert ("pixel_values" in ours) == ("pixel_values" in theirs)
        if images:
            # theirs is never rounded to whole pixel values before it is normalised
            torch.testing.assert_close(
                ours["pixel_values"], theirs["pixel_values"], atol=1e-5, rtol=0
            )


def test_images_are_padded_to_a_square_not_cropped(encoder: Encoder) -> None:
    wide = encoder.pictures([image(200, size=(16, 8))], None).pixels[0]
    mean = torch.tensor([122, 116, 104], dtype=torch.uint8)
    assert torch.equal(wide[:, 0, 8], mean) and torch.equal(wide[:, -1, 8], mean)
    assert not torch.equal(wide[:, 8, 8], mean)


def test_vicuna_text(encoder: Encoder) -> None:
    text, _ = encoder.render(several_images(3))
    assert text == (
        "A chat. USER: <image>\n<image>\nSame? ASSISTANT: no</s>"
        "USER: Why? ASSISTANT: they differ by 3</s>"
    )


def test_a_prompt_is_what_precedes_the_last_answer(encoder: Encoder) -> None:
    sample = several_images(5)
    prompt, whole = encoder.prompt(sample), encoder.encode(sample)
    assert torch.equal(prompt, whole.input_ids[: len(prompt)])
    rest = encoder.tokenizer.decode(whole.input_ids[len(prompt) :])
    assert rest == " they differ by 5</s>"


def test_lengths_without_opening_an_image(encoder: Encoder) -> None:
    for sample in samples(6):
        assert encoder.length(sample) == len(encoder.encode(sample))


def test_blind_removes_placeholders_and_keeps_the_answers(encoder: Encoder) -> None:
    seen = encoder.encode(several_images(4))
    blind = seen.blind(encoder.image_token)
    assert len(seen) - len(blind) == 2 * encoder.images.per_image
    assert torch.equal(blind.labels[blind.labels != IGNORED], seen.labels[seen.labels != IGNORED])
    assert blind.images == 0


def test_truncation_on_the_right_and_never_inside_an_image() -> None:
    _, encoder = tiny(max_length=24)
    long = make_sample("t", [Turn("user", "hi"), Turn("assistant", "on and on " * 20)])
    assert len(encoder.encode(long)) == 24
    with pytest.raises(LiitError, match="cut into an image"):
        late = "word " * 12 + "<image>"
        turns = [Turn("user", late), Turn("assistant", "x")]
        encoder.encode(make_sample("t", turns, [image(1)]))
    with pytest.raises(LiitError, match="limit is 24"):
        encoder.prompt(make_sample("t", [Turn("user", "a b " * 40), Turn("assistant", "x")]))


def test_batches_pad_left_or_right(encoder: Encoder) -> None:
    encoded = [encoder.encode(sample) for sample in samples(3)]
    for pad in ("left", "right"):
        batch = encoder.collate(encoded, pad=pad)  # type: ignore[arg-type]
        assert batch["ids"] == [one.id for one in encoded]
        assert len(batch["pixel_values"]) == 3
        for row, one in enumerate(encoded):
            kept = batch["attention_mask"][row].bool()
            assert torch.equal(batch["input_ids"][row][kept], one.input_ids)
            assert bool(kept[0] if pad == "right" else kept[-1])
    assert "pixel_values" not in encoder.collate([encoder.encode(text_only(1))])
