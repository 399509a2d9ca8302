"""How far the texts of new items are from those that a model was trained on."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

WORD = re.compile(r"\w+")
FOREIGN_FROM = 0.5  # a text is foreign if more than half of its words are unknown


def energy_coefficient(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Distance of two distributions from samples of them: 0 for equal ones, 1 for two different points.

    It is ``(2 E|A - B| - E|A - A'| - E|B - B'|) / (2 E|A - B|)``, with unbiased means inside the samples, so that two
    samples of one distribution come out at 0 on average; below 0 counts as 0.

    Args:
        a: Shape (n, F), n >= 2.
        b: Shape (m, F), m >= 2.

    Source: Székely and Rizzo, "Energy statistics: a class of statistics based on distances" (Journal of Statistical
        Planning and Inference 143, 2013), the E-coefficient of inhomogeneity; the means inside the samples are ours.
    """
    between = 2 * float(_distances(a, b).mean())
    if between == 0:
        return 0.0
    within = sum(float(_distances(one, one).sum()) / (len(one) * (len(one) - 1)) for one in (a, b))
    return max(0.0, (between - within) / between)


def vocabulary(texts: Sequence[str]) -> set[str]:
    """Every word of some texts, in lower case."""
    return {word for text in texts for word in _words(text)}


def unknown_words(texts: Sequence[str], known: Collection[str]) -> float:
    """Share of the texts' words that are unknown, 0 without words."""
    flags = [word not in known for text in texts for word in _words(text)]
    return float(np.mean(flags)) if flags else 0.0


def foreign_texts(texts: Sequence[str], known: Collection[str]) -> float:
    """Share of the texts of whose words more than half are unknown, as of texts in another language."""
    return float(np.mean([unknown_words([text], known) > FOREIGN_FROM for text in texts])) if texts else 0.0


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _distances(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Euclidean distances of all pairs, shape (n, m)."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    squared = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :] - 2 * x @ y.T
    return np.sqrt(np.maximum(squared, 0.0))
