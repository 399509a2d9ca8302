"""A rival whose cold and warm items are put into one list as the product's are.

Most methods train and choose by cold items alone, and leave to chance how their scores stand beside those of warm
items. What calibration on validation lists gives is worth as much to them as to the product: these rows say so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.benchmark import closed_forms, rivals
from assets.benchmark.entry import Entry, Scored, entry_named
from assets.benchmark.revisions import CALIBRATION, revised
from data.snapshot import Snapshot
from evaluation.scorer import FactorScorer
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import PublishedSpace

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

SUFFIX = "_calibrated"
AS_PRODUCT = ColdUpdateConfig(text_weight=1.0)
"""The product's settings; there is no text part to be weighed."""


def calibrated_scorer(snapshot: Snapshot, users: Any, items: Any) -> FactorScorer:
    """One scale for cold items and an offset for each user, chosen by ``calibrated`` as the product's are.

    Args:
        snapshot: Its validation pairs judge.
        users: Shape (U, D), float32.
        items: Shape (I, D), float32; the held-out cold items are moved, the others stay.

    Returns:
        Users and items (D + 1): the order of the warm items, and that of the cold ones, is what it was.
    """
    from assets.calibrating import calibrated
    from data.split import ItemRole

    cold = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    warm = snapshot.split.warm_items
    users = np.concatenate([users, np.ones((len(users), 1), dtype=np.float32)], axis=1)
    items = np.concatenate([items, np.zeros((len(items), 1), dtype=np.float32)], axis=1)
    d, ones = items.shape[1] - 1, np.ones(len(users), dtype=np.float32)
    space = PublishedSpace(users, items[warm], warm, d, ones)
    space = calibrated(space, snapshot, items[cold], config=AS_PRODUCT)
    found = space.calibration
    items[cold] *= found.scale * found.collaborative
    items[cold, d] = found.offset
    return FactorScorer(space.users, items)


def calibrated_entry(of: Entry) -> Entry:
    """The entry of the same method, calibrated; for methods of one model in vectors."""

    def build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
        for one in of.build(inputs, seed):
            scorer = calibrated_scorer(inputs.snapshot, one.scorer.users, one.scorer.items)
            yield Scored(of.name + SUFFIX, scorer, one.dtype, audience=one.scorer)

    def settings(seed: int) -> Mapping[str, Any]:
        given = {**revised(of.name, of.settings(seed)), "calibration": asdict(AS_PRODUCT)}
        return revised(CALIBRATION, given)

    return Entry(of.name + SUFFIX, (of.name + SUFFIX,), of.seeds, build, settings=settings)


ENTRIES = (
    calibrated_entry(entry_named(closed_forms.ENTRIES, "ridge_to_vectors")),
    calibrated_entry(entry_named(rivals.ENTRIES, "knn_vectors_ials")),
)
"""Of the two with the best overall lists among those that cost little; ``coldllm_fold_in`` has its own row."""
