"""What ColdLLM's language model says of candidates: one model for all kinds of vectors, asked each question once.

It reads texts and does not know whose candidates it judges. The wrong users that it learns from are those of one
filter, that on the first kind of vectors.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.benchmark.entry import as_json
from assets.benchmark.revisions import revised
from assets.benchmark.rivals import rival_input

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

ITEMS_PER_BLOCK = 256
"""Cold items whose answers are kept together: a unit that is stopped goes on at the next block."""


def answers(
    inputs: "Inputs",
    cold: Any,
    asked: Mapping[str, Any],
    *,
    factors: Any,
    vectors: str,
    settings: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> tuple[Any, str]:
    """The language model's answers about the candidates of the last of some filters.

    Args:
        inputs: What is shared.
        cold: Shape (C,), int64.
        asked: Candidates of each item by kind of vectors, each (C, n), int64. What was answered for a kind is not asked
            again for those behind it, so that the order counts.
        factors: The filter whose users of warm items the language model learns from.
        vectors: Of which kind it is.
        settings: Of each kind's filter, JSON values.
        seed: Of the training.

    Returns:
        Logit of yes less that of no for the last kind's candidates, shape (C, n), float32, and the width of the matrix
        products.
    """
    import torch

    from models.filterllm.precision import training_precision

    precision = training_precision("auto", torch.device("cpu"))
    given = {**inputs.text_settings(), "seed": seed, "precision": precision}
    learned = {**given, **refiner_settings(), "filter": settings[vectors]}
    state = inputs.shared(
        "coldllm-refiner", learned, partial(_trained, inputs, factors, vectors, seed, precision)
    )
    refiner = cache(partial(_restored, inputs, vectors, seed, precision, state))  # made if a block is missing

    def block(begin: int) -> Any:
        rows = slice(begin, begin + ITEMS_PER_BLOCK)
        inputs.tell(begin, len(cold), "cold items the language model was asked about")
        known, items, before = _Known(), cold[rows], []
        for kind, users in asked.items():
            before.append(settings[kind])
            new = known.unanswered(users[rows])
            which = {**learned, "asked": before, "each": users.shape[1], "items": [begin, ITEMS_PER_BLOCK]}
            pairs = users[rows][new], np.repeat(items, new.sum(axis=1))
            found = inputs.shared("coldllm-answers", which, partial(_margins, refiner, *pairs))
            known.add(users[rows], new, found["margins"])
        return known.answers(users[rows])

    return np.concatenate([block(begin) for begin in range(0, len(cold), ITEMS_PER_BLOCK)]), precision


class _Known:
    """Answers about the users of a block's items."""

    def __init__(self) -> None:
        self._codes: Any = np.zeros(0, dtype=np.int64)
        self._margins: Any = np.zeros(0, dtype=np.float32)

    def unanswered(self, users: Any) -> Any:
        """Whether each of (c, n) is still to be asked about."""
        return ~np.isin(_codes(users), self._codes)

    def add(self, users: Any, new: Any, margins: Any) -> None:
        """Answers about those of (c, n) that are new."""
        codes = np.concatenate([self._codes, _codes(users)[new]])
        order = np.argsort(codes)
        self._codes, self._margins = codes[order], np.concatenate([self._margins, margins])[order]

    def answers(self, users: Any) -> Any:
        """About all of (c, n), float32."""
        return self._margins[np.searchsorted(self._codes, _codes(users))]


def _codes(users: Any) -> Any:
    """One number for each user of each item of a block."""
    return users * ITEMS_PER_BLOCK + np.arange(len(users))[:, None]


def _margins(refiner: Callable[[], Any], users: Any, items: Any) -> dict[str, Any]:
    return {"margins": refiner().margins(users, items)}


def refiner_settings() -> dict[str, Any]:
    """How the language model is trained and what it is shown."""
    from models.baselines.coldllm.refiner import RefinerConfig

    return revised("coldllm-refiner", {"refiner": as_json(RefinerConfig())})


def _untrained(inputs: "Inputs", vectors: str, seed: int, precision: Any) -> tuple[Any, Any]:
    """The refiner, and the training set that it was made for."""
    from models.baselines.coldllm.refiner import Refiner, RefinerConfig
    from models.filterllm.language_model import load_language_model

    data = rival_input(inputs, vectors, seed)
    language_model = load_language_model(inputs.language_model, device="cpu")
    return Refiner(data, inputs.texts, language_model, config=RefinerConfig(), precision=precision), data


def _trained(inputs: "Inputs", factors: Any, vectors: str, seed: int, precision: Any) -> dict[str, Any]:
    """What was learned, by name, to tell the real users of warm items from others."""
    from models.baselines.coldllm import funnel, refiner

    config = refiner.RefinerConfig()
    untrained, data = _untrained(inputs, vectors, seed, precision)
    wrong = funnel.wrong_candidates(factors, data.train, data.warm_items, n=config.hard_among)
    tell = inputs.on_epoch("ColdLLM's refiner")
    return refiner.fit(data, untrained, wrong, config=config, on_epoch=tell).learned()


def _restored(inputs: "Inputs", vectors: str, seed: int, precision: Any, state: Mapping[str, Any]) -> Any:
    refiner, _ = _untrained(inputs, vectors, seed, precision)
    refiner.restore(state)
    return refiner
