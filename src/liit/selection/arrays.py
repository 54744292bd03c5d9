"""The types of numbers that pass between the parts of a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Float32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Generator = np.random.Generator
SignalColumns = Mapping[str, Array]
"""A signal's name -> its values, aligned with the pool's ids."""
