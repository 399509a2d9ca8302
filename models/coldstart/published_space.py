"""The space that is published: what collaboration says and what the text says, side by side in one vector.

A score is one inner product. Its first part comes from the collaborative model, its second from FilterLLM's
table of users; both are brought to the same spread for every user. Warm items lean on the first part, cold ones
on the second, and each user's offset, the last number of his vector, puts both into one list.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.coldstart.config import ColdUpdateConfig
from models.coldstart.fold_in import USUAL_REGULARISER, FoldInConfig, fold_in_items
from models.coldstart.top_users import TopUsers
from models.retrieval import FloatTable, IndexArray

FILE_NAME = "published_space.npz"
LAYOUT = 3
"""Of a vector's numbers: collaborative part, text part, appeal, offset; 1 had no appeal, 2 no weight of the text."""


@dataclass(frozen=True)
class Calibration:
    """How cold items enter a list beside warm ones.

    ``scale * (collaborative part + text * text part) + offset * the user's``.

    Attributes:
        collaborative: Brings an updated embedding's part to the spread of a warm item's.
        scale: Of the whole score.
        offset: Added to it, the same for every cold item, times the last number of the user's vector.
        text: What the text part counts, where the settings leave it open.
    """

    collaborative: float = 1.0
    scale: float = 1.0
    offset: float = 0.0
    text: float = 3.0


@dataclass(frozen=True)
class PublishedSpace:
    """Vectors of users and warm items as they are published, and what it takes to add cold items.

    Attributes:
        users: (U, F) float32; F = d + D + 2 with a text part, else d: the collaborative part, the text part, what
            an item's appeal counts for the user, and his offset for cold items.
        warm_items: (W, F) float32.
        warm_item_index: (W,) int64, rising.
        collaborative_size: d, the first numbers of a vector.
        user_scale: (U,) float32, by which the users' first d numbers were divided.
        calibration: Of cold items.
        regulariser: Ridge weight under which one more user or item fits into the first part, > 0.
    """

    users: FloatTable
    warm_items: FloatTable
    warm_item_index: IndexArray
    collaborative_size: int
    user_scale: FloatTable
    calibration: Calibration = Calibration()
    regulariser: float = USUAL_REGULARISER

    def __post_init__(self) -> None:
        users, items = self.users, self.warm_items
        if users.ndim != 2 or items.ndim != 2 or users.shape[1] != items.shape[1]:
            raise ValueError(
                "users (U, F) and warm_items (W, F) must be of equal width, "
                f"got shapes {users.shape} and {items.shape}"
            )
        if self.warm_item_index.shape != (len(items),) or self.user_scale.shape != (len(users),):
            raise ValueError(
                f"warm_item_index must be ({len(items)},) and user_scale ({len(users)},), "
                f"got {self.warm_item_index.shape} and {self.user_scale.shape}"
            )
        if not 1 <= self.collaborative_size <= users.shape[1]:
            raise ValueError(
                f"collaborative_size must be in 1..{users.shape[1]}, got {self.collaborative_size}"
            )

    @classmethod
    def of_vectors(
        cls,
        users: FloatTable,
        warm_items: FloatTable,
        warm_item_index: IndexArray,
        *,
        regulariser: float = USUAL_REGULARISER,
    ) -> PublishedSpace:
        """A collaborative space as it is, without a text part."""
        ones = np.ones(len(users), dtype=np.float32)
        return cls(users, warm_items, warm_item_index, users.shape[1], ones, regulariser=regulariser)

    @property
    def d(self) -> int:
        """F."""
        return int(self.users.shape[1])

    def item_table(self, n_items: int) -> FloatTable:
        """(n_items, F) float32, zeros where an item is not warm."""
        table = np.zeros((n_items, self.d), dtype=np.float32)
        table[self.warm_item_index] = self.warm_items
        return table

    @property
    def has_text(self) -> bool:
        """Whether vectors have a text part."""
        return self.collaborative_size < self.d

    @property
    def text_columns(self) -> slice:
        """Where the D numbers of the text part stand."""
        return slice(self.collaborative_size, self.d - 2)

    @property
    def collaborative_users(self) -> FloatTable:
        """(U, d) float32, as the collaborative model left them."""
        return self.users[:, : self.collaborative_size] * self.user_scale[:, None]

    def with_users(self, vectors: FloatTable, user_scale: NDArray[np.float64]) -> PublishedSpace:
        """The same space with further users after its own, vectors (P, F) and scales (P,)."""
        users = np.concatenate([self.users, vectors]).astype(np.float32)
        return replace(
            self, users=users, user_scale=np.concatenate([self.user_scale, user_scale]).astype(np.float32)
        )

    def save(self, directory: Path) -> None:
        """Write one ``.npz`` into an existing directory."""
        np.savez(
            directory / FILE_NAME,
            layout=np.int64(LAYOUT),
            users=self.users,
            warm_items=self.warm_items,
            warm_item_index=self.warm_item_index,
            collaborative_size=np.int64(self.collaborative_size),
            user_scale=self.user_scale,
            calibration=np.array(astuple(self.calibration), dtype=np.float64),
            regulariser=np.float64(self.regulariser),
        )

    @classmethod
    def load(cls, directory: Path) -> PublishedSpace:
        """Read back what ``save`` wrote, bit for bit; refuses pickled objects.

        Raises:
            ValueError: If its vectors are laid out otherwise than these.
        """
        with np.load(directory / FILE_NAME, allow_pickle=False) as arrays:
            layout = int(arrays["layout"]) if "layout" in arrays else 1
            if layout != LAYOUT:
                raise ValueError(
                    f"{directory / FILE_NAME} has vectors of layout {layout}, this version reads {LAYOUT}: retrain, "
                    "and publish the new version with `coldcast promote --force VERSION`"
                )
            return cls(
                users=arrays["users"],
                warm_items=arrays["warm_items"],
                warm_item_index=arrays["warm_item_index"],
                collaborative_size=int(arrays["collaborative_size"]),
                user_scale=arrays["user_scale"],
                calibration=Calibration(*arrays["calibration"].tolist()),
                regulariser=float(arrays["regulariser"]) if "regulariser" in arrays else USUAL_REGULARISER,
            )


def compose(
    collaborative: PublishedSpace,
    text_users: FloatTable,
    text_items: FloatTable,
    *,
    config: ColdUpdateConfig,
) -> PublishedSpace:
    """Put the collaborative vectors and the text's side by side.

    Args:
        collaborative: The collaborative space alone, users (U, d) and warm items (W, d).
        text_users: FilterLLM's table (U, D).
        text_items: What the warm items' texts say and how they appeal (W, D + 1), each without the item's own users.
        config: ``text_weight`` 0 leaves the text part out; ``warm_text_weight`` is its weight for warm items.

    Returns:
        The space.
    """
    if config.text_weight == 0:
        return collaborative
    n_users, d = collaborative.users.shape
    scale = spread(collaborative.users, collaborative.warm_items)
    text_scale = spread(text_users, text_items[:, :-1])
    one, zero = np.ones((n_users, 1)), np.zeros((len(text_items), 1))
    told = np.concatenate([text_users, one], axis=1) / text_scale[:, None]  # the appeal is in the text's unit
    users = [collaborative.users / scale[:, None], told, one]
    items = [collaborative.warm_items, config.warm_text_weight * _appealing(text_items, config.appeal), zero]
    return PublishedSpace(
        np.concatenate(users, axis=1).astype(np.float32),
        np.concatenate(items, axis=1).astype(np.float32),
        collaborative.warm_item_index,
        d,
        scale.astype(np.float32),
        regulariser=collaborative.regulariser,
    )


def with_user_offsets(space: PublishedSpace, offsets: NDArray[np.float64]) -> PublishedSpace:
    """What is added to every user's scores of cold items, told in the last number of his vector.

    Args:
        space: A space with a text part.
        offsets: Shape (U,), in units of the scores.

    Returns:
        The space, its offsets in units of their root mean square, which is the calibration's.
    """
    unit = float(np.sqrt(np.mean(offsets**2))) or 1.0
    users = space.users.copy()
    users[:, -1] = offsets / unit
    return replace(space, users=users, calibration=replace(space.calibration, offset=unit))


def _appealing(text_items: FloatTable, appeal: float) -> FloatTable:
    """What texts say (n, D + 1), with so much of their appeal."""
    found = text_items.copy()
    found[:, -1] *= appeal
    return found


def spread(users: FloatTable, items: FloatTable) -> NDArray[np.float64]:
    """Standard deviation (U,) of each user's scores over the items; 1 where he has none."""
    return spread_under(users, covariance(items))


def covariance(items: FloatTable) -> NDArray[np.float64]:
    """How the items (W, D) vary, (D, D)."""
    return np.cov(items.astype(np.float64), rowvar=False).reshape(items.shape[1], -1)


def spread_under(users: FloatTable, varying: NDArray[np.float64]) -> NDArray[np.float64]:
    """As :func:`spread`, over items of a known covariance (D, D)."""
    variance = np.einsum("ud,ud->u", users @ varying, users)
    return np.where(variance > 1e-12, np.sqrt(variance.clip(min=1e-12)), 1.0)


def place(
    space: PublishedSpace,
    pseudo: TopUsers | None,
    real_pairs: IndexArray,
    *,
    text_items: FloatTable,
    config: ColdUpdateConfig,
) -> FloatTable:
    """Vectors of items that the training has not seen.

    The collaborative part is found from the item's simulated and real users, all else held fixed; the text part
    is what the text says. An item without real users is weighed as a cold one; the more it has, the more like a
    warm one, half and half at ``config.warm_at`` of them, and the less its simulated ones count.

    Args:
        space: Where to; not changed.
        pseudo: Simulated users of the C items; None for items that are placed by real users alone.
        real_pairs: Position of the item in [0, C) and user_index, shape (n, 2), int64; may be empty.
        text_items: (C, D + 1) float32, the items' side of FilterLLM's table, and their appeal; of items without
            a text what FilterLLM says of such.
        config: Settings.

    Returns:
        Shape (C, F), float32.

    Raises:
        ValueError: As ``place_items`` and ``fold_in_items``.
    """
    from models.coldstart.embedding_update import place_items  # torch: this file is read by the code location

    users = space.collaborative_users
    config = replace(config, users_per_item=config.users_among(len(users)))
    if config.update == "fold_in":
        fold = FoldInConfig(
            users_per_item=config.users_per_item,
            draw=config.draw,
            unobserved_weight=config.fold_unobserved_weight,
            regulariser=space.regulariser if config.fold_regulariser is None else config.fold_regulariser,
            pseudo_halves_at=config.pseudo_halves_at,
            seed=config.seed,
        )
        rows = fold_in_items(users, pseudo, real_pairs=real_pairs, config=fold)
    else:
        warm = space.warm_items[:, : space.collaborative_size]
        rows = place_items(users, warm, pseudo, real_pairs, config)
    if not space.has_text:
        return rows
    n_real = np.bincount(real_pairs[:, 0], minlength=len(rows)).astype(np.float64)
    cold = (config.warm_at / (config.warm_at + n_real))[:, None]  # (C, 1): 1 without real users
    given, whole = space.calibration, space.calibration.scale
    text_weight = cold_text_weight(space, config)
    parts = [
        (cold * whole * given.collaborative + 1 - cold) * rows,
        (cold * whole * text_weight + (1 - cold) * config.warm_text_weight)
        * _appealing(text_items, config.appeal),
        cold * given.offset,
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def usual_cold_length(space: PublishedSpace, config: ColdUpdateConfig) -> float:
    """How long a cold item's vector is if collaboration and text say as much about it as about a warm one.

    Args:
        space: Whose warm items are the measure.
        config: Settings that the cold item is placed under.

    Returns:
        Median over the warm items, each weighed as ``place`` weighs a cold one. Where warm items go without a text
        part (``warm_text_weight`` 0) nothing is known of its length, and it counts nothing.
    """
    lengths = np.linalg.norm(space.warm_items[:, : space.collaborative_size].astype(np.float64), axis=1)
    if space.has_text:
        given, told = space.calibration, space.warm_items[:, space.collaborative_size : -1].astype(np.float64)
        against_warm = cold_text_weight(space, config) / (config.warm_text_weight or 1.0)
        told_lengths = against_warm * np.linalg.norm(told, axis=1)
        lengths = np.hypot(given.scale * np.hypot(lengths, told_lengths), given.offset)
    return float(np.median(lengths))


def cold_text_weight(space: PublishedSpace, config: ColdUpdateConfig) -> float:
    """What the text part counts for a cold item: as the settings say, else as the calibration found."""
    return space.calibration.text if config.text_weight is None else config.text_weight
