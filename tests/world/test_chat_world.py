"""The drawn chat against the pixels of its picture."""

from __future__ import annotations

import re

from pixels import blobs

from liit.data.sample import ImageRef
from liit.data.world.chat import draw_chats
from liit.data.world.facts import CHINESE, COLOUR_FACTS


def test_every_answer_is_true_of_the_picture_and_names_one_thing() -> None:
    for seed in range(20):
        sentences, words, boxes, chinese = draw_chats(seed)
        assert len({talk.images for talk in (sentences, words, boxes, chinese)}) == 1
        things = blobs(ImageRef(data=sentences.images[0]))
        by_shape = {thing.shape: thing for thing in things}
        assert len(things) == len(by_shape) == len({thing.colour for thing in things}) == 3
        shape, colour = re.fullmatch(r"The (\w+) is (\w+)\.", sentences.exchanges[0][1]).groups()
        assert by_shape[shape].colour == colour
        name, size = re.fullmatch(r"The (\w+ \w+) is (\w+)\.", sentences.exchanges[2][1]).groups()
        assert by_shape[name.split()[1]].size == size
        asked, shape = words.exchanges[0]
        assert by_shape[shape].colour in asked
        asked, fruit = words.exchanges[1]
        assert COLOUR_FACTS["fruit"][by_shape[re.search(r"the (\w+)\?", asked)[1]].colour] == fruit
        side = 48
        for asked, answer in boxes.exchanges:
            box = [float(number) * side for number in re.findall(r"\d\.\d\d", answer)]
            thing = by_shape[asked.rstrip(".").split()[-1]]
            assert all(abs(a - b) <= 0.5 for a, b in zip(box, thing.box, strict=True))
        (told,) = (answer for _, answer in chinese.exchanges)
        assert all(CHINESE[thing.colour] + CHINESE[thing.shape] in told for thing in things)


def test_the_same_seed_draws_the_same_chat_and_another_one_another() -> None:
    assert draw_chats(3) == draw_chats(3) != draw_chats(4)
