"""The best of several settings that is no worse than the usual one anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cautious_choice(values: NDArray[np.float64]) -> int:
    """Choose a setting by its values in disjoint parts of the validation items.

    A few items have most of the interactions; a setting that happens to lift one of them gains in one part and loses in
    the others.

    Args:
        values: Shape (n, parts), higher is better; the usual setting first; nan where a part says nothing.

    Returns:
        Of the settings that are no worse than the first in any part the one with the highest mean, of equals the
        first; 0 if a part says nothing, as too few items have a say then.
    """
    if not np.isfinite(values).all():
        return 0
    no_worse = (values >= values[0]).all(axis=1)
    return int(np.where(no_worse, values.mean(axis=1), -np.inf).argmax())
