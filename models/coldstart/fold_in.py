"""Vectors for items in closed form: the ridge regression on their users that a half-sweep of iALS solves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.coldstart.config import DRAWS, Draw
from models.coldstart.item_users import ItemUsers, chosen_users
from models.coldstart.top_users import TopUsers
from models.retrieval import FloatTable, IndexArray

NUMBERS_PER_BLOCK = 4_000_000
"""Gathered vector entries solved at once: 16 MB of float32."""


USUAL_REGULARISER = 0.05
"""Ridge weight of iALS, and of one more row of it, where none was chosen: the best on CiteULike-a."""


@dataclass(frozen=True)
class FoldInConfig:
    """How items are folded into a space; defaults are those of the iALS that made it.

    Attributes:
        users_per_item: Simulated users that are used, >= 1. More users give longer, more blurred vectors.
        draw: The most probable of the kept users, or a draw among them by probability.
        unobserved_weight: Weight of a user who has not interacted against one who has, > 0.
        regulariser: Ridge weight, > 0.
        regulariser_power: Item i's ridge weight is ``regulariser * (n_i + unobserved_weight * U) ** power``, n_i
            the sum of its users' weights.
        pseudo_halves_at: Real users at which a simulated one counts half as much as without any, > 0; infinite:
            both kinds count alike.
        seed: Of the draw.

    Raises:
        ValueError: If a value is out of its range.
    """

    users_per_item: int = 10
    draw: Draw = "top"
    unobserved_weight: float = 0.01
    regulariser: float = USUAL_REGULARISER
    regulariser_power: float = 0.5
    pseudo_halves_at: float = math.inf
    seed: int = 42

    def __post_init__(self) -> None:
        if self.users_per_item < 1:
            raise ValueError(f"users_per_item must be at least 1, got {self.users_per_item}")
        if self.draw not in DRAWS:
            raise ValueError(f"draw must be one of {', '.join(DRAWS)}, got {self.draw!r}")
        for name in ("unobserved_weight", "regulariser", "pseudo_halves_at"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")


def fold_in_items(
    users: FloatTable, pseudo: TopUsers | None, *, real_pairs: IndexArray, config: FoldInConfig
) -> FloatTable:
    """The vectors that best explain the items' users while the users stay fixed.

    Args:
        users: Shape (U, D), float32; not changed.
        pseudo: Simulated users of the C items, or None.
        real_pairs: Position of the item in [0, C) and user_index, shape (n, 2), int64; may be empty.
        config: Weights.

    Returns:
        Shape (C, D), float32. A real user counts 1, a simulated one h / (h + n) beside n real ones.

    Raises:
        ValueError: If an item has no user, or more users are asked for than were kept.

    Source: Hu, Koren and Volinsky (ICDM 2008), with the weights of Rendle et al., "Revisiting the Performance
        of iALS" (RecSys 2022).
    """
    if pseudo is not None:
        pseudo = chosen_users(
            pseudo, users_per_item=config.users_per_item, draw=config.draw, seed=config.seed
        )
    known = ItemUsers.collect(
        pseudo, real_pairs, n_users=len(users), pseudo_halves_at=config.pseudo_halves_at
    )
    counted = np.add.reduceat(known.weights.astype(np.float64), known.offsets[:-1])  # (C,)
    ridge = config.regulariser * (counted + config.unobserved_weight * len(users)) ** config.regulariser_power
    return solve_rows(
        users,
        known.offsets,
        known.users,
        ridge=ridge,
        unobserved_weight=config.unobserved_weight,
        weights=known.weights,
    )


def solve_rows(
    fixed: FloatTable,
    offsets: IndexArray,
    columns: IndexArray,
    *,
    ridge: NDArray[np.float64],
    unobserved_weight: float,
    weights: FloatTable | None = None,
) -> FloatTable:
    """One half-sweep of iALS: every row's weighted ridge regression on its columns' fixed vectors.

    Row r minimises sum over its columns of c (1 - w.h)^2 + a0 * sum over *all* columns of (w.h)^2
    + ridge_r |w|^2. With a0 H'H = Q diag(s) Q', computed once, and Z = H Q, its rows times the roots v of the
    weights c, Woodbury's identity leaves a system of the row's own size:
    w = Q B Z_r' (I + Z_r B Z_r')^-1 v, B = diag(1 / (s + ridge_r)).

    Args:
        fixed: H, shape (columns, D), float32.
        offsets: Row ``r`` has the entries ``offsets[r]:offsets[r + 1]``; shape (rows + 1,), int64.
        columns: Column of each entry, shape (N,), int64; none twice in a row.
        ridge: Ridge weight of each row, shape (rows,), > 0.
        unobserved_weight: a0, > 0.
        weights: c of each entry, shape (N,), float32, > 0; None: 1 each.

    Returns:
        Shape (rows, D), float32. A row without entries is zero.
    """
    return HalfSweep.of(fixed, unobserved_weight=unobserved_weight).rows(
        offsets, columns, ridge=ridge, weights=weights
    )


@dataclass(frozen=True)
class HalfSweep:
    """What all rows of a half-sweep share, computed once: a row alone then costs a small system.

    Attributes:
        spectrum: s, shape (D,), float64.
        basis: Q, shape (D, D), float64.
        rotated: Z = H Q of every column that rows may name, shape (columns, D), float32.
    """

    spectrum: NDArray[np.float64]
    basis: NDArray[np.float64]
    rotated: FloatTable

    @classmethod
    def of(
        cls, fixed: FloatTable, *, unobserved_weight: float, further: FloatTable | None = None
    ) -> HalfSweep:
        """Decompose ``a0 H'H``.

        Args:
            fixed: H, shape (columns, D), float32.
            unobserved_weight: a0, > 0.
            further: Columns (n, D) that rows may name too, after those of H, and that are no part of H'H.
        """
        table = fixed.astype(np.float64)
        spectrum, basis = np.linalg.eigh(unobserved_weight * (table.T @ table))
        spectrum = np.maximum(spectrum, 0.0)  # rounding can leave a zero below zero
        if further is not None:
            table = np.concatenate([table, further])
        # float32: the small systems are well conditioned
        return cls(spectrum, basis, (table @ basis).astype(np.float32))

    def rows(
        self,
        offsets: IndexArray,
        columns: IndexArray,
        *,
        ridge: NDArray[np.float64],
        weights: FloatTable | None = None,
    ) -> FloatTable:
        """Solve each row; arguments and result as of :func:`solve_rows`."""
        width = self.rotated.shape[1]
        solved = np.zeros((len(offsets) - 1, width))
        degrees = np.diff(offsets)
        for degree in np.unique(degrees[degrees > 0]):
            rows = np.flatnonzero(degrees == degree)
            step = max(1, NUMBERS_PER_BLOCK // int(degree * (width + degree)))
            for start in range(0, len(rows), step):
                block = rows[start : start + step]  # (b,), rows of equal size: no padding
                entries = offsets[block][:, None] + np.arange(degree)  # (b, n)
                scale = (1 / (self.spectrum + ridge[block][:, None])).astype(np.float32)  # (b, D), B
                gathered = self.rotated[columns[entries]]  # (b, n, D)
                roots = np.ones(entries.shape, dtype=np.float32)  # (b, n)
                if weights is not None:
                    roots = np.sqrt(weights[entries])
                    gathered *= roots[:, :, None]
                solved[block] = _solve_block(gathered, scale, roots)
        return (solved @ self.basis.T).astype(np.float32)


def _solve_block(gathered: FloatTable, scale: FloatTable, roots: FloatTable) -> FloatTable:
    """Rotated solutions (b, D) of rows with equally many entries, by whichever system is smaller."""
    _, degree, width = gathered.shape
    if degree > width:
        total = np.einsum("bnd,bn->bd", gathered, roots)  # Z_r' v
        system = gathered.transpose(0, 2, 1) @ gathered  # (b, D, D)
        system[:, np.arange(width), np.arange(width)] += 1 / scale
        return np.linalg.solve(system, total[:, :, None])[:, :, 0]
    scaled = gathered * scale[:, None, :]  # (b, n, D)
    system = scaled @ gathered.transpose(0, 2, 1)  # (b, n, n)
    system[:, np.arange(degree), np.arange(degree)] += 1
    coefficients = np.linalg.solve(system, roots[:, :, None])  # (b, n, 1)
    return (scaled * coefficients).sum(axis=1)
