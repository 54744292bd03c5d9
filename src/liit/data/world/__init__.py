"""The procedural mini world: training sets and their exams, drawn from a seed."""

from liit.data.world.asking import draw_exam
from liit.data.world.continual import CONTINUAL, CONTINUAL_EXAMS
from liit.data.world.datasets import draw_dataset
from liit.data.world.exams import EXAMS
from liit.data.world.styles import DATASETS
from liit.data.world.texts import TEXT_EXAMS, TEXTS

__all__ = [
    "CONTINUAL",
    "CONTINUAL_EXAMS",
    "DATASETS",
    "EXAMS",
    "TEXTS",
    "TEXT_EXAMS",
    "draw_dataset",
    "draw_exam",
]
