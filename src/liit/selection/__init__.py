"""Which samples to train on: methods as values, and the one function that runs them."""

from liit.learner import Learner, Past
from liit.selection.discovery import load, names, naming_faults, table_of, tables
from liit.selection.method import Method, Published
from liit.selection.select import Selection, select

__all__ = [
    "Learner",
    "Method",
    "Past",
    "Published",
    "Selection",
    "load",
    "names",
    "naming_faults",
    "select",
    "table_of",
    "tables",
]
