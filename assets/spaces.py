"""From trained models to the space that is published, and from texts to places in it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from data.snapshot import Snapshot
from data.split import ItemRole
from models.coldstart.config import ColdUpdateConfig
from models.coldstart.published_space import PublishedSpace

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def chosen_space(snapshot: Snapshot, spaces: Mapping[str, Any], config: ColdUpdateConfig) -> str:
    """Which collaborative space is published.

    Args:
        snapshot: Its warm validation pairs judge, if the settings leave the choice open.
        spaces: Collaborative embeddings by the name of their station; the first is taken where nobody can judge.
        config: Of the placement.

    Returns:
        A name out of ``spaces``.
    """
    from assets.judging import warm_recall

    if config.space != "auto":
        return config.space
    judge = warm_recall(snapshot)
    names = list(spaces)
    return names[0] if judge is None else max(names, key=lambda name: judge(spaces[name]))


def composed_space(
    snapshot: Snapshot, collaborative: Any, model: Any, config: ColdUpdateConfig
) -> PublishedSpace:
    """Collaborative and text vectors side by side, with cold items calibrated on the validation phase.

    Args:
        snapshot: What both were trained on.
        collaborative: Its collaborative embeddings.
        model: Its FilterLLM.
        config: Of the placement.

    Returns:
        The space; where the snapshot has no warm or no cold validation pairs, cold items enter a list as they
        come.
    """
    from assets.calibrating import calibrated
    from models.coldstart.published_space import compose

    warm = snapshot.texts[collaborative.warm_item_index]
    text_items = model.warm_text_items(warm)
    alone = PublishedSpace.of_vectors(
        collaborative.users,
        collaborative.warm_items,
        collaborative.warm_item_index,
        regulariser=collaborative.regulariser,
    )
    space = compose(alone, model.text_users(), text_items, config=config)
    cold = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    if not space.has_text or not len(cold):
        return space
    rows = placed_by_text(snapshot.texts[cold], space, model, replace(config, text_weight=1.0))
    return calibrated(space, snapshot, rows, config=config)


def placed_by_text(texts: list[str], space: PublishedSpace, model: Any, config: ColdUpdateConfig) -> Any:
    """Vectors of items of which nothing but the text is known, as they would be published.

    Args:
        texts: C texts.
        space: The published space, with U users.
        model: The FilterLLM that names the pseudo-interactions.
        config: Of the update; never more users per item than there are.

    Returns:
        Shape (C, F), float32.
    """
    from models.coldstart.published_space import place

    with model.remembering():
        pseudo = model.simulate(texts, k=config.users_among(len(space.users)))
        text_items = text_vectors(texts, space, model)
    return place(space, pseudo, NO_PAIRS, text_items=text_items, config=config)


def text_vectors(texts: list[str], space: PublishedSpace, model: Any) -> Any:
    """The items' side of the space's text part and their appeal, (C, D + 1) float32; (C, 0) where it has none."""
    if not space.has_text:
        return np.zeros((len(texts), 0), dtype=np.float32)
    vectors = model.text_items(texts)
    vectors[[not text.strip() for text in texts]] = model.untold_item()
    return vectors
