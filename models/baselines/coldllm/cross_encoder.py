"""Yes or no: a language model reads history and target together, a linear head judges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.array_types import Matrix
from models.baselines.coldllm.pair_texts import PairTokens
from models.baselines.layers import linear

Precision = Literal["float32", "bfloat16"]
TOKENS_PER_BATCH = 4096
NO, YES = 0, 1


class LanguageModel(Protocol):
    """A frozen transformer with room for LoRA, as the caller has loaded it."""

    network: nn.Module
    tokenizer: Any
    hidden_size: int

    def token_limit(self, wanted: int) -> int:
        """``wanted`` tokens, or fewer where the model's positions end."""
        ...

    def add_lora(
        self, *, rank: int, alpha: float, targets: list[str] | None, generator: torch.Generator
    ) -> None:
        """Put trainable LoRA matrices beside the frozen layers."""
        ...


@dataclass(frozen=True)
class LabelledPairs:
    """A batch of questions with their answers, 0 (no) or 1 (yes), int64 (B,)."""

    pairs: Sequence[PairTokens]
    answers: Tensor


class CrossEncoder(nn.Module):
    """The two logits of a question.

    History and target attend to each other in every layer; the head reads the direction of either's mean state,
    and their product, coordinate by coordinate.

    Args:
        language_model: With LoRA, if it shall learn.
        precision: Width of the matrix products.
        generator: Draws the head.
    """

    def __init__(
        self, language_model: LanguageModel, *, precision: Precision, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.network = language_model.network
        self.precision = precision
        filler = language_model.tokenizer.pad_token_id
        self._filler = 0 if filler is None else int(filler)
        width = 3 * language_model.hidden_size
        self.head = linear(width, 2, start="truncated_normal", generator=generator)
        self.head.to(self.device)

    def train(self, mode: bool = True) -> CrossEncoder:
        """Stay in evaluation mode: the pretrained dropout would draw from the global generator."""
        del mode
        return super().train(False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    def forward(self, pairs: Sequence[PairTokens]) -> Tensor:
        """Logits of no and yes, shape (B, 2), float32."""
        ids, mask, is_target = self._padded(pairs)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
            states = self.network(input_ids=ids, attention_mask=mask).last_hidden_state  # (B, T, H)
        history = _mean_direction(states.float(), mask * ~is_target)
        target = _mean_direction(states.float(), mask * is_target)
        together = history * target * math.sqrt(history.shape[1])  # entries as large as those of a direction
        logits: Tensor = self.head(torch.cat((history, target, together), dim=1))
        return logits

    def loss(self, batch: LabelledPairs) -> Tensor:
        """Mean cross-entropy of the answers in nats, scalar."""
        return nn.functional.cross_entropy(self(batch.pairs), batch.answers.to(self.device))

    @torch.no_grad()
    def margins(self, pairs: Sequence[PairTokens], *, tokens_per_batch: int = TOKENS_PER_BATCH) -> Matrix:
        """Logit of yes less that of no.

        Args:
            pairs: n questions.
            tokens_per_batch: Padded tokens in one pass, >= 1; a longer question goes alone.

        Returns:
            Shape (n,), float32, in the order given.
        """
        margins = np.zeros(len(pairs), dtype=np.float32)
        for rows in _by_length(pairs, tokens_per_batch):
            logits = self([pairs[row] for row in rows])
            margins[rows] = (logits[:, YES] - logits[:, NO]).cpu().numpy()
        return margins

    def _padded(self, pairs: Sequence[PairTokens]) -> tuple[Tensor, Tensor, Tensor]:
        """Token ids, attention mask (both int64) and whether a place is the target's, each (B, T)."""
        width = max(len(pair) for pair in pairs)
        ids = torch.full((len(pairs), width), self._filler, dtype=torch.int64)
        mask = torch.zeros((len(pairs), width), dtype=torch.int64)
        is_target = torch.zeros((len(pairs), width), dtype=torch.bool)
        for row, pair in enumerate(pairs):
            ids[row, : len(pair)] = torch.tensor(pair.ids, dtype=torch.int64)
            mask[row, : len(pair)] = 1
            is_target[row, pair.target_start :] = True
        return ids.to(self.device), mask.to(self.device), is_target.to(self.device)


def _mean_direction(states: Tensor, mask: Tensor) -> Tensor:
    """The mean over the masked places of (B, T, H) at length one, shape (B, H)."""
    return nn.functional.normalize((states * mask.unsqueeze(2)).sum(dim=1), dim=1)


def _by_length(pairs: Sequence[PairTokens], tokens_per_batch: int) -> Iterator[list[int]]:
    """Positions, longest first, cut so that no padded rectangle exceeds the limit."""
    order = sorted(range(len(pairs)), key=lambda row: -len(pairs[row]))
    start = 0
    while start < len(order):
        rows = max(1, tokens_per_batch // len(pairs[order[start]]))
        yield order[start : start + rows]
        start += rows
