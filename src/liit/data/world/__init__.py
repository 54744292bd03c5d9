"""The procedural mini world: training sets and their exams, drawn from a seed."""

from liit.data.world.asking import draw_exam
from liit.data.world.continual import CONTINUAL, CONTINUAL_EXAMS
from liit.data.world.datasets import draw_dataset
from liit.data.world.exams import EXAMS
from liit.data.world.styles import DATASETS

__all__ = ["CONTINUAL", "CONTINUAL_EXAMS", "DATASETS", "EXAMS", "draw_dataset", "draw_exam"]
