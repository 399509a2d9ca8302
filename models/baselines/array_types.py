"""Names for the kinds of array that the references take and give."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Indices: TypeAlias = npt.NDArray[np.int64]
"""Dense user or item indices, shape (n,)."""

Pairs: TypeAlias = npt.NDArray[np.int64]
"""Training interactions, shape (N, 2): column 0 user_index, column 1 item_index."""

Matrix: TypeAlias = npt.NDArray[np.float32]
"""One row per user or item, shape (n, F), or scores (b, c)."""
