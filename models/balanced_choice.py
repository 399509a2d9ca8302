"""The best of several settings where every part of the validation items has an equal say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def balanced_choice(values: NDArray[np.float64], whole: NDArray[np.float64] | None = None) -> int:
    """Choose a setting by its values in disjoint parts of the validation items.

    A few items have most of the interactions, and whether one of them is held out must not decide: what a setting wins
    or loses in a part is taken relative to that part.

    Args:
        values: Shape (n, parts), >= 0, higher is better; the usual setting first; nan where a part says nothing.
        whole: Shape (n,), likewise of all items together, which then have as much of a say as all the parts.

    Returns:
        The setting with the highest geometric mean over the parts, of equals the first; 0 if a part says nothing, as
        too few items have a say then.
    """
    if not np.isfinite(values).all():
        return 0
    with np.errstate(divide="ignore"):  # a part in which nothing is found: the worst there is
        found = np.log(values).mean(axis=1)
        if whole is not None:
            found = found + np.log(whole)
    return int(found.argmax())
