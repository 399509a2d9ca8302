"""What a version serves at a time of the replay: vectors of everybody it knows and of every item there is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.replay.settings import ReplaySettings
from data.timeline import Timeline
from evaluation.forward_test import ForwardQuestion, ForwardValues, forward_values
from evaluation.scorer import FactorScorer, RenumberedScorer
from models.coldstart.config import ColdUpdateConfig

if TYPE_CHECKING:
    from assets.model_version import ModelVersion


@dataclass(frozen=True)
class Judged:
    """A version in one step.

    Attributes:
        values: What it was worth.
        known: Users in its vocabulary.
        provisional: Users outside it with a provisional vector.
        placed: Items that it had to place.
    """

    values: ForwardValues
    known: int
    provisional: int
    placed: int


def question_of(timeline: Timeline, time: int, until: int) -> ForwardQuestion:
    """What happens from ``time`` on and before ``until``."""
    return ForwardQuestion.of(
        timeline.pairs_between(time, until),
        timeline.pairs_before(time),
        n_users=timeline.users_at(until),
        n_items=timeline.items_at(until),
        new_items=np.arange(timeline.items_at(time), timeline.items_at(until)),
    )


def judged_in_step(
    version: "ModelVersion", timeline: Timeline, question: ForwardQuestion, settings: ReplaySettings
) -> Judged:
    """Judge a version by one step.

    Args:
        version: In office during the step.
        timeline: The events.
        question: The step.
        settings: Say how items are placed and users folded in.

    Returns:
        Its worth; what the version serves hangs on nothing that happens in the step but for the texts of new items.
    """
    from assets.replay.provisional import provisional_users

    row_of = np.full(question.n_users, -1, dtype=np.int64)
    row_of[timeline.users.index_of(version.users.ids)] = np.arange(len(version.users))
    known = row_of >= 0
    with version.model.remembering():
        table, placed = item_vectors(version, timeline, question, settings.placement(), row_of=row_of)
        texts = [timeline.texts[item] for item in question.new_items]
        factors = version.model.user_factors()
        audiences = np.zeros((question.n_items, factors.shape[1]), dtype=np.float32)
        audiences[question.new_items] = version.model.item_factors(texts)
    outside = question.history[~known[question.history[:, 0]]]
    warm = timeline.items.index_of(version.warm_items.ids)
    provisional = provisional_users(version, table, warm=warm, pairs=outside, config=settings.new_users())
    users = np.concatenate([version.space.users, provisional.vectors])
    row_with = row_of.copy()
    row_with[provisional.users] = len(version.users) + np.arange(len(provisional.users))
    values = forward_values(
        RenumberedScorer(FactorScorer(users, table), row_with),
        RenumberedScorer(FactorScorer(factors, audiences), row_of),
        question,
        served=row_with >= 0,
    )
    return Judged(values, int(known.sum()), len(provisional.users), placed)


def item_vectors(
    version: "ModelVersion",
    timeline: Timeline,
    question: ForwardQuestion,
    config: ColdUpdateConfig,
    *,
    row_of: Any,
) -> tuple[Any, int]:
    """Vectors of all items that have arrived: trained ones, and the others placed with their users so far.

    Args:
        version: Gives the space.
        timeline: The events.
        question: Says which items there are, and what has happened before.
        config: Of the placement.
        row_of: The version's row of each user, -1 for users outside, (U,) int64.

    Returns:
        Shape (I, F), float32, zeros where neither text nor users say anything; and how many were placed.
    """
    table = np.zeros((question.n_items, version.space.d), dtype=np.float32)
    warm = timeline.items.index_of(version.warm_items.ids)
    table[warm] = version.space.warm_items
    others = np.setdiff1d(np.arange(question.n_items), warm)
    position = np.full(question.n_items, -1, dtype=np.int64)
    position[others] = np.arange(len(others))
    pairs = np.stack([position[question.history[:, 1]], row_of[question.history[:, 0]]], axis=1)
    pairs = pairs[(pairs >= 0).all(axis=1)]
    told = np.array([bool(timeline.texts[item].strip()) for item in others], dtype=np.bool_)
    read = np.bincount(pairs[:, 0], minlength=len(others)) > 0
    for chosen, simulated in ((told, True), (~told & read, False)):
        if chosen.any():
            texts = [timeline.texts[item] for item in others[chosen]]
            kept = pairs[chosen[pairs[:, 0]]]
            real = np.stack([(np.cumsum(chosen) - 1)[kept[:, 0]], kept[:, 1]], axis=1)
            table[others[chosen]] = _placed(version, texts, real, config, simulated=simulated)
    return table, int((told | read).sum())


def _placed(
    version: "ModelVersion", texts: list[str], real_pairs: Any, config: ColdUpdateConfig, *, simulated: bool
) -> Any:
    """Vectors (C, F), by the functions of the placement station."""
    from assets.spaces import text_vectors
    from models.coldstart.published_space import place

    space = version.space
    pseudo = version.model.simulate(texts, k=config.users_among(len(space.users))) if simulated else None
    text_items = text_vectors(texts, space, version.model)
    return place(space, pseudo, real_pairs, text_items=text_items, config=config)
