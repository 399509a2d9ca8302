"""Settings of the update of cold item embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Draw = Literal["top", "sampled"]
DRAWS: tuple[Draw, ...] = ("top", "sampled")
Update = Literal["fold_in", "bpr"]
Offset = Literal["own", "common"]
Space = Literal["auto", "token_vectors", "bpr_embeddings"]
Comparison = Literal["users", "items", "both"]
COMPARISONS: tuple[Comparison, ...] = ("users", "items", "both")
FEW_USERS = 20  # the papers' K


@dataclass(frozen=True)
class ColdUpdateConfig:
    """How an item's vector is found from its users and its text.

    The defaults were chosen on CiteULike-a on validation, cold and overall. The paper's form is
    ``ColdUpdateConfig.literal()``.

    Attributes:
        space: The station whose vectors are published: those that the user tokens start from, those of BPR, or
            whichever has the better warm validation Recall@20.
        update: How the item's part in that space is found: in closed form, as one more half-sweep of iALS, or by
            gradient steps of BPR, as in the paper.
        users_per_item: Simulated users that are used, >= 1, at most those kept; beyond 20 at most an eighth of all
            users, see ``users_among``.
        draw: The most probable of the kept users, or a draw among them by probability.
        text_weight: What FilterLLM's direct score counts for a cold item against the updated vector, both at a
            spread of 1, >= 0; 0 publishes the space alone. None: what is best on validation.
        warm_text_weight: Likewise for a warm item, >= 0.
        appeal: How much of the appeal of an item's text its vector takes along, in [0, 1]: 1 ranks by relevance, 0 by
            the logit.
        offset: Of cold items in a list beside warm ones: each user's own, which lets the levels of his scores of both
            kinds meet, or the same for all users.
        new_item_days: An item is new if it arrived in the last so many days, > 0: about as long as a version is in
            office. New items get the weight in a list that they had in the interactions of that time.
        warm_at: Real users at which an item is weighed half as a cold one and half as a warm one, > 0.
        pseudo_halves_at: Real users at which a simulated interaction counts half as much as without any, > 0: beside
            n real ones ``pseudo_halves_at / (pseudo_halves_at + n)`` of it is left.
        fold_regulariser: Ridge weight of ``update="fold_in"``, > 0. None: that of the iALS which made the space.
        fold_unobserved_weight: Weight of a user who has not interacted against one who has, > 0, likewise.
        compare_with: What BPR ranks lower. "items": random warm items below this item, for each of its users,
            as FilterLLM does; "users": random users who are not the item's below each of its users, on this
            item; "both": the sum. These and the following are for ``update="bpr"``.
        pseudo_weight: What a simulated interaction counts, > 0; a real one counts 1.
        steps: Steps of gradient descent, >= 0; 0 leaves the initial value.
        learning_rate: Step size in units of the median norm of warm items over that of users, > 0.
        l2: Weight of the squared norm, in units of the warm items' median norm, >= 0.
        negatives: Warm items, or users, that all comparisons of one step share, >= 1.
        norm_quantile: No vector gets longer than this quantile of the warm items' norms, in (0, 1].
        seed: Of the draw and of the negatives.

    Raises:
        ValueError: If a value is out of its range.
    """

    space: Space = "auto"
    update: Update = "fold_in"
    users_per_item: int = 40
    draw: Draw = "top"
    text_weight: float | None = None
    warm_text_weight: float = 0.3
    appeal: float = 1.0
    offset: Offset = "own"
    new_item_days: float = 7.0
    warm_at: float = 3.0
    pseudo_halves_at: float = 0.06
    fold_regulariser: float | None = None
    fold_unobserved_weight: float = 0.01
    compare_with: Comparison = "users"
    pseudo_weight: float = 1.0
    steps: int = 30
    learning_rate: float = 1.0
    l2: float = 0.0
    negatives: int = 64
    norm_quantile: float = 0.95
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("users_per_item", "negatives"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.draw not in DRAWS:
            raise ValueError(f"draw must be one of {', '.join(DRAWS)}, got {self.draw!r}")
        if self.compare_with not in COMPARISONS:
            listed = ", ".join(COMPARISONS)
            raise ValueError(f"compare_with must be one of {listed}, got {self.compare_with!r}")
        for name, known in (
            ("space", get_args(Space)),
            ("update", get_args(Update)),
            ("offset", get_args(Offset)),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        above_zero = ("pseudo_weight", "learning_rate", "warm_at", "pseudo_halves_at", "new_item_days")
        for name in (*above_zero, "fold_regulariser", "fold_unobserved_weight"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        not_negative = ("steps", "l2", "seed", "warm_text_weight")
        for name in not_negative if self.text_weight is None else (*not_negative, "text_weight"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not 0 <= self.appeal <= 1:
            raise ValueError(f"appeal must be in [0, 1], got {self.appeal}")
        if not 0 < self.norm_quantile <= 1:
            raise ValueError(f"norm_quantile must be in (0, 1], got {self.norm_quantile}")

    def users_among(self, n_users: int) -> int:
        """How many simulated users place an item.

        Args:
            n_users: U, all users of the space, >= 1.

        Returns:
            ``users_per_item``, but of few users never more than 20 or an eighth of them, whichever is more: a quarter
            of everybody says nothing of an item.
        """
        return min(self.users_per_item, max(FEW_USERS, n_users // 8), n_users)

    @classmethod
    def literal(cls, **changes: Any) -> ColdUpdateConfig:
        """The update as FilterLLM's authors have it: BPR on 20 simulated users against random warm items.

        Args:
            changes: Fields that shall differ.

        Source: FilterLLM, arXiv 2502.16924.
        """
        fields: dict[str, Any] = {
            "space": "bpr_embeddings",
            "update": "bpr",
            "users_per_item": 20,
            "text_weight": 0.0,
            "compare_with": "items",
        }
        return cls(**(fields | changes))
