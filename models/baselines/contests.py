"""Pairs whose negatives are drawn for a whole batch at once, in places shown by their text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Indices
from models.baselines.rival import RivalInput
from models.baselines.warm_pairs import WarmPairs, pair_batches


@dataclass(frozen=True)
class Contest:
    """A batch of pairs and warm items drawn for all of them together; items by position.

    Attributes:
        users: Shape (B,), int64.
        seen: Shape (B,), int64.
        drawn: Shape (K,), int64, each item once.
        taken: Whether the user has seen the drawn item, which is no negative then, shape (B, K), bool.
    """

    users: Tensor
    seen: Tensor
    drawn: Tensor
    taken: Tensor

    def first(self, seen: Tensor, drawn: Tensor) -> Tensor:
        """-ln of the seen item's share of exp(score) among itself and the unseen ones.

        Args:
            seen: Scores of seen items, shape (B, ...).
            drawn: Scores of the drawn ones, shape (B, K).

        Returns:
            Shape (B, ...), nats.
        """
        others = drawn.masked_fill(self.taken, -torch.inf).logsumexp(dim=1)  # (B,)
        others = others.view(-1, *(1,) * (seen.dim() - 1))
        return nn.functional.softplus(others - seen)


def contest_batches(
    data: RivalInput, batch_size: int, *, drawn: int, generator: np.random.Generator
) -> Callable[[int], Iterator[Contest]]:
    """Epochs of training pairs with ``drawn`` new warm items per batch, at most all.

    Items drawn for a whole batch are as uniform for each pair as its own would be, and a matrix product scores
    them.
    """
    warm, n_warm = WarmPairs.of(data), len(data.warm_items)

    def contest(users: Indices, seen: Indices) -> Contest:
        items = generator.choice(n_warm, size=min(drawn, n_warm), replace=False)
        taken = warm.of_users.seen_among(users, items)
        return Contest(*(torch.from_numpy(part) for part in (users, seen, items, taken)))

    return pair_batches(warm, batch_size, contest, generator=generator)


@dataclass(frozen=True)
class Shown:
    """A contest in which some items are shown by their text: bool, shapes (B,) and (K,)."""

    contest: Contest
    seen_by_text: Tensor
    drawn_by_text: Tensor


def shown_batches(
    contests: Callable[[int], Iterator[Contest]], replaced: float, *, generator: np.random.Generator
) -> Callable[[int], Iterator[Shown]]:
    """The same contests with a share ``replaced`` of the items shown by their text, drawn anew for each."""

    def batches(epoch: int) -> Iterator[Shown]:
        for contest in contests(epoch):
            by_text = (generator.random(len(items)) < replaced for items in (contest.seen, contest.drawn))
            yield Shown(contest, *(torch.from_numpy(part) for part in by_text))

    return batches
