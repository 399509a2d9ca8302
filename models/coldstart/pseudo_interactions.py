"""From a distribution over all users to the few who stand in for an item's missing interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.retrieval import FloatTable, IndexArray

FILE_NAME = "top_users.npz"
ROUNDING = 1e-3
"""How far a row's probabilities may exceed 1 before they count as unnormalised: float32 over many users."""


@dataclass(frozen=True)
class TopUsers:
    """Each cold item's most probable (or sampled) users.

    Attributes:
        users: user_index, shape (C, K), int64, no user twice in a row.
        log_probabilities: Of these users, in nats, normalised over all U users; shape (C, K), float32,
            falling along each row.

    Raises:
        ValueError: If shapes or kinds differ, rows rise, or a row's probabilities sum to more than 1.
    """

    users: IndexArray
    log_probabilities: FloatTable

    def __post_init__(self) -> None:
        if self.users.ndim != 2 or self.users.shape != self.log_probabilities.shape:
            raise ValueError(
                "users and log_probabilities must have one shape (C, K), "
                f"got {self.users.shape} and {self.log_probabilities.shape}"
            )
        if self.users.dtype != np.int64 or self.log_probabilities.dtype != np.float32:
            raise ValueError(
                "users must be int64 and log_probabilities float32, "
                f"got {self.users.dtype} and {self.log_probabilities.dtype}"
            )
        if self.users.size == 0:
            return
        if self.users.min() < 0:
            raise ValueError(f"users must be at least 0, got {self.users.min()}")
        if np.any(np.diff(self.log_probabilities, axis=1) > 0):
            raise ValueError("log_probabilities must fall along each row")
        total = float(np.exp(self.log_probabilities.astype(np.float64)).sum(axis=1).max())
        if not total <= 1 + ROUNDING:
            raise ValueError(
                f"a row's probabilities must sum to at most 1, got {total:.4f}: are they raw logits?"
            )

    def __len__(self) -> int:
        return len(self.users)

    @property
    def users_per_item(self) -> int:
        """K, users kept per item."""
        return int(self.users.shape[1])

    def first(self, k: int) -> TopUsers:
        """The ``k`` most probable users of each item.

        Raises:
            ValueError: If ``k`` is not in [1, K].
        """
        if not 1 <= k <= self.users_per_item:
            raise ValueError(f"k must be between 1 and the users kept ({self.users_per_item}), got {k}")
        return TopUsers(self.users[:, :k], self.log_probabilities[:, :k])

    def sampled(self, k: int, *, generator: np.random.Generator) -> TopUsers:
        """``k`` of each item's users, drawn without replacement by their probabilities.

        Raises:
            ValueError: If ``k`` is not in [1, K].
        """
        self.first(k)  # the same refusal
        # the k greatest of log p + Gumbel noise are a draw without replacement
        noisy = self.log_probabilities + generator.gumbel(size=self.users.shape)
        kept = np.sort(np.argsort(-noisy, axis=1, kind="stable")[:, :k], axis=1)  # rising place = falling p
        return TopUsers(
            np.take_along_axis(self.users, kept, axis=1),
            np.take_along_axis(self.log_probabilities, kept, axis=1),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[TopUsers]) -> TopUsers:
        """The items of all parts below each other; at least one part, all with the same K."""
        return cls(
            np.concatenate([part.users for part in parts]),
            np.concatenate([part.log_probabilities for part in parts]),
        )

    def save(self, directory: Path) -> None:
        """Write one ``.npz`` into an existing directory."""
        np.savez(directory / FILE_NAME, users=self.users, log_probabilities=self.log_probabilities)

    @classmethod
    def load(cls, directory: Path) -> TopUsers:
        """Read back what ``save`` wrote, bit for bit; refuses pickled objects."""
        with np.load(directory / FILE_NAME, allow_pickle=False) as arrays:
            return cls(arrays["users"], arrays["log_probabilities"])


def top_users(logits: Tensor, k: int) -> TopUsers:
    """Keep each item's ``k`` most probable users.

    Args:
        logits: Scores of every user, shape (B, U), floating; log-probabilities do as well, since a row that
            is normalised already stays as it is.
        k: Users kept per item, 1 <= k <= U.

    Returns:
        Users by falling probability, with log-probabilities in nats over all U users.

    Raises:
        ValueError: If ``k`` is not in [1, U], or a logit is not a finite number.

    Source: FilterLLM, the step from distribution to pseudo-interactions.
    """
    kept = _log_probabilities(logits, k).topk(k, dim=-1)  # (B, k), sorted
    return TopUsers(kept.indices.cpu().numpy(), kept.values.cpu().numpy())


def sampled_users(logits: Tensor, k: int, *, generator: torch.Generator) -> TopUsers:
    """Draw ``k`` users per item without replacement by their probabilities.

    Args:
        logits: Scores of every user, shape (B, U), floating.
        k: Users drawn per item, 1 <= k <= U.
        generator: Source of randomness, on the CPU.

    Returns:
        The drawn users by falling probability, with the log-probabilities of ``top_users``.

    Raises:
        ValueError: If ``k`` is not in [1, U], or a logit is not a finite number.

    Source: Kool et al., "Stochastic Beams and Where to Find Them" (ICML 2019): Gumbel top-k.
    """
    log_probabilities = _log_probabilities(logits, k)
    uniform = torch.rand(log_probabilities.shape, generator=generator, dtype=torch.float64)
    # an exponential variable of rate p is earliest with probability p: the same race as Gumbel noise
    arrivals = (-torch.log1p(-uniform)).log() - log_probabilities.cpu().double()
    drawn = arrivals.topk(k, dim=-1, largest=False).indices  # (B, k)
    values, order = log_probabilities.cpu().gather(1, drawn).sort(dim=-1, descending=True, stable=True)
    return TopUsers(drawn.gather(1, order).numpy(), values.numpy())


def _log_probabilities(logits: Tensor, k: int) -> Tensor:
    """Normalised rows (B, U) float32 in nats, after the checks."""
    if logits.ndim != 2:
        raise ValueError(f"logits must have shape (B, U), got {tuple(logits.shape)}")
    n_users = logits.shape[-1]
    if not 1 <= k <= n_users:
        raise ValueError(f"k must be between 1 and the number of users ({n_users}), got {k}")
    if not bool(torch.isfinite(logits).all()):
        raise ValueError("logits must be finite numbers: the model that made them has diverged")
    return logits.detach().float().log_softmax(dim=-1)
