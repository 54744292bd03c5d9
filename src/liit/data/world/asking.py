"""The items of every exam of the mini world, drawn one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from liit.data.sample import ImageRef, Sample, make_sample
from liit.data.world.continual import CONTINUAL_EXAMS
from liit.data.world.dice import Dice
from liit.data.world.exams import EXAMS
from liit.data.world.texts import TEXT_EXAMS
from liit.errors import LiitError, nearest
from liit.limits import Count
from liit.seeds import generator


def draw_exam(task: str, size: Count, seed: int) -> Iterator[Sample]:
    """Yield the ``size`` items of an exam; the last assistant turn is the reference.

    Item ``i`` depends on (task, i, seed) alone, and a shorter exam is a prefix of a longer one.
    Raises LiitError if there is no such exam.
    """
    exams = {**EXAMS, **CONTINUAL_EXAMS, **TEXT_EXAMS}
    if task not in exams:
        raise LiitError(
            f"there is no exam {task!r} in the mini world{nearest(task, exams)}.",
            next_step=f"use one of {', '.join(sorted(exams))}.",
        )
    exam, seen = exams[task], set[str]()
    for index in range(size):
        attempt = 0
        while True:
            what = generator(seed, "world", "exam", task, index, attempt)
            how = generator(seed, "world", "exam", task, index, attempt, "how")
            dice = Dice(what, how, "exam")
            dialogue = dice.pick(exam.makers)(dice)
            images = tuple(ImageRef(data=image) for image in dialogue.images)
            item = make_sample(
                task, dialogue.turns(), images, skill=exam.skill, extra=dialogue.scoring
            )
            if item.id not in seen:
                break
            attempt += 1
        seen.add(item.id)
        yield item
