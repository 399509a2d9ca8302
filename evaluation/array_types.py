"""Names for the kinds of array that the judges exchange."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Indices: TypeAlias = npt.NDArray[np.int64]
"""Dense user or item indices, any shape; -1 pads a list that ran out of candidates."""

Pairs: TypeAlias = npt.NDArray[np.int64]
"""Interactions, shape (N, 2): column 0 user_index, column 1 item_index."""

Scores: TypeAlias = npt.NDArray[np.float32]
"""Scores of users (rows) for items (columns), shape (b, c); only their order matters to a ranking."""

Values: TypeAlias = npt.NDArray[np.float64]
"""One metric's value per user or per item; nan where the metric is undefined."""

Flags: TypeAlias = npt.NDArray[np.bool_]
"""True or false, any shape."""
