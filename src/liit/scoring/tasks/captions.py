"""Captions: COCO, Flickr30k, TextCaps by CIDEr; COCO-CN, Flickr8k-CN by BLEU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from liit.metrics import Scored
from liit.metrics.bleu import (
    coco_bleu,
    coco_bleu_per_item,
    corpus_bleu_zh,
    sacrebleu_signature,
    sentence_bleu_zh,
)
from liit.metrics.caption import cider_d, rouge_l
from liit.metrics.tokens import (
    characters,
    is_chinese,
    is_segmented,
    is_tokenised,
    ptb_words,
    segmented_words,
)
from liit.scoring.answers import Answer
from liit.scoring.captions import read_captions
from liit.scoring.files import Document
from liit.scoring.join import Pair
from liit.scoring.task import Item, Options, Outcome, Task, item_key


def _caption_answers(documents: Sequence[Document], field: str | None) -> list[Answer]:
    """Read answers; of several captions of an image the first one counts."""
    records = read_captions(documents, field)
    return [Answer(record, record.fields["captions"][0], None) for record in records]


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
