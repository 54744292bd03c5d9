"""Captions: COCO, Flickr30k, TextCaps by CIDEr; COCO-CN, Flickr8k-CN by BLEU."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from eval.metrics import Scored
from eval.metrics.bleu import (
    coco_bleu,
    coco_bleu_per_item,
    corpus_bleu_zh,
    sacrebleu_signature,
    sentence_bleu_zh,
)
from eval.metrics.caption import cider_d, rouge_l
from eval.metrics.tokens import (
    characters,
    is_chinese,
    is_segmented,
    is_tokenised,
    ptb_words,
    segmented_words,
)

from liit.errors import LiitError
from liit.scoring.answers import Answer
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.records import IMAGES, Record, as_key, as_list, image_key, records_of
from liit.scoring.task import Item, Options, Outcome, Task, item_key

_CAPTIONS = (
    "caption", "captions", "reference_strs", "references", "sentences", "raw", "caption_str",
    "outputs", "value", "text", "pred_caption", "prediction", "pred", "response", "output",
    "answer",
)  # fmt: skip
_LINE = re.compile(r"^(\S+?)#(?:\w+#)?\d+\s+(.*)$")


class _Caption(NamedTuple):
    key: str
    image: str
    text: str
    record: Record


def read_captions(documents: Sequence[Document], field: str | None = None) -> list[Record]:
    """Read caption files as one record per image: id, image name, ``captions`` in file order.

    COCO annotations and results, id-to-captions maps, "<image>#<n> <caption>" lines, tables with
    an image and a caption column, Karpathy's sentences. A plain list of names restricts the
    images to those named.
    """
    wanted: set[str] = set()
    grouped: dict[str, list[_Caption]] = {}
    for document in documents:
        names = _split_list(document)
        wanted |= names
        for caption in [] if names else _captions_of(document, field):
            grouped.setdefault(caption.key, []).append(caption)
    kept = {k: v for k, v in grouped.items() if not wanted or {k, image_key(v[0].image)} & wanted}
    if not kept:
        raise LiitError(
            f"{documents[0].path}: no captions found", next_step="name a file with captions"
        )
    return [_merged(key, found) for key, found in kept.items()]


def _merged(key: str, found: Sequence[_Caption]) -> Record:
    first = found[0].record
    captions = [caption.text for caption in found]
    fields: dict[str, Any] = {"id": key, "image_name": found[0].image, "captions": captions}
    encoded = _encoded(first)
    if encoded is not None:
        # M3IT: the prompt is the instruction followed by the input
        asked = [first.fields.get("instruction"), first.fields.get("inputs")]
        fields["instruction"] = " ".join(str(part) for part in asked if part)
        fields["image_bytes"] = _decoded(encoded, first)
    return Record(fields, first.document, first.place)


def _decoded(encoded: str, record: Record) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as fault:
        raise LiitError(
            f"{record.where}: the image is not base64 ({fault})", next_step="fetch the file again"
        ) from fault


def _encoded(record: Record) -> str | None:
    """Return the first base64 image of an M3IT record, or None."""
    value = as_list(record.first(("image_base64_str", "img_str")))[0]
    return value if isinstance(value, str) else None


def _caption_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; of several captions of an image the first one counts."""
    records = read_captions(documents, field)
    return [Answer(record, record.fields["captions"][0], None) for record in records]


def _split_list(document: Document) -> set[str]:
    if document.kind != "lines" or any(re.search(r"\s", line) for line in document.content):
        return set()
    return {image_key(line) for line in document.content if line}


def _captions_of(document: Document, field: str | None) -> Iterator[_Caption]:
    for record in records_of(document):
        line = record.fields.get("value") if record.id is None else None
        if "cells" in record.fields:
            line = " ".join(record.fields["cells"])
        if line == "":
            continue
        found = _LINE.match(line) if isinstance(line, str) else None
        if found:
            yield _Caption(image_key(found.group(1)), found.group(1), found.group(2), record)
            continue
        names = (field,) if field else _CAPTIONS
        image = as_key(record.first(IMAGES)) or record.id
        encoded = _encoded(record)
        if image is None and encoded is not None:
            image = hashlib.blake2b(encoded.encode(), digest_size=8).hexdigest()
        if image is None:
            raise LiitError(
                f"{record.where} names no image (it has: {', '.join(record.fields)})",
                next_step="give the image in a field named image_id or image",
            )
        name = as_key(record.first(("file_name", "filename", "image_name"))) or image
        for text in _texts(record.need(names, "caption")):
            yield _Caption(image_key(image), name, text, record)


def _texts(value: Any) -> Iterator[str]:
    for entry in as_list(value):
        if isinstance(entry, dict):
            yield from _texts(next((entry[n] for n in ("raw", *_CAPTIONS) if n in entry), ""))
        else:
            yield str(entry)


class _Tokeniser(NamedTuple):
    name: str
    of_answers: Callable[[str], str]
    of_references: Callable[[str], str]


def _tokeniser(pairs: Sequence[Pair]) -> _Tokeniser:
    """Choose how captions become tokens, for all items alike.

    English: Penn Treebank, except for a side that comes tokenised. Chinese: the words, if
    references and answers come segmented; else characters.
    """
    answers = [pair.answer.text for pair in pairs]
    references = [text for pair in pairs for text in pair.reference.fields["captions"]]
    if _share(is_chinese, references) <= 0.5:
        # tokenised files keep a few marks: "st.", "5:55"
        done = [_share(is_tokenised, texts) >= 0.95 for texts in (answers, references)]
        how = [segmented_words if tokenised else ptb_words for tokenised in done]
        name = "words as tokenised in the files" if all(done) else "Penn Treebank words (NLTK)"
        return _Tokeniser(name, *how)
    if all(_share(is_segmented, texts) > 0.5 for texts in (answers, references)):
        name = "words as segmented in the files"
        return _Tokeniser(name, segmented_words, segmented_words)
    return _Tokeniser("characters", characters, characters)


def _share(test: Callable[[str], bool], texts: Sequence[str]) -> float:
    return sum(map(test, texts)) / len(texts)


def _coco_scores(pairs: Sequence[Pair]) -> tuple[dict[str, float], list[dict[str, float]], str]:
    """BLEU-1..4, ROUGE-L (0..1) and CIDEr of the corpus and per image."""
    name, of_answer, of_reference = _tokeniser(pairs)
    said = [of_answer(pair.answer.text) for pair in pairs]
    wanted = [[of_reference(text) for text in pair.reference.fields["captions"]] for pair in pairs]
    ciders = cider_d(said, wanted)
    rouges = [rouge_l(text, texts) for text, texts in zip(said, wanted, strict=True)]
    overall = dict(zip(_BLEUS, coco_bleu(said, wanted), strict=True))
    overall |= {"ROUGE_L": sum(rouges) / len(rouges), "CIDEr": sum(ciders) / len(ciders)}
    each = [
        dict(zip(_BLEUS, coco_bleu_per_item(text, texts), strict=True))
        | {"ROUGE_L": rouge, "CIDEr": cider}
        for text, texts, rouge, cider in zip(said, wanted, rouges, ciders, strict=True)
    ]
    return overall, each, name


_BLEUS = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4")


def _caption(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options
    overall, each, name = _coco_scores(pairs)
    items = [
        # CIDEr is unbounded by 1; an item's share of it is kept within 0..1 like all item scores
        Item(item_key(p), _scored(p, min(1.0, scores["CIDEr"] / 10)), scores)
        for p, scores in zip(pairs, each, strict=True)
    ]
    score = 100 * overall["CIDEr"]
    return Outcome(score, score, overall, items, [f"tokens: {name}"])


def _chinese(pairs: Sequence[Pair], options: Options) -> Outcome:
    """BLEU-4: ``paper`` as sentences, one reference, NLTK; ``standard`` as a sacrebleu corpus."""
    overall, each, name = _coco_scores(pairs)
    most = 1 if options.profile == "paper" else None
    scores = [
        sentence_bleu_zh(pair.answer.text, pair.reference.fields["captions"][:most])
        for pair in pairs
    ]
    items = [
        Item(item_key(pair), scored, details)
        for pair, scored, details in zip(pairs, scores, each, strict=True)
    ]
    sentence = 100 * sum(scored.value for scored in scores) / len(scores)
    lenient = 100 * sum(scored.lenient for scored in scores) / len(scores)
    notes = [f"tokens of the COCO scores below: {name}"]
    if options.profile == "paper":
        notes.append("profile paper: mean sentence BLEU-4 of characters, first reference, NLTK")
        return Outcome(sentence, lenient, overall, items, notes)
    answers = [pair.answer.text for pair in pairs]
    corpus = corpus_bleu_zh(answers, [pair.reference.fields["captions"] for pair in pairs])
    notes.append(f"sacrebleu: {sacrebleu_signature()}")
    return Outcome(corpus, corpus, overall, items, notes)


def _scored(pair: Pair, value: float) -> Scored:
    said = bool(pair.answer.text.strip())
    return Scored(value if said else 0.0, said, value if said else 0.0)


def _task(name: str, metric: str, score: Callable[[Sequence[Pair], Options], Outcome]) -> Task:
    return Task(name, metric, score, references=read_captions, answers=_caption_answers)


TASKS = (
    *(_task(n, "CIDEr x 100", _caption) for n in ("caption", "flickr30k", "textcaps", "nocaps")),
    *(_task(name, "BLEU-4 x 100", _chinese) for name in ("coco_cn", "flickr8k_cn", "flickr30k_cn")),
)
