"""Captions: COCO, Flickr30k, TextCaps, NoCaps by CIDEr; COCO-CN, Flickr8k-CN by BLEU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
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
from liit.metrics.caption import CiderCorpus, rouge_l
from liit.metrics.tokens import (
    characters,
    is_chinese,
    is_segmented,
    is_tokenised,
    ptb_words,
    segmented_words,
)
from liit.prompts import CAPTION, CAPTION_ZH
from liit.scoring.benchmark import Benchmark, Options, Settled, means, percent
from liit.scoring.exam import ExamItem, Facts, Marked, by_item, image_paths, is_paper, three
from liit.scoring.join import Pair
from liit.scoring.records import Record

_BLEUS = ("Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4")


Tokens = Callable[[str], str]


def reference_tokens(references: Sequence[str]) -> Tokens:
    """Return how English references become tokens: as they are where the file is tokenised.

    Answers are always tokenised, as the COCO caption evaluation does with both.
    """
    # tokenised files keep a few marks: "st.", "5:55"
    return segmented_words if _share(is_tokenised, references) >= 0.95 else ptb_words


def _tokenisers(pairs: Sequence[Pair]) -> tuple[str, Tokens, Tokens]:
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


def _coco_scores(said: str, wanted: Sequence[str], corpus: CiderCorpus) -> dict[str, float]:
    """BLEU-1..4, ROUGE-L (0..1) and CIDEr of one image's caption."""
    bleus = dict(zip(_BLEUS, coco_bleu_per_item(said, wanted), strict=True))
    return bleus | {"ROUGE_L": rouge_l(said, wanted), "CIDEr": corpus.score(said, wanted)}


def with_tokens(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> Settled:
    """Choose the tokens, and count how often they occur in the references of all images."""
    name, *tokens = _tokenisers(pairs)
    of_answer, of_reference = map(cache, tokens)

    def facts(record: Record) -> Facts:
        captions = record.fields["captions"]
        return {"references": captions, "tokens": [of_reference(text) for text in captions]}

    corpus = CiderCorpus([facts(pair.reference)["tokens"] for pair in pairs])

    def rule(facts: Facts, said: str) -> Scored:
        details = _coco_scores(of_answer(said), facts["tokens"], corpus)
        return replace(benchmark.rule({**facts, "cider": details["CIDEr"]}, said), details=details)

    def figures(marked: Sequence[Marked]) -> dict[str, float]:
        said = [of_answer(one.said) for one in marked]
        bleus = coco_bleu(said, [one.facts["tokens"] for one in marked])
        return means(marked) | dict(zip(_BLEUS, bleus, strict=True))

    if benchmark.rule is score_english:
        notes = [f"tokens: {name}"]
    else:
        paper = "profile paper: mean sentence BLEU-4 of characters, first reference, NLTK"
        standard = f"sacrebleu: {sacrebleu_signature()}"
        notes = [f"tokens of the COCO scores below: {name}"]
        notes.append(paper if options.profile == "paper" else standard)
    notes.insert(1, "METEOR is not computed: it needs a Java program")
    return Settled(replace(benchmark, facts=facts, rule=rule, figures=figures), pairs, notes)


def score_english(facts: Facts, said: str) -> Scored:
    """Score one caption by its CIDEr, kept within 0..1 like all item scores."""
    parsed = bool(said.strip())
    value = min(1.0, facts["cider"] / 10) if parsed else 0.0
    return Scored(value, parsed, value)


def total_english(marked: Sequence[Marked]) -> float:
    """Return CIDEr x 100."""
    return 100 * means(marked)["CIDEr"]


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


def _ask_for(prompt: str) -> Callable[[Record, Options], ExamItem]:
    def ask(record: Record, _options: Options) -> ExamItem:
        references, encoded = record.fields["captions"], record.fields.get("image_bytes")
        images: list[list[str] | bytes] = [encoded] if encoded else [image_paths(record)]
        asked = str(record.fields.get("instruction") or prompt)
        return ExamItem(asked, references[0], images, {"references": references})

    return ask


exam_chinese = by_item(score_chinese, "corpus")
BENCHMARKS = tuple(
    Benchmark(
        name,
        metric,
        rule=rule,
        total=total,
        settle=with_tokens,
        references=read_captions,
        answers=read_answers,
        ask=_ask_for(prompt),
        needs="the captions of each image; a list of names beside it restricts the images",
    )
    for names, metric, rule, total, prompt in (
        ("caption flickr30k textcaps nocaps", "CIDEr x 100", score_english, total_english, CAPTION),
        ("coco_cn flickr8k_cn flickr30k_cn", "BLEU-4 x 100", score_chinese, total_chinese,
         CAPTION_ZH),
    )
    for name in names.split()
)  # fmt: skip
