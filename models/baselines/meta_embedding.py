"""Meta-Embedding: text gives a starting vector from which one step on a few users leads to a good one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Indices
from models.baselines.factors import Factors
from models.baselines.layers import linear
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, RivalConfig, Share, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import PairDraws, WarmPairs, shuffled_batches
from models.training import OnEpoch

OUTPUT_SCALE = 0.2  # the map's output is divided by five, which keeps the first vectors short


@dataclass(frozen=True)
class MetaEmbeddingConfig(RivalConfig):
    """Settings.

    Attributes:
        cold_weight: Share of the loss before the inner step.
        inner_rate: Length of the inner step over the gradient.
        users_per_set: Users who chose the item in each of its two sets, at most; each set has as many
            who did not.
        batch_size: Items per step, at most.
        learning_rate: Adam's.
        epochs: Passes over the warm items, at most.
    """

    cold_weight: Share = 0.1
    inner_rate: Weight = 1e-4
    users_per_set: Count = 10
    batch_size: Count = 100
    learning_rate: Positive = 1e-3
    epochs: Count = 100

    @classmethod
    def tuned(cls) -> MetaEmbeddingConfig:
        """An inner step that is felt, chosen on CiteULike's cold validation items."""
        return cls(cold_weight=0.5, inner_rate=1.0, learning_rate=0.02, epochs=60)


@dataclass(frozen=True)
class Episodes:
    """A batch of items, each with two disjoint sets of users.

    Attributes:
        items: Positions of warm items, shape (B,), int64.
        users: Two sets of S users, shape (B, 2, S), int64.
        chose: 1 where the user chose the item, else 0, shape (B, 2, S), float32.
        share: Weight of each user in his set; adds up to 1 over a set, 0 where a set is shorter than S.
    """

    items: Tensor
    users: Tensor
    chose: Tensor
    share: Tensor


class MetaEmbedding(RivalModel):
    """A linear map from text to item vectors; users and warm items are constants.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: MetaEmbeddingConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        widths = self.texts.shape[1], self.users.shape[1]
        self.map = linear(*widths, start="xavier_uniform", generator=generator)

    def start(self, texts: Tensor) -> Tensor:
        """First vectors (n, D) of items with texts (n, H)."""
        return self.map(texts) * OUTPUT_SCALE

    def loss(self, batch: Episodes) -> Tensor:
        """Cross-entropy of the first set before the inner step and of the second set after it."""
        first, second = self.users[batch.users].unbind(dim=1)  # (B, S, D) each
        start = self.start(self.warm_texts[batch.items])  # (B, D)
        before = torch.einsum("bsd,bd->bs", first, start)
        # the gradient of each item's own loss, written out so that the outer step differentiates through it
        slope = (before.sigmoid() - batch.chose[:, 0]) * batch.share[:, 0]
        moved = start - self.config.inner_rate * torch.einsum("bs,bsd->bd", slope, first)
        after = torch.einsum("bsd,bd->bs", second, moved)
        cold = set_loss(before, batch.chose[:, 0], batch.share[:, 0])
        warmed = set_loss(after, batch.chose[:, 1], batch.share[:, 1])
        return self.config.cold_weight * cold + (1 - self.config.cold_weight) * warmed

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Users and warm items as given, cold items at their start."""
        items = self.start(self.texts)
        items[self.warm] = self.items
        return self.users, items


def set_loss(logits: Tensor, chose: Tensor, share: Tensor) -> Tensor:
    """Binary cross-entropy (B, S) weighted within each set, mean over the sets; scalar, nats."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, chose, reduction="none")
    return (entropy * share).sum(dim=1).mean()


class TwoSets:
    """Draws two disjoint sets of users for an item, each with as many who chose it as who did not.

    Args:
        of_items: Users by item.
        n_users: U.
        at_most: Users of each kind in a set.
        draws: Source of randomness.
    """

    def __init__(
        self, of_items: PairDraws, *, n_users: int, at_most: int, draws: np.random.Generator
    ) -> None:
        self._of_items = of_items
        self._n_users = n_users
        self._draws = draws
        degrees = of_items.degrees
        self._sizes = np.minimum(at_most, np.minimum(degrees, n_users - degrees) // 2)  # (W,)
        self.usable: Indices = np.flatnonzero(self._sizes)
        """Items with two users of each kind at least; the others cannot give two disjoint sets."""

    def __call__(self, items: Indices) -> Episodes:
        """The sets of some usable items (B,)."""
        width = 2 * int(self._sizes[items].max())
        users = np.zeros((len(items), 2, width), dtype=np.int64)
        chose = np.zeros((len(items), 2, width), dtype=np.float32)
        share = np.zeros((len(items), 2, width), dtype=np.float32)
        for row, item in enumerate(items):
            size = int(self._sizes[item])
            seen = self._of_items.seen_by(int(item))
            free = np.ones(self._n_users, dtype=bool)
            free[seen] = False
            for place, kind in enumerate((seen, np.flatnonzero(free))):
                drawn = self._draws.choice(kind, size=(2, size), replace=False)
                users[row, :, place * size : (place + 1) * size] = drawn
            chose[row, :, :size] = 1
            share[row, :, : 2 * size] = 1 / (2 * size)
        return Episodes(*(torch.from_numpy(array) for array in (items, users, chose, share)))


def fit(
    data: RivalInput, *, config: MetaEmbeddingConfig = MetaEmbeddingConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Learn to place items by text so that they score well at once and better after one step.

    Args:
        data: Training set and vectors, which stay.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, D) and items (I, D); users and warm items keep their collaborative vectors.

    Raises:
        ValueError: If no warm item has two users who chose it and two who did not.

    Source: Pan et al., "Warm Up Cold-start Advertisements: Improving CTR Predictions via Learning to Learn ID
        Embeddings" (SIGIR 2019, arXiv:1904.11547), equations 8 to 12; the base model is the inner product of
        the given vectors.
    """
    model = MetaEmbedding(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)
    of_items = WarmPairs.of(data).of_items
    sets = TwoSets(of_items, n_users=data.n_users, at_most=config.users_per_set, draws=draws)
    if not len(sets.usable):
        raise ValueError("no warm item has two users who chose it and two who did not: add training pairs")

    def batches(epoch: int) -> Iterator[Episodes]:
        for rows in shuffled_batches(len(sets.usable), config.batch_size, generator=draws):
            yield sets(sets.usable[rows])

    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    return train_rival(model, batches, optimizer, data=data, config=config, on_epoch=on_epoch)
