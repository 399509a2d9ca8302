"""What is added to all of an item's scores, so that a list may compare items.

A distribution per item sums to 1 whether its text appeals to many or to nobody. Two numbers say how many an item is
for: the logarithm of its normaliser, and how often items with such texts are taken, a regression of the logarithm of
the warm items' interactions on their texts. What each counts differs from shop to shop (papers: the first alone,
films: the second above all), so validation says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.balanced_choice import balanced_choice
from models.filterllm.config import FilterLLMConfig

if TYPE_CHECKING:
    from models.filterllm.distribution import FilterLLM

FloatArray = NDArray[np.float32]
APPEALS = (0.6, 0.4, 0.8, 1.0)
POPULARITIES = (0.0, 1.0, 2.0, 4.0)
"""Each with what it is where nobody can judge first: of equals the first is kept."""
BESIDE_POPULARITY = 1.0
"""The appeal where the popularity counts too: both say how many an item is for, and the normaliser says it worse."""


class OffsetWeights(NamedTuple):
    """What counts in an item's offset.

    Attributes:
        appeal: Share of the normaliser that is given back, in [0, 1]; 0 ranks by log-probability, 1 by the logit.
        popularity: Weight of the popularity that the text leads to expect, >= 0.
    """

    appeal: float
    popularity: float


USUAL_WEIGHTS = OffsetWeights(APPEALS[0], POPULARITIES[0])
"""Where nobody can judge."""


def with_offset(factors: FloatArray, popularity: FloatArray, weights: OffsetWeights) -> FloatArray:
    """Item factors whose last number is the offset.

    Args:
        factors: (B, F) float32, the last number minus the logarithm of the normaliser.
        popularity: (B,) float32, logarithms.
        weights: Of both.

    Returns:
        (B, F) float32, a copy.
    """
    found = factors.copy()
    found[:, -1] = (1 - weights.appeal) * factors[:, -1] + weights.popularity * popularity
    return found


def choose_offset(model: FilterLLM, by_part: Callable[[Any], NDArray[np.float64]]) -> None:
    """Give a model the weights that are best on validation, those that its settings leave open.

    Args:
        model: Changed in place.
        by_part: Values of whatever answers like the model, of all validation items first and then in disjoint parts of
            them, higher is better, >= 0; nan where a part says nothing: then the weights stay, as too few items have a
            say.
    """
    answers, tried = _Answers(model), _open_weights(model)
    values = np.array([by_part(answers.with_weights(weights)) for weights in tried])  # (n, 1 + parts)
    if np.isfinite(values).all():
        model.go_on_with(tried[balanced_choice(values[:, 1:], whole=values[:, 0])])


def _open_weights(model: FilterLLM) -> list[OffsetWeights]:
    """All that the settings leave to be tried."""
    config = model.config
    appeals = APPEALS if config.appeal_weight is None else (config.appeal_weight,)
    popularities = POPULARITIES if config.popularity_weight is None else (config.popularity_weight,)
    if not len(model.text_kernel.landmarks):  # no regression on texts
        popularities = (0.0,)
    pairs = list(itertools.product(appeals, popularities))
    if config.appeal_weight is None and config.popularity_weight is None:
        pairs = [pair for pair in pairs if pair[0] == BESIDE_POPULARITY or not pair[1]]
    return [OffsetWeights(*pair) for pair in pairs]


def leaves_open(config: FilterLLMConfig) -> bool:
    """Whether there is anything to choose."""
    return config.appeal_weight is None or config.popularity_weight is None


class _Answers:
    """A model's answers with other weights, each computed once."""

    def __init__(self, model: FilterLLM) -> None:
        self._model = model
        self._users = model.user_factors()
        self._known: dict[tuple[str, ...], tuple[FloatArray, FloatArray]] = {}
        self.weights = model.offset_weights

    def with_weights(self, weights: OffsetWeights) -> _Answers:
        """The same, answering by other weights from now on."""
        self.weights = weights
        return self

    def user_factors(self) -> FloatArray:
        """(U, F)."""
        return self._users

    def relevance_factors(self, texts: Sequence[str]) -> FloatArray:
        """(B, F)."""
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self._model.answers(texts)
        return with_offset(*self._known[key], self.weights)
