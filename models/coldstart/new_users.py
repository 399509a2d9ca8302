"""Vectors for users whom the training has not seen, in closed form, with everything else held fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.coldstart.fold_in import HalfSweep
from models.coldstart.published_space import PublishedSpace, covariance, spread_under
from models.coldstart.top_users import TopUsers
from models.retrieval import FloatTable, IndexArray

NORM_QUANTILE = 0.95  # no placed item pulls harder than this quantile of the warm ones


@dataclass(frozen=True)
class NewUserConfig:
    """How users are folded into a published space; the first three are those of the iALS that made it.

    Attributes:
        unobserved_weight: Weight of an item that the user has not touched against one that he has, > 0.
        regulariser: Ridge weight, > 0. None: the space's.
        regulariser_power: User u's ridge weight is ``regulariser * (n_u + unobserved_weight * W) ** power``.
        text_unobserved_weight: As ``unobserved_weight``, for the part that multiplies with what texts say, > 0.
        text_ridge: Ridge weight of that part, in mean squared lengths of the items' vectors, > 0.
        nearest: Users whose mean stands for somebody of whom only words are known, >= 1.

    Raises:
        ValueError: If a value is out of its range.
    """

    unobserved_weight: float = 0.01
    regulariser: float | None = None
    regulariser_power: float = 0.5
    text_unobserved_weight: float = 1.0
    text_ridge: float = 8.0
    nearest: int = 20

    def __post_init__(self) -> None:
        for name in ("unobserved_weight", "regulariser", "text_unobserved_weight", "text_ridge"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.nearest < 1:
            raise ValueError(f"nearest must be at least 1, got {self.nearest}")


class FoldedUsers(NamedTuple):
    """Vectors (n, F) float32 as they are published, and by what their first d numbers were divided, (n,) float64."""

    vectors: FloatTable
    collaborative_scale: NDArray[np.float64]


@dataclass(frozen=True)
class NewUsers:
    """A published space, prepared to take in users at a few small systems each.

    Attributes:
        space: The space; not changed.
        n_items: Items that a user may have touched.
        collaborative: The half-sweep over their first d numbers.
        text: That over the numbers that texts fill; None where the space has none.
        varying: How the warm items vary in either part: (d, d) and (D, D), float64.
        text_spread: Of the known users' scores by text over the warm items: what new ones are brought to.
        config: Settings.
    """

    space: PublishedSpace
    n_items: int
    collaborative: HalfSweep
    text: HalfSweep | None
    varying: tuple[NDArray[np.float64], NDArray[np.float64]]
    text_spread: float
    config: NewUserConfig

    @classmethod
    def of(
        cls, space: PublishedSpace, placed: FloatTable, *, config: NewUserConfig | None = None
    ) -> NewUsers:
        """Prepare a space.

        Args:
            space: The space, with W warm items.
            placed: Published vectors (P, F) of items that were placed in it.
            config: Settings; the defaults if left out.

        Returns:
            The prepared space; item 0..W-1 is a warm one, W..W+P-1 a placed one.

        Raises:
            ValueError: If ``placed`` has another width.
        """
        given = config or NewUserConfig()
        if placed.ndim != 2 or placed.shape[1] != space.d:
            raise ValueError(f"placed must have shape (P, {space.d}), got {placed.shape}")
        d = space.collaborative_size
        warm = space.warm_items
        shortened = _at_most(placed[:, :d], float(np.quantile(_norms(warm[:, :d]), NORM_QUANTILE)))
        collaborative = HalfSweep.of(
            warm[:, :d], unobserved_weight=given.unobserved_weight, further=shortened
        )
        n_items = len(warm) + len(placed)
        if not space.has_text:
            nothing = np.empty((0, 0))
            return cls(space, n_items, collaborative, None, (nothing, nothing), 1.0, given)
        of_text = space.text_columns
        text_items = warm[:, of_text]
        length = float(np.median(_norms(text_items)))
        stretch = length / np.maximum(_norms(placed[:, of_text]), 1e-12)
        alike = (placed[:, of_text] * stretch[:, None]).astype(np.float32)
        text = HalfSweep.of(text_items, unobserved_weight=given.text_unobserved_weight, further=alike)
        varying = (covariance(warm[:, :d]), covariance(text_items))
        usual = float(np.median(spread_under(space.users[:, of_text], varying[1])))
        return cls(space, n_items, collaborative, text, varying, usual, given)

    def from_items(self, pairs: IndexArray, *, n_users: int) -> FoldedUsers:
        """Users by what they have touched.

        Args:
            pairs: Position in [0, n_users) and item, shape (n, 2), int64; none twice.
            n_users: How many users.

        Returns:
            Their vectors: the collaborative part is one more half-sweep of iALS, the text part a ridge regression
            on what the items' texts say; both are brought to the spread that known users have.

        Raises:
            ValueError: If an index is out of range or a user has touched nothing.

        Source: Hu, Koren and Volinsky (ICDM 2008), section 4, turned from items to users.
        """
        degrees = _checked_degrees(pairs, n_users, self.n_items)
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        offsets = np.concatenate(([0], np.cumsum(degrees)))
        items = pairs[order, 1]
        space, config = self.space, self.config
        n_warm = len(space.warm_items)
        counted = degrees.astype(np.float64) + config.unobserved_weight * n_warm  # (n,)
        weight = space.regulariser if config.regulariser is None else config.regulariser
        ridge = weight * counted**config.regulariser_power
        rows = self.collaborative.rows(offsets, items, ridge=ridge)
        if self.text is None:
            return FoldedUsers(rows, np.ones(n_users))
        total = float(self.text.spectrum.sum()) / config.text_unobserved_weight  # of all squared lengths
        ridge = np.full(n_users, config.text_ridge * max(total / n_warm, 1e-12))
        told = self.text.rows(offsets, items, ridge=ridge)
        return self._composed(rows, told)

    def from_similar(self, nearest: TopUsers) -> FoldedUsers:
        """Users by those who would want the same words.

        Args:
            nearest: The users (n, K) most probable for each one's words, with log-probabilities in nats.

        Returns:
            The mean of these users, weighted by probability and brought to the spread that known users have.

        Source: The idea is KALM4Rec's (arXiv 2405.19612): a user without interactions is what his keywords say.
        """
        chosen = nearest.first(min(self.config.nearest, nearest.users_per_item))
        weights = np.exp(chosen.log_probabilities - chosen.log_probabilities[:, :1])
        weights = weights / weights.sum(axis=1, keepdims=True)
        mean = np.einsum("nk,nkf->nf", weights, self.space.users[chosen.users]).astype(np.float32)
        if self.text is None:
            return FoldedUsers(mean, np.ones(len(mean)))
        d = self.space.collaborative_size
        typical = float(np.median(self.space.user_scale))
        folded = self._composed(mean[:, :d], mean[:, self.space.text_columns])
        return FoldedUsers(folded.vectors, np.full(len(mean), typical))

    def _composed(self, collaborative: FloatTable, told: FloatTable) -> FoldedUsers:
        """Both parts at the known users' spread; their mean numbers for an item's appeal and a cold one's offset."""
        scale = spread_under(collaborative, self.varying[0])
        text_scale = spread_under(told, self.varying[1]) / self.text_spread
        usual = np.tile(self.space.users[:, self.space.text_columns.stop :].mean(axis=0), (len(told), 1))
        parts = [collaborative / scale[:, None], told / text_scale[:, None], usual]
        return FoldedUsers(np.concatenate(parts, axis=1).astype(np.float32), scale)


def _checked_degrees(pairs: IndexArray, n_users: int, n_items: int) -> IndexArray:
    """Items of each user, (n_users,), after the checks."""
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"pairs must have shape (n, 2), got {pairs.shape}")
    if len(pairs):
        low, high = pairs.min(axis=0), pairs.max(axis=0)
        if low.min() < 0 or high[0] >= n_users or high[1] >= n_items:
            raise ValueError(
                f"pairs must name users below {n_users} and items below {n_items}, got up to {high.tolist()} "
                f"and down to {low.tolist()}"
            )
    degrees = np.bincount(pairs[:, 0], minlength=n_users)
    empty = np.flatnonzero(degrees == 0)
    if len(empty):
        raise ValueError(f"{len(empty)} of {n_users} users have touched nothing (first: {empty[0]})")
    return degrees


def _norms(rows: FloatTable) -> NDArray[np.float64]:
    return np.linalg.norm(rows.astype(np.float64), axis=1)


def _at_most(rows: FloatTable, length: float) -> FloatTable:
    """Rows that are longer, shortened."""
    shrink = np.minimum(1.0, length / np.maximum(_norms(rows), 1e-12))
    return (rows * shrink[:, None]).astype(np.float32)
