"""The procedural mini world: six training sets and their exams, drawn from a seed."""

from liit.data.world.datasets import draw_dataset
from liit.data.world.exams import EXAMS, draw_exam
from liit.data.world.styles import DATASETS

__all__ = ["DATASETS", "EXAMS", "draw_dataset", "draw_exam"]
