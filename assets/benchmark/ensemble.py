"""A true ensemble: several models asked each time, their scores added; no table of vectors holds it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assets.benchmark.entry import Entry, Scored, as_json, defaults_of
from assets.benchmark.product import DIRECT, Form, fitted

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

NAME = "ensemble"
FILTERLLM_SEEDS = 3
MULTIPLES = (0.0, 0.5, 2.0)
SWEEPS = 2
"""Of the search for weights: each weight in turn is tried at these multiples of itself."""

SPREAD_FLOOR = 1e-6  # of a user, or an item, for whom a model gives all the same score


@dataclass(frozen=True)
class ZScored:
    """A model's scores in standard deviations: of a user's scores over items, or of an item's over users.

    Attributes:
        scorer: The model.
        of: Whose scores are brought to mean 0 and deviation 1.
        mean: Of each user (U,), or each item (I,), float32.
        deviation: Likewise.
    """

    scorer: Any
    of: Literal["users", "items"]
    mean: Any
    deviation: Any

    @classmethod
    def over_items(cls, scorer: Any, items: Any, *, n_users: int) -> "ZScored":
        """For lists of items: every user's scores over the given items have mean 0 and deviation 1."""
        import numpy as np

        blocks = [scorer.scores(block, items) for block in _blocks(np.arange(n_users))]
        return cls(scorer, "users", *_moments(blocks, axis=1))

    @classmethod
    def over_users(cls, scorer: Any, *, n_users: int, n_items: int) -> "ZScored":
        """For audiences: every item's scores over all users have mean 0 and deviation 1."""
        import numpy as np

        users = np.arange(n_users)
        blocks = [scorer.scores(users, block) for block in _blocks(np.arange(n_items))]
        return cls(scorer, "items", *_moments(blocks, axis=0))

    def scores(self, user_index: Any, item_index: Any) -> Any:
        """Shape (b, c), float32."""
        if self.of == "users":
            mean, deviation = self.mean[user_index, None], self.deviation[user_index, None]
        else:
            mean, deviation = self.mean[item_index], self.deviation[item_index]
        return (self.scorer.scores(user_index, item_index) - mean) / deviation


@dataclass(frozen=True)
class WeightedSum:
    """Scores of several models, each times its weight.

    Attributes:
        scorers: The models.
        weights: One each.
    """

    scorers: Sequence[Any]
    weights: Sequence[float]

    def scores(self, user_index: Any, item_index: Any) -> Any:
        """Shape (b, c), float32."""
        import numpy as np

        parts = zip(self.scorers, self.weights, strict=True)
        found = [np.float32(weight) * one.scores(user_index, item_index) for one, weight in parts if weight]
        return np.sum(found, axis=0, dtype=np.float32)


def climbed(weights: Sequence[float], value: Callable[[Sequence[float]], float]) -> list[float]:
    """Weights moved one at a time to where the value is higher; never all of them 0.

    Args:
        weights: Where to start, above 0.
        value: Higher is better.

    Returns:
        As many weights.
    """
    best, found = list(weights), value(weights)
    for _ in range(SWEEPS):
        for place in range(len(best)):
            for multiple in MULTIPLES:
                tried = [*best[:place], best[place] * multiple, *best[place + 1 :]]
                if any(tried) and tried != best and (now := value(tried)) > found:
                    best, found = tried, now
    return best


def _build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """Weights from the cold validation pairs; equal ones where there are none."""
    import numpy as np

    from assets.benchmark.rivals import cold_validation
    from data.split import ItemRole

    snapshot = inputs.snapshot
    several = [_direct(inputs, seed + number) for number in range(FILTERLLM_SEEDS)]
    groups = [several, *([one] for one in _closed_forms(inputs, seed))]
    validate = cold_validation(snapshot)
    cold = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    lists = [[ZScored.over_items(one, cold, n_users=snapshot.n_users) for one in group] for group in groups]
    weights = [1.0] * len(groups)
    if validate is not None:
        everybody = np.arange(snapshot.n_users)
        known = [_Written(_mean(group).scores(everybody, cold), cold) for group in lists]
        weights = climbed(weights, lambda tried: validate(WeightedSum(known, tried)))
    sizes = {"n_users": snapshot.n_users, "n_items": snapshot.n_items}
    audiences = [[ZScored.over_users(one, **sizes) for one in group] for group in groups]
    summed, named = (WeightedSum([_mean(group) for group in kind], weights) for kind in (lists, audiences))
    yield Scored(NAME, summed, audience=named)


@dataclass(frozen=True)
class _Written:
    """Scores of all users for some items, written out while weights are sought."""

    table: Any
    items: Any

    def scores(self, user_index: Any, item_index: Any) -> Any:
        import numpy as np

        return self.table[np.ix_(user_index, np.searchsorted(self.items, item_index))]


def _mean(scorers: Sequence[Any]) -> WeightedSum:
    return WeightedSum(scorers, [1 / len(scorers)] * len(scorers))


def _direct(inputs: "Inputs", seed: int) -> Any:
    """FilterLLM's users and items as vectors; kept, so that an interrupted ensemble goes on at the next seed."""
    from evaluation.scorer import FactorScorer

    form = Form(DIRECT)
    inputs.vectors(form.vectors, seed)  # shared by themselves: their seconds must not count twice
    inputs.features()

    def compute() -> dict[str, Any]:
        model, _ = fitted(form, inputs, seed)
        return {"users": model.user_factors(), "items": model.relevance_factors(inputs.texts)}

    settings = {"language_model": inputs.language_model, **form.settings(seed)}
    return FactorScorer(**inputs.shared("filterllm", settings, compute))


def _closed_forms(inputs: "Inputs", seed: int) -> list[Any]:
    from assets.benchmark.rivals import configuration, rival_input
    from models.baselines import content_knn, kernel_ridge

    snapshot = inputs.snapshot
    kernel = kernel_ridge.fit(rival_input(inputs, None, seed), config=configuration(kernel_ridge))
    neighbours = content_knn.fit(
        snapshot.split.train,
        embeddings=inputs.features(),
        warm_items=snapshot.split.warm_items,
        n_users=snapshot.n_users,
    )
    return [kernel, neighbours]


def _settings(seed: int) -> Mapping[str, Any]:
    from assets.benchmark.rivals import configuration
    from models.baselines import content_knn, kernel_ridge

    return {
        "filterllm": [Form(DIRECT).settings(seed + number) for number in range(FILTERLLM_SEEDS)],
        "kernel_ridge": as_json(configuration(kernel_ridge)),
        "content_knn": defaults_of(content_knn.fit),
        "search": [MULTIPLES, SWEEPS],
    }


def _blocks(indices: Any) -> list[Any]:
    import numpy as np

    return np.array_split(indices, max(1, len(indices) // 512))


def _moments(blocks: Sequence[Any], *, axis: int) -> tuple[Any, Any]:
    """Mean and deviation along an axis of blocks that follow each other along the other."""
    import numpy as np

    mean = np.concatenate([block.mean(axis=axis) for block in blocks])
    deviation = np.concatenate([block.std(axis=axis) for block in blocks])
    return mean.astype(np.float32), np.maximum(deviation, SPREAD_FLOOR).astype(np.float32)


ENTRIES = (Entry(NAME, (NAME,), 1, _build, settings=_settings),)
