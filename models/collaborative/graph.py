"""The bipartite graph of users and warm items, symmetrically normalised, and fast products with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.retrieval import IndexArray


@dataclass(frozen=True)
class NormalisedAdjacency:
    """Both halves of A~ = D^-1/2 A D^-1/2 for a graph between users and items.

    The edge of user u and item i weighs 1 / sqrt(|N_u| |N_i|). A node without edges receives zeros.

    Attributes:
        users_from_items: The half (U, W) that carries item vectors to users.
        items_from_users: Its transpose (W, U).

    Source: He et al., "LightGCN" (SIGIR 2020), equation 3; Wang et al., "NGCF" (SIGIR 2019).
    """

    users_from_items: SparseRows
    items_from_users: SparseRows

    @classmethod
    def from_pairs(
        cls, pairs: IndexArray, *, n_users: int, n_items: int, device: str = "cpu"
    ) -> NormalisedAdjacency:
        """The graph whose edges are the training pairs.

        Args:
            pairs: user_index and position of the warm item, shape (N, 2), int64; none twice.
            n_users: U.
            n_items: W.
            device: Where the products are computed.

        Returns:
            Both halves.
        """
        user_degrees = np.bincount(pairs[:, 0], minlength=n_users)
        item_degrees = np.bincount(pairs[:, 1], minlength=n_items)
        weights = 1 / np.sqrt(user_degrees[pairs[:, 0]] * item_degrees[pairs[:, 1]])  # (N,)
        return cls(
            _sparse_rows(pairs[:, 0], pairs[:, 1], weights, n_users, device),
            _sparse_rows(pairs[:, 1], pairs[:, 0], weights, n_items, device),
        )

    def to_users(self, items: Tensor) -> Tensor:
        """Weighted sums (U, D) of the items of each user; ``items`` (W, D)."""
        return _product(items, self.users_from_items, self.items_from_users)

    def to_items(self, users: Tensor) -> Tensor:
        """Weighted sums (W, D) of the users of each item; ``users`` (U, D)."""
        return _product(users, self.items_from_users, self.users_from_items)


@dataclass(frozen=True)
class SparseRows:
    """A sparse matrix by rows: where each begins (rows,), columns (N,) int64, weights (N,) float32."""

    starts: Tensor
    columns: Tensor
    weights: Tensor

    def times(self, dense: Tensor) -> Tensor:
        """Product with a dense matrix; embedding_bag is about three times as fast as a sparse tensor."""
        return nn.functional.embedding_bag(
            self.columns, dense, self.starts, mode="sum", per_sample_weights=self.weights
        )


class _Product(torch.autograd.Function):
    """A sparse product whose gradient is the product with the transpose, likewise by rows."""

    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: SparseRows, transpose: SparseRows) -> Tensor:
        ctx.transpose = transpose
        return matrix.times(dense)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.transpose.times(gradients[0].contiguous()), None, None


def _product(dense: Tensor, matrix: SparseRows, transpose: SparseRows) -> Tensor:
    """``matrix @ dense`` with a gradient for ``dense``."""
    result: Tensor = _Product.apply(dense, matrix, transpose)  # type: ignore[no-untyped-call]
    return result


def _sparse_rows(
    rows: IndexArray, columns: IndexArray, weights: np.ndarray[Any, Any], n_rows: int, device: str
) -> SparseRows:
    """Edges sorted by row, then column, so that sums do not depend on the order of the pairs."""
    order = np.lexsort((columns, rows))
    ends = np.cumsum(np.bincount(rows, minlength=n_rows))
    starts = np.concatenate(([0], ends[:-1])).astype(np.int64)
    return SparseRows(
        torch.from_numpy(starts).to(device),
        torch.from_numpy(columns[order]).to(device),
        torch.from_numpy(weights[order].astype(np.float32)).to(device),
    )
