"""A visual chat with the base and with what methods made of it along the stream (Figures 6 to 8).

The paper shows one chat as it was answered at t = 0 and at t = T. In the drawn world it is drawn
too, and what is true of its picture is known; about a picture of one's own anything can be asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from liit import paths
from liit.base import open_encoder, theta_zero
from liit.chat.figures import drawings
from liit.chat.talk import Chat, converse, is_right
from liit.config import Params
from liit.data.images import open_image
from liit.data.sample import ImageRef
from liit.data.world.chat import draw_chats
from liit.errors import LiitError
from liit.model.load import Theta, load_theta
from liit.plotting import save_drawings
from liit.reporting.side_record import write_side_record
from liit.run import Run
from liit.selection import table_of

SHOWN = ("sequential", "random", "adapt_inf")
"""The paper's choice of methods."""
OWN = paths.SCRATCH / "chat"
"""The figure of a chat about a picture of one's own."""
WORLD_SEED = 0


def drawn_chat(params: Params) -> Chat | None:
    """Return the chat of the drawn world; None where the stream has none of its pictures."""
    if not any(dataset.format == "world" for dataset in params.stream):
        return None
    talks = draw_chats(WORLD_SEED)
    asked, expected = (
        [[exchange[part] for exchange in talk.exchanges] for talk in talks] for part in (0, 1)
    )
    return Chat(ImageRef(data=talks[0].images[0]), asked, expected)


def keep_drawn_chat(params: Params) -> dict[str, Any]:
    """Hold the drawn chat with the methods that are here, and write `reports/chat.json`.

    Without a drawn world, or a model that sees, the record has its scale alone. Raises LiitError
    where rows that were run have no adapters on this machine.
    """
    chat, seed = drawn_chat(params), params.seeds[0]
    if chat is None or not open_encoder(params).sees:
        write_side_record(paths.CHAT, {"scale": params.scale}, [])
        return {}
    here = _here(params, seed)
    run = [name for name in SHOWN if paths.result(name, seed).is_file()]
    if lacking := [name for name in run if name not in here]:
        raise LiitError(
            f"Without the adapters of {', '.join(lacking)}, which are not on this machine, "
            f"{paths.CHAT} would lose these rows.",
            next_step=f"run them (`liit run {lacking[0]} --seed {seed}`), or hold a chat that is "
            f"kept below {OWN}/: `liit chat --seed {seed}`.",
        )
    record = record_of(params, chat, [(paths.MAIN, name) for name in here], seed)
    write_side_record(paths.CHAT, record, drawings(record, chat.picture.data or b""))
    return record


def hold(
    params: Params,
    methods: Sequence[str],
    seed: int | None,
    image: Path | None,
    questions: Sequence[str],
) -> dict[str, Any]:
    """Hold a chat with any methods, none being the paper's, and draw it below `scratch/chat/`.

    Without an image it is the drawn chat. Raises LiitError for an image that cannot be opened, a
    method without adapters here, and where there is no drawn world.
    """
    chat = drawn_chat(params) if image is None else _own(image, questions)
    if chat is None:
        raise LiitError(
            f"The stream of scale {params.scale} has no drawn pictures to chat about.",
            next_step="name a picture: `liit chat --image FILE --ask QUESTION ...`.",
        )
    seed = params.seeds[0] if seed is None else seed
    rows = [(table_of(name), name) for name in methods or _here(params, seed)]
    record = record_of(params, chat, rows, seed)
    save_drawings(drawings(record, chat.picture.data or b""), OWN)
    return record


def _own(image: Path, questions: Sequence[str]) -> Chat:
    try:
        open_image(ImageRef(path=image.name), image.parent)
    except LiitError as error:
        step = "name a picture that opens, as PNG or JPEG."
        raise LiitError(error.problem, next_step=step) from None
    return Chat(ImageRef(data=image.read_bytes()), [questions])


def _here(params: Params, seed: int) -> list[str]:
    """Return which of the paper's choice are on this machine."""
    last = params.steps[-1]
    return [name for name in SHOWN if paths.adapter(name, seed, last).is_dir()]


def record_of(
    params: Params, chat: Chat, methods: Sequence[tuple[str, str]], seed: int
) -> dict[str, Any]:
    """Return the record: turns of each conversation, then questions and answers one after another.

    What is true of a picture of one's own is not known: nothing is expected, nothing right.
    """
    encoder = open_encoder(params)
    if not encoder.sees:
        raise LiitError(
            f"{theta_zero().base} sees no images, and a visual chat is about one.",
            next_step="take the params.yaml of a vision-language model (`liit scale mini`).",
        )
    talks: list[dict[str, Any]] = []
    expected = _flat(chat.expected)
    for label, method, theta in _models(params, methods, seed):
        model = load_theta(theta, dtype=params.model.dtype, merged=True)
        asked = chat.conversations
        answers = _flat(converse(model, encoder, chat.picture, questions) for questions in asked)
        right = [is_right(*pair) for pair in zip(answers, expected, strict=False)]
        talks.append({"label": label, "method": method, "answers": answers, "right": right})
    return {
        "scale": params.scale,
        "seed": seed,
        "turns": list(map(len, chat.conversations)),
        "questions": _flat(chat.conversations),
        "expected": expected,
        "talks": talks,
    }


def _flat(parts: Iterable[Sequence[str]]) -> list[str]:
    return list(chain.from_iterable(parts))


def _models(
    params: Params, methods: Sequence[tuple[str, str]], seed: int
) -> Iterator[tuple[str, str | None, Theta]]:
    yield "Base, t = 0", None, theta_zero()
    for table, name in methods:
        run = Run(params, table, name, seed)
        last = run.stream.last
        yield f"{run.method.label}, t = {last}", name, run.theta(last)
