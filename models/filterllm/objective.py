"""Batches of items and the loss that both stages minimise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from models.filterllm.distribution import FilterLLM
from models.filterllm.language_model import LanguageModel
from models.filterllm.losses import behaviour_guiding_loss, distribution_loss, mirrored_loss
from models.filterllm.precision import Precision, autocast
from models.filterllm.text_tokens import TextTokens

IndexArray = NDArray[np.int64]
BATCHES_PER_BUCKET = 8  # stage 2 sorts by length inside this many batches: little padding, still shuffled


class TextVectors(Protocol):
    """Where a batch's text vectors come from."""

    def vectors(self, language_model: LanguageModel) -> Tensor:
        """(B, H) float32, not centred."""
        ...


@dataclass(frozen=True)
class Precomputed:
    """Stage 1: the language model is frozen, each text was read once."""

    features: Tensor

    def vectors(self, language_model: LanguageModel) -> Tensor:
        """The stored vectors."""
        del language_model
        return self.features


@dataclass(frozen=True)
class Tokens:
    """Stage 2: the texts are read anew in every step, with gradients."""

    input_ids: Tensor
    attention_mask: Tensor
    precision: Precision

    def vectors(self, language_model: LanguageModel) -> Tensor:
        """The vectors of the moment."""
        with autocast(self.precision, self.input_ids.device):
            return language_model(self.input_ids, self.attention_mask)


@dataclass(frozen=True)
class ItemBatch:
    """B warm items and who took them.

    Attributes:
        texts: Gives the text vectors.
        row: (P,) int64 in 0..B-1 and
        user_index: (P,) int64: pair p says that the user took the item of this row.
        item_vectors: (B, d) float32, collaborative vectors in the space of the tokens.
        text_logits: (B, U) float32, what the closed-form tokens say without having seen these items; None
            where there are none.
    """

    texts: TextVectors
    row: Tensor
    user_index: Tensor
    item_vectors: Tensor
    text_logits: Tensor | None


class Objective(nn.Module):
    """The model with its loss, as the epoch loop wants them.

    ``loss = distribution + mirrored_weight * mirrored + behaviour_weight * behaviour guiding``
    """

    def __init__(self, model: FilterLLM) -> None:
        super().__init__()
        self.model = model

    def loss(self, batch: ItemBatch) -> Tensor:
        """Weighted sum of the three terms on one batch, a scalar."""
        model, config = self.model, self.model.config
        mapped = model.map_texts(batch.texts.vectors(model.language_model))  # (B, d)
        logits = model.learned_logits(mapped)  # (B, U)
        if batch.text_logits is not None:
            logits = logits + model.text_weight * batch.text_logits  # (B, U)
        loss = distribution_loss(logits, batch.row, batch.user_index)
        if config.mirrored_weight:
            loss = loss + config.mirrored_weight * mirrored_loss(logits, batch.row, batch.user_index)
        if config.behaviour_weight:
            target = batch.item_vectors
            if config.similarity == "cosine":  # only directions matter to a cosine
                target = functional.normalize(target, dim=1)
            loss = loss + config.behaviour_weight * behaviour_guiding_loss(mapped, target)
        return loss


@dataclass(frozen=True)
class WarmItems:
    """What is known of the W warm items.

    Attributes:
        token_ids: W lists of token ids.
        features: (W, H) float32 of the frozen language model.
        positives: (W, U) sparse, 1 where a user took an item; every row has an entry.
        item_vectors: (W, d) float32 in the space of the tokens.
        text: Closed-form tokens, with the items as if each had been left out; None without them.
        device: Where batches shall be.
        chosen: Rows of the items that train, int64; None: all.
    """

    token_ids: list[list[int]]
    features: NDArray[np.float32]
    positives: sparse.csr_array
    item_vectors: NDArray[np.float32]
    text: TextTokens | None
    device: torch.device
    chosen: IndexArray | None = None

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def training_rows(self) -> IndexArray:
        """Rows of the items that train, int64."""
        return np.arange(len(self)) if self.chosen is None else self.chosen

    def _shuffled(self, generator: torch.Generator) -> IndexArray:
        rows = self.training_rows
        return rows[torch.randperm(len(rows), generator=generator).numpy()]

    def feature_batches(self, *, batch_size: int, generator: torch.Generator) -> Iterator[ItemBatch]:
        """One shuffled pass for stage 1."""
        order = self._shuffled(generator)
        for start in range(0, len(order), batch_size):
            items = order[start : start + batch_size]
            yield self.batch(items)

    def token_batches(
        self,
        language_model: LanguageModel,
        *,
        batch_size: int,
        precision: Precision,
        generator: torch.Generator,
    ) -> Iterator[ItemBatch]:
        """One shuffled pass for stage 2, texts of similar length together."""
        order = self._shuffled(generator)
        lengths = np.array([len(ids) for ids in self.token_ids])
        bucket = batch_size * BATCHES_PER_BUCKET
        for start in range(0, len(order), bucket):
            part = order[start : start + bucket]
            part = part[np.argsort(lengths[part], kind="stable")]
            batches = [part[first : first + batch_size] for first in range(0, len(part), batch_size)]
            for position in torch.randperm(len(batches), generator=generator).tolist():
                items = batches[position]
                ids, mask = language_model.pad([self.token_ids[item] for item in items])
                yield self.batch(items, Tokens(ids, mask, precision))

    def batch(self, items: IndexArray, texts: TextVectors | None = None) -> ItemBatch:
        """Positives and targets of some items.

        Args:
            items: Rows (B,), int64.
            texts: Gives their vectors; the stored ones if left out.
        """
        pairs = self.positives[items].tocoo()
        row = torch.from_numpy(pairs.row.astype(np.int64)).to(self.device)
        user_index = torch.from_numpy(pairs.col.astype(np.int64)).to(self.device)
        positions = torch.from_numpy(items).to(self.device)
        return ItemBatch(
            texts=texts or Precomputed(torch.from_numpy(self.features[items]).to(self.device)),
            row=row,
            user_index=user_index,
            item_vectors=torch.from_numpy(self.item_vectors[items]).to(self.device),
            text_logits=None if self.text is None else self.text.left_out[positions] @ self.text.tokens.T,
        )
