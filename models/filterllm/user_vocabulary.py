"""One learnable token per user, in a matrix of its own: the tokenizer and the word vectors stay as they are.

A token lives in the mapper's output space, so that the probability of a user is a product of two vectors; its
width is free of the language model's and, by projection, of the collaborative model's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FloatArray = NDArray[np.float32]


class UserVocabulary(nn.Module):
    """The table of user tokens and a bias per user; both learn.

    Attributes:
        tokens: (U, d) float32.
        bias: (U,) float32, in nats.
    """

    def __init__(self, tokens: Tensor, bias: Tensor) -> None:
        super().__init__()
        if tokens.ndim != 2 or bias.shape != tokens.shape[:1]:
            raise ValueError(
                f"tokens must be (U, d) and bias (U,), got {tuple(tokens.shape)} and {tuple(bias.shape)}"
            )
        self.tokens = nn.Parameter(tokens.detach().clone().to(torch.float32))
        self.bias = nn.Parameter(bias.detach().clone().to(torch.float32))

    @property
    def n_users(self) -> int:
        """U."""
        return int(self.tokens.shape[0])

    @property
    def d(self) -> int:
        """Numbers per token."""
        return int(self.tokens.shape[1])


@dataclass(frozen=True)
class TokenSpace:
    """Collaborative vectors brought to the width of the tokens, in units of a user's mean length.

    Attributes:
        users: (U, d) float32, initial tokens, mean Euclidean norm 1.
        warm_items: (W, d) float32 in the same space, mean Euclidean norm 1: targets of behaviour guiding.
    """

    users: FloatArray
    warm_items: FloatArray


def token_space(users: FloatArray, warm_items: FloatArray, *, d: int) -> TokenSpace:
    """Project collaborative vectors to ``d`` numbers, keeping as much of the users as d numbers can.

    The directions are the users' first d right singular vectors, not centred: inner products between users
    and items, which the collaborative model was trained on, are kept as well as d numbers can keep them.

    Args:
        users: (U, D) float32.
        warm_items: (W, D) float32.
        d: Numbers per token, 1..D; with d = D the vectors are only scaled.

    Returns:
        Both tables in the space of the tokens.

    Raises:
        ValueError: If d is above D, or a table is all zeros.
    """
    wide = users.shape[1]
    if not 1 <= d <= wide:
        raise ValueError(
            f"token_size must be in 1..{wide}, the width of the collaborative vectors, got {d}: "
            "take a smaller token_size or wider collaborative vectors"
        )
    if d < wide:
        gram = users.astype(np.float64).T @ users.astype(np.float64)  # (D, D)
        _, directions = np.linalg.eigh(gram)
        basis = directions[:, ::-1][:, :d]  # (D, d)
        # eigh leaves the signs open; fixed here so that every machine agrees
        basis = basis * np.where(basis[np.abs(basis).argmax(axis=0), np.arange(d)] < 0, -1.0, 1.0)
        users, warm_items = users @ basis, warm_items @ basis
    return TokenSpace(_mean_norm_one(users, "users"), _mean_norm_one(warm_items, "warm_items"))


def with_random_users(space: TokenSpace, rng: np.random.Generator) -> TokenSpace:
    """Tokens that know nothing of their users (an ablation); behaviour guiding keeps its targets.

    Args:
        space: Gives the sizes and the targets.
        rng: Draws the tokens.

    Returns:
        Independent normal numbers, mean norm 1, beside the same targets.
    """
    users = rng.standard_normal(space.users.shape)
    return TokenSpace(_mean_norm_one(users, "users"), space.warm_items)


def degree_bias(user_index: NDArray[np.int64], *, n_users: int, power: float) -> FloatArray:
    """Where the bias starts: power * log(1 + number of the user's training pairs).

    Args:
        user_index: (N,) int64, the user of every training pair.
        n_users: U.
        power: >= 0.

    Returns:
        (U,) float32 in nats up to a constant.
    """
    return (power * np.log1p(np.bincount(user_index, minlength=n_users))).astype(np.float32)


def _mean_norm_one(table: NDArray[np.floating], name: str) -> FloatArray:
    """Divide by the mean Euclidean norm of the rows."""
    mean = float(np.linalg.norm(table.astype(np.float64), axis=1).mean())
    if not mean > 0:
        raise ValueError(f"{name} must not be all zeros: train the collaborative model first")
    return (table / mean).astype(np.float32)
