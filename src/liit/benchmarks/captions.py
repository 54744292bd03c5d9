"""Captions: COCO, Flickr30k, TextCaps, NoCaps by CIDEr; COCO-CN, Flickr8k-CN by BLEU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from liit.benchmarks._caption_files import read_answers, read_captions
from liit.metrics import Scored
from liit.metrics.bleu import (
    coco_bleu,
    coco_bleu_per_item,
    corpus_bleu,
    sacrebleu_signature,
    sentence_bleu_zh,
)
from liit.metrics.caption import CiderCorpus, cider_d, rouge_l
from liit.metrics.tokens import (
    characters,
    is_chinese,
    is_segmented,
    is_tokenised,
    ptb_words,
    segmented_words,
)
from liit.prompts import CAPTION, CAPTION_ZH
from liit.scoring.asking import ExamItem, image_paths
from liit.scoring.benchmark import (
    Benchmark,
    ItemScore,
    Options,
    Outcome,
    Scoring,
    item_key,
    percent,
)
from liit.scoring.exam import Facts, Marked, by_item, is_paper, three
from liit.scoring.join import Pair
from liit.scoring.records import Record

_METEOR = "METEOR is not computed: it needs a Java program"
_BLEUS = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4")


Tokens = Callable[[str], str]


def reference_tokens(references: Sequence[str]) -> Tokens:
    """Return how English references become tokens: as they are where the file is tokenised.

    Answers are always tokenised, as the COCO caption evaluation does with both.
    """
    # tokenised files keep a few marks: "st.", "5:55"
    return segmented_words if _share(is_tokenised, references) >= 0.95 else ptb_words


def _tokeniser(pairs: Sequence[Pair]) -> tuple[str, Tokens, Tokens]:
    """Choose how answers and references become tokens, and name it.

    English: Penn Treebank. Chinese: the words, if both sides come segmented; else characters.
    """
    answers = [pair.answer.text for pair in pairs]
    references = [text for pair in pairs for text in pair.reference.fields["captions"]]
    if _share(is_chinese, references) <= 0.5:
        return "Penn Treebank words (NLTK)", ptb_words, reference_tokens(references)
    if all(_share(is_segmented, texts) > 0.5 for texts in (answers, references)):
        return "words as segmented in the files", segmented_words, segmented_words
    return "characters", characters, characters


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


def _score_english(pairs: Sequence[Pair], options: Options) -> Outcome:
    del options
    overall, each, name = _coco_scores(pairs)
    items = []
    for pair, scores in zip(pairs, each, strict=True):
        said = bool(pair.answer.text.strip())
        # CIDEr is unbounded by 1; an item's share of it is kept within 0..1 like all item scores
        value = min(1.0, scores["CIDEr"] / 10) if said else 0.0
        items.append(ItemScore(item_key(pair), Scored(value, said, value), scores))
    score = 100 * overall["CIDEr"]
    return Outcome(score, score, overall, items, [f"tokens: {name}", _METEOR])


def exam(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """CIDEr-D over Penn Treebank words; the cell is 100 times its mean, as it is reported.

    Its document frequencies are those of the whole exam's references, so that the corpus score is
    the mean over items.
    """
    tokens, corpus = _exam_tokens(document["item"].exam)
    references = [tokens(text) for text in document["extra"]["references"]]
    value = corpus.score(ptb_words(results[0]), references)
    return three(Scored(value, bool(results[0].strip()), value))


@lru_cache(maxsize=4)
def _exam_tokens(exam: Any) -> tuple[Tokens, CiderCorpus]:
    captions = [sample.extra["references"] for sample in exam]
    tokens = reference_tokens([text for texts in captions for text in texts])
    return tokens, CiderCorpus([[tokens(text) for text in texts] for texts in captions])


def score_chinese(facts: Facts, said: str) -> Scored:
    """Score one Chinese caption by character BLEU-4; ``paper``: the first reference alone."""
    return sentence_bleu_zh(said, facts["references"][: 1 if is_paper(facts) else None])


def total_chinese(marked: Sequence[Marked]) -> float:
    """Corpus BLEU-4 of sacrebleu over all references; ``paper``: the mean over sentences."""
    if is_paper(marked[0].facts):
        return percent([one.scored.value for one in marked])
    return corpus_bleu([one.said for one in marked], [one.facts["references"] for one in marked])


def _score_chinese(pairs: Sequence[Pair], options: Options) -> Outcome:
    overall, each, name = _coco_scores(pairs)
    marked = []
    for pair in pairs:
        facts = {"references": pair.reference.fields["captions"], "profile": options.profile}
        marked.append(Marked(facts, pair.answer.text, score_chinese(facts, pair.answer.text)))
    items = [
        ItemScore(item_key(pair), one.scored, details)
        for pair, one, details in zip(pairs, marked, each, strict=True)
    ]
    score = total_chinese(marked)
    notes, lenient = [f"tokens of the COCO scores below: {name}", _METEOR], score
    if options.profile == "paper":
        notes.append("profile paper: mean sentence BLEU-4 of characters, first reference, NLTK")
        lenient = percent([one.scored.lenient for one in marked])
    else:
        notes.append(f"sacrebleu: {sacrebleu_signature()}")
    return Outcome(score, lenient, overall, items, notes)


def _benchmark(name: str, metric: str, score: Scoring, prompt: str) -> Benchmark:
    def ask(record: Record, options: Options) -> ExamItem:
        del options
        references, encoded = record.fields["captions"], record.fields.get("image_bytes")
        images: list[list[str] | bytes] = [encoded] if encoded else [image_paths(record)]
        asked = str(record.fields.get("instruction") or prompt)
        return ExamItem(asked, references[0], images, {"references": references})

    return Benchmark(name, metric, score, references=read_captions, answers=read_answers, ask=ask)


exam_chinese = by_item(score_chinese, "corpus")
BENCHMARKS = (
    *(_benchmark(name, "CIDEr x 100", _score_english, CAPTION)
      for name in ("caption", "flickr30k", "textcaps", "nocaps")),
    *(_benchmark(name, "BLEU-4 x 100", _score_chinese, CAPTION_ZH)
      for name in ("coco_cn", "flickr8k_cn", "flickr30k_cn")),
)  # fmt: skip
