"""DropoutNet: two towers learn the scores of a factor model while its vectors are withheld at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Matrix
from models.baselines.config_checks import check_settings
from models.baselines.factors import Factors
from models.baselines.layers import linear, standardised
from models.baselines.rival import RivalInput
from models.baselines.rival_training import train_rival
from models.baselines.text_directions import text_directions
from models.baselines.warm_pairs import n_batches
from models.training import OnEpoch

OUTLIER = 5.0  # deviations


@dataclass(frozen=True)
class DropoutNetConfig:
    """Settings; defaults are the authors' for CiteULike.

    Attributes:
        hidden: Width of each tower's hidden layer, >= 1.
        width: Width of the towers' output, >= 1.
        dropped: Share of a batch's rows without item vector, and of rows without user vector, in [0, 1].
        best_items: Highest-scored warm items taken per user, >= 1; more than W means all.
        random_items: Warm items drawn per user besides, >= 1.
        users_per_epoch: Users met in one epoch of the loop, >= 1.
        passes: Passes over all users, at most, >= 1.
        learning_rate: Of gradient descent, > 0.
        momentum: In [0, 1].
        decay: Factor of the learning rate, > 0.
        decay_every: Epochs of the loop from one decay to the next, >= 1.
        batch_size: Pairs per step, >= 2.
        patience: Epochs of the loop without improvement that end the training, >= 1. None: never.

    Raises:
        ValueError: If a value is out of its range.
    """

    hidden: int = 200
    width: int = 200
    dropped: float = 0.5
    best_items: int = 2500
    random_items: int = 2500
    users_per_epoch: int = 1000
    passes: int = 500
    learning_rate: float = 0.005
    momentum: float = 0.9
    decay: float = 0.1
    decay_every: int = 100
    batch_size: int = 100
    patience: int | None = 20

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=[
                *("hidden", "width", "best_items", "random_items", "users_per_epoch", "passes"),
                *("decay_every", "batch_size", "patience"),
            ],
            positive=["learning_rate", "decay"],
            shares=["dropped", "momentum"],
        )
        if self.batch_size < 2:
            raise ValueError(f"batch_size must be at least 2 for batch normalisation, got {self.batch_size}")

    @classmethod
    def tuned(cls) -> DropoutNetConfig:
        """Shorter rounds of larger steps, for CiteULike on a CPU."""
        return cls(best_items=200, random_items=200, batch_size=500, learning_rate=0.02)


@dataclass(frozen=True)
class Pairings:
    """A batch: users (B,), item positions (B,), and which rows keep the vector of user and item, (B, 1) 0/1."""

    users: Tensor
    items: Tensor
    keep_user: Tensor
    keep_item: Tensor


class DropoutNet(nn.Module):
    """One tower for users, one for items; the factor model's vectors and scores are constants.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws the initial values.
    """

    def __init__(self, data: RivalInput, config: DropoutNetConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        texts = standardised(
            text_directions(data.features, data.warm_items), by=data.warm_items, limit=OUTLIER
        )
        self.raw_users = torch.from_numpy(data.user_vectors.astype(np.float32, copy=False))
        self.raw_items = torch.from_numpy(data.warm_vectors.astype(np.float32, copy=False))
        self.users = torch.from_numpy(standardised(data.user_vectors, limit=OUTLIER))  # (U, D)
        self.items = torch.from_numpy(standardised(data.warm_vectors, limit=OUTLIER))  # (W, D)
        self.texts = torch.from_numpy(texts)  # (I, H)
        self.warm = torch.from_numpy(data.warm_items)
        self.warm_texts = self.texts[self.warm]
        d = self.users.shape[1]
        self.user_tower = tower(d, config, generator=generator)
        self.item_tower = tower(d + texts.shape[1], config, generator=generator)

    def loss(self, batch: Pairings) -> Tensor:
        """Mean squared error against the factor model's own scores, of which nothing is withheld."""
        target = (self.raw_users[batch.users] * self.raw_items[batch.items]).sum(dim=1)  # (B,)
        users = self.user_tower(self.users[batch.users] * batch.keep_user)
        vectors = self.items[batch.items] * batch.keep_item
        items = self.item_tower(torch.cat((vectors, self.warm_texts[batch.items]), dim=1))
        return (target - (users * items).sum(dim=1)).square().mean()

    def factors(self) -> Factors:
        """Everything through the towers; a cold item's vector is zero."""
        vectors = torch.zeros(len(self.texts), self.items.shape[1])
        vectors[self.warm] = self.items
        with torch.no_grad():
            users = self.user_tower(self.users).numpy()
            items = self.item_tower(torch.cat((vectors, self.texts), dim=1)).numpy()
        return Factors(users=users, items=items)


def tower(n_in: int, config: DropoutNetConfig, *, generator: torch.Generator) -> nn.Sequential:
    """Linear, batch norm, tanh, linear."""
    return nn.Sequential(
        linear(n_in, config.hidden, start="truncated_normal", generator=generator),
        nn.BatchNorm1d(config.hidden),
        nn.Tanh(),
        linear(config.hidden, config.width, start="truncated_normal", generator=generator),
    )


def kept_rows(n: int, dropped: float, *, draws: np.random.Generator) -> Tensor:
    """Ones (n, 1) float32 with exactly ``floor(dropped * n)`` zeros at drawn rows."""
    kept = np.ones((n, 1), dtype=np.float32)
    kept[draws.permutation(n)[: int(dropped * n)]] = 0
    return torch.from_numpy(kept)


class UserRounds:
    """Each call pairs the next users with their highest-scored and with random warm items.

    Args:
        users: The factor model's user vectors, shape (U, D).
        items: Its vectors of warm items, shape (W, D).
        config: Settings.
        draws: Source of order, items and dropped rows.
    """

    def __init__(
        self, users: Matrix, items: Matrix, config: DropoutNetConfig, *, draws: np.random.Generator
    ) -> None:
        self._users, self._items = users, items
        self._config = config
        self._draws = draws
        self._waiting = np.empty(0, dtype=np.int64)
        self.per_pass = -(-len(users) // config.users_per_epoch)
        """Rounds that meet every user once."""
        pairs = len(users) * (self._best + config.random_items)
        self.steps = -(-pairs // (config.batch_size * self.per_pass))
        """Steps in a round, on average."""

    @property
    def _best(self) -> int:
        """Highest-scored items per user that there are."""
        return min(self._config.best_items, len(self._items))

    def __call__(self, epoch: int) -> Iterator[Pairings]:
        """One round; its number does not matter, the order of users goes on."""
        if not len(self._waiting):
            self._waiting = self._draws.permutation(len(self._users))
        users, self._waiting = np.split(self._waiting, [self._config.users_per_epoch])
        scores = self._users[users] @ self._items.T  # (u, W)
        best = np.argpartition(-scores, self._best - 1, axis=1)[:, : self._best]
        others = self._draws.integers(0, len(self._items), (len(users), self._config.random_items))
        items = np.concatenate((best, others), axis=1)
        pairs = np.stack((np.repeat(users, items.shape[1]), items.ravel()), axis=1)
        self._draws.shuffle(pairs)
        for part in np.array_split(pairs, n_batches(len(pairs), self._config.batch_size)):
            kept = [kept_rows(len(part), self._config.dropped, draws=self._draws) for _ in range(2)]
            yield Pairings(torch.from_numpy(part[:, 0]), torch.from_numpy(part[:, 1]), *kept)


def fit(
    data: RivalInput, *, config: DropoutNetConfig = DropoutNetConfig(), on_epoch: OnEpoch | None = None
) -> Factors:
    """Train both towers on the scores of the given collaborative vectors.

    Args:
        data: Training set and vectors; the paper's are of weighted matrix factorisation.
        config: Settings.
        on_epoch: Called after each round of ``users_per_epoch`` users.

    Returns:
        Users (U, width) and items (I, width), warm and cold alike from the towers.

    Source: Volkovs, Yu and Poutanen, "DropoutNet" (NeurIPS 2017), section 4.1, equation 3; standardised inputs,
        targets and optimiser from the authors' code.
    """
    model = DropoutNet(data, config, generator=torch.Generator().manual_seed(data.seed))
    rounds = UserRounds(data.user_vectors, data.warm_vectors, config, draws=np.random.default_rng(data.seed))
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
    step = rounds.steps * config.decay_every
    train_rival(
        model,
        rounds,
        optimizer,
        data=data,
        epochs=config.passes * rounds.per_pass,
        patience=config.patience,
        scheduler=torch.optim.lr_scheduler.StepLR(optimizer, step, config.decay),
        on_epoch=on_epoch,
    )
    return model.factors()
