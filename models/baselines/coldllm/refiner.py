"""The refiner: trained on warm items' real and wrong users, it judges the filter's candidates for cold ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch

from models.baselines.array_types import Indices, Matrix
from models.baselines.coldllm.cross_encoder import CrossEncoder, LabelledPairs, LanguageModel, Precision
from models.baselines.coldllm.histories import Histories
from models.baselines.coldllm.pair_texts import PairTexts, PairTokens
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, Range, Share, check_settings
from models.baselines.text_directions import text_directions
from models.baselines.warm_pairs import WarmPairs
from models.training import OnEpoch, train_epochs

PAIRS_PER_BLOCK = 8192
LENGTH_BLUR = 8
"""Tokens by which questions of one batch may differ, so that a batch is not of one kind of user."""


Several = Annotated[int, Range(2)]


@dataclass(frozen=True)
class RefinerConfig:
    """Settings.

    Attributes:
        history: L, titles of the user that are shown.
        title_tokens: A title loses what comes after so many tokens.
        lora_rank: Of every LoRA update.
        lora_alpha: An update is scaled by ``lora_alpha / lora_rank``.
        lora_learning_rate: AdamW's for the LoRA matrices; falls to 0 in a straight line.
        head_learning_rate: AdamW's for the head; likewise.
        pairs: Questions of one epoch, half of them answered yes.
        epochs: Each with questions of its own.
        batch_size: Questions per step.
        hard_share: Share of the wrong users that come from the filter's own; the others are random.
        hard_among: The filter's best users of an item from whom the hard ones are drawn.

    Raises:
        ValueError: If a value is outside the range of its type.
    """

    history: Count = 3
    title_tokens: Count = 14
    lora_rank: Count = 8
    lora_alpha: Positive = 16.0
    lora_learning_rate: Positive = 1e-3
    head_learning_rate: Positive = 1e-2
    pairs: Several = 10_000
    epochs: Count = 3
    batch_size: Several = 32
    hard_share: Share = 0.5
    hard_among: Count = 200

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def longest(self) -> int:
        """Tokens of a question at most."""
        return (self.history + 1) * (self.title_tokens + 1) + 1


@dataclass(frozen=True)
class Questions:
    """Who is asked about: users (n,), items (n,) and answers (n,), 0 or 1, all int64."""

    users: Indices
    items: Indices
    answers: Indices


class QuestionDraws:
    """Training questions: real pairs, and as many wrong users of the same items.

    Args:
        data: Training set.
        hard_users: The filter's best users of each warm item who are not the item's, shape (W, n), int64, -1 where
            none is left.
        hard_share: Share of the wrong users that are drawn from them.
    """

    def __init__(self, data: RivalInput, hard_users: Indices, *, hard_share: float) -> None:
        warm = WarmPairs.of(data)
        several = warm.of_users.degrees[warm.pairs[:, 0]] > 1  # else nothing is left of the history
        self._pairs = warm.pairs[several]
        if not len(self._pairs):
            raise ValueError("no user has two training pairs: there is no history to judge a target by")
        self._of_items = warm.of_items
        self._warm_items = data.warm_items
        self._hard_users = hard_users
        self._hard_share = hard_share

    def draw(self, n: int, *, generator: np.random.Generator) -> Questions:
        """About ``n`` questions, real and wrong in turn."""
        half = max(1, n // 2)
        rows = generator.choice(len(self._pairs), size=half, replace=half > len(self._pairs))
        users, places = self._pairs[rows].T
        wrong = self._of_items.unseen(places, generator=generator)
        hard = self._hard_users[places, generator.integers(0, self._hard_users.shape[1], size=half)]
        use_hard = (generator.random(half) < self._hard_share) & (hard >= 0)
        asked = np.stack((users, np.where(use_hard, hard, wrong)), axis=1).ravel()
        items = np.repeat(self._warm_items[places], 2)
        return Questions(asked, items, np.tile(np.array([1, 0]), half))


class Refiner:
    """A cross-encoder with what it needs to put questions into words.

    Args:
        data: Training set.
        texts: One per item, I of them.
        language_model: Gets LoRA matrices; loaded anew for each refiner.
        config: Settings.
        precision: Width of the matrix products.
    """

    def __init__(
        self,
        data: RivalInput,
        texts: Sequence[str],
        language_model: LanguageModel,
        *,
        config: RefinerConfig,
        precision: Precision = "float32",
    ) -> None:
        generator = torch.Generator().manual_seed(data.seed)
        language_model.add_lora(
            rank=config.lora_rank, alpha=config.lora_alpha, targets=None, generator=generator
        )
        self.model = CrossEncoder(language_model, precision=precision, generator=generator)
        directions = text_directions(data.features, data.warm_items)
        self._histories = Histories(
            data.train, n_users=data.n_users, directions=directions, length=config.history
        )
        self._texts = PairTexts(
            language_model.tokenizer,
            texts,
            title_tokens=config.title_tokens,
            limit=language_model.token_limit(config.longest),
        )

    def questions(self, users: Indices, items: Indices) -> list[PairTokens]:
        """Token ids of (user, item) pairs, both (n,)."""
        return [
            self._texts.pair(self._histories.most_similar(user, item), item)
            for user, item in zip(users.tolist(), items.tolist(), strict=True)
        ]

    def margins(self, users: Indices, items: Indices) -> Matrix:
        """Logit of yes less that of no for (user, item) pairs, both (n,), int64; shape (n,), float32."""
        blocks = [slice(start, start + PAIRS_PER_BLOCK) for start in range(0, len(users), PAIRS_PER_BLOCK)]
        parts = [self.model.margins(self.questions(users[block], items[block])) for block in blocks]
        return np.concatenate([np.zeros(0, dtype=np.float32), *parts])

    def learned(self) -> dict[str, Matrix]:
        """What training changes, by name: the LoRA matrices and the head."""
        learning = {name for name, value in self.model.named_parameters() if value.requires_grad}
        state = self.model.state_dict()
        return {name: state[name].cpu().numpy() for name in sorted(learning)}

    def restore(self, learned: Mapping[str, Matrix]) -> None:
        """Put back what :meth:`learned` gave.

        Raises:
            ValueError: If the names are not those of this refiner.
        """
        own = set(self.learned())
        if own != set(learned):
            raise ValueError(f"not of this refiner: {sorted(own ^ set(learned))[:3]}")
        self.model.load_state_dict(
            {name: torch.from_numpy(value) for name, value in learned.items()}, strict=False
        )


def fit(
    data: RivalInput,
    refiner: Refiner,
    hard_users: Indices,
    *,
    config: RefinerConfig,
    on_epoch: OnEpoch | None = None,
) -> Refiner:
    """Train LoRA matrices and head on pairs of warm items alone.

    Args:
        data: Training set.
        refiner: Untrained; changed in place.
        hard_users: Of :class:`QuestionDraws`.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        The same refiner, in the state after its last epoch.

    Source: ColdLLM, arXiv 2402.09176 (WSDM 2025), the refining simulator, with an encoder in the place of a
        causal model: two logits instead of the words yes and no. Difference: half of the negatives are users
        whom the filter would have proposed, since those are the ones it must tell from real ones. Three titles of
        history are shown, where the paper has up to 20, and the last epoch is kept.
    """
    draws = QuestionDraws(data, hard_users, hard_share=config.hard_share)
    generator = np.random.default_rng(data.seed)

    def batches(epoch: int) -> Iterator[LabelledPairs]:
        asked = draws.draw(config.pairs, generator=generator)
        tokens = refiner.questions(asked.users, asked.items)
        for rows in batches_of_like_length(tokens, config.batch_size, generator=generator):
            answers = torch.from_numpy(asked.answers[rows])
            yield LabelledPairs([tokens[row] for row in rows], answers)

    model = refiner.model
    lora = [value for value in model.network.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": lora, "lr": config.lora_learning_rate},
            {"params": list(model.head.parameters()), "lr": config.head_learning_rate},
        ]
    )
    steps = config.epochs * -(-2 * max(1, config.pairs // 2) // config.batch_size)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(0.0, 1 - step / steps))
    train_epochs(
        model,
        batches,
        optimizer,
        epochs=config.epochs,
        scheduler=scheduler,
        max_gradient_norm=1.0,
        on_epoch=on_epoch,
    )
    return refiner


def batches_of_like_length(
    pairs: Sequence[PairTokens], batch_size: int, *, generator: np.random.Generator
) -> list[Indices]:
    """All positions once, in batches that need little padding, in a random order.

    Args:
        pairs: Questions.
        batch_size: Largest batch; all are of nearly equal size.
        generator: Source of the order.
    """
    blurred = np.array([len(pair) for pair in pairs]) + generator.uniform(0, LENGTH_BLUR, size=len(pairs))
    batches = np.array_split(np.argsort(blurred), -(-len(pairs) // batch_size))
    return [batches[place] for place in generator.permutation(len(batches))]
