"""A training that starts from an earlier model instead of from chance: shrink what was learned, perturb it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.item_pruning import ItemPruning
from models.filterllm.language_model import LanguageModel


@dataclass(frozen=True)
class WarmStart:
    """Where a training begins.

    A parameter starts at ``shrink`` times its earlier value plus ``perturb`` times the value it would have had
    without; a new user's token starts where it would have without.

    Attributes:
        model: The earlier model, finished.
        user_rows: Row of each of the U users in the earlier model's tables, -1 for a new one, shape (U,), int64.
        shrink: Share of the earlier values, in (0, 1].
        perturb: Share of fresh initial values, >= 0.
        texts: What the earlier model's warm items said, in its order: such texts are not read by the language model
            again. Empty: every text is.
        pruning: Which warm items train; None: all.

    Raises:
        ValueError: If a share is out of its range, or a row does not exist.

    Source: Ash and Adams, "On Warm-Starting Neural Network Training" (NeurIPS 2020), shrink and perturb.
    """

    model: FilterLLM
    user_rows: NDArray[np.int64]
    shrink: float
    perturb: float
    texts: Sequence[str] = ()
    pruning: ItemPruning | None = None

    def __post_init__(self) -> None:
        if not 0 < self.shrink <= 1:
            raise ValueError(f"shrink must be in (0, 1], got {self.shrink}")
        if not self.perturb >= 0:
            raise ValueError(f"perturb must be at least 0, got {self.perturb}")
        if len(self.user_rows) and self.user_rows.max() >= self.model.n_users:
            raise ValueError(
                f"user_rows must be below {self.model.n_users}, the earlier model's users, "
                f"got {self.user_rows.max()}"
            )

    def shares(self, config: FilterLLMConfig) -> bool:
        """Whether the earlier model's language model is the one of these settings, as it was pretrained."""
        own, width = self.model.language_model, self.model.config.base_weights
        same = own.name == config.language_model and width == config.base_weights
        return own.lora is None and same

    def adapt(self, language_model: LanguageModel, config: FilterLLMConfig) -> None:
        """Give a fresh language model, of these settings, the earlier one's adapter, if that has one, shrunk.

        Raises:
            ValueError: If it is another language model.
        """
        earlier = self.model.language_model
        if language_model.digest != earlier.digest:
            raise ValueError(
                f"the earlier model was trained on {earlier.name!r} with base_weights="
                f"{self.model.config.base_weights}, this one on {language_model.name!r} with base_weights="
                f"{config.base_weights}: train in full"
            )
        if earlier.lora is None:
            return
        targets = earlier.lora["targets"]
        language_model.add_lora(
            rank=earlier.lora["rank"],
            alpha=earlier.lora["alpha"],
            targets=targets if isinstance(targets, list) else None,
            generator=torch.Generator(),
        )
        language_model.load_adapter_state(
            {name: self.shrink * value for name, value in earlier.adapter_state().items()}
        )

    def remembered(self) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Vectors (H,) of the earlier model's texts by the token ids it read, as long as a unit vector.

        The kernel holds them centred, as c; before that they were m + t c with the t > 0 that makes it length 1, m
        the mean. An adapted model's vectors are no longer the language model's, and of a sample of landmarks it is
        not known whose they are: nothing is remembered then.
        """
        centred = self.model.text_kernel.guide.landmarks.detach().cpu().numpy().astype(np.float64)
        if self.model.language_model.lora is not None or not 0 < len(self.texts) == len(centred):
            return {}
        mean = self.model.centring.mean.detach().cpu().numpy().astype(np.float64)
        along = centred @ mean
        t = np.sqrt(along**2 + 1 - mean @ mean) - along  # (W,)
        vectors = (mean + t[:, None] * centred).astype(np.float32)
        # by its own template: this training may have another one
        prompts = self.model.template.tokenize(self.model.language_model.tokenizer, self.texts)
        return {tuple(ids): row for ids, row in zip(prompts.token_ids, vectors, strict=True)}

    @torch.no_grad()
    def begin(self, fresh: FilterLLM) -> None:
        """Move a freshly initialised model to where its training shall begin.

        Args:
            fresh: The model, with the tokens that its users would start from.

        Raises:
            ValueError: If the two have mappers or tokens of other sizes.
        """
        earlier = self.model
        mappers = [list(one.mapper.parameters()) for one in (earlier, fresh)]
        before, now = ([value.shape for value in one] for one in mappers)
        tokens = earlier_tokens(earlier).to(fresh.vocabulary.tokens.device)
        if before != now or tokens.shape[1] != fresh.vocabulary.d:
            raise ValueError(
                f"the earlier model has tokens of {tokens.shape[1]} numbers and this one of {fresh.vocabulary.d}, "
                "or mappers of other sizes: train in full"
            )
        for old, new in zip(*mappers, strict=True):
            new.copy_(self.shrink * old.to(new.device) + self.perturb * new)
        fresh.centring.mean.copy_(earlier.centring.mean)  # the mapper has learned to read with this one
        fresh.log_scale.copy_(earlier.log_scale)
        fresh.go_on_with(earlier.offset_weights)
        known = torch.from_numpy(np.flatnonzero(self.user_rows >= 0)).to(tokens.device)
        rows = torch.from_numpy(self.user_rows[self.user_rows >= 0]).to(tokens.device)
        if not len(known):
            return
        start, bias = fresh.vocabulary.tokens, fresh.vocabulary.bias
        if fresh.config.similarity == "cosine":  # lengths mean nothing there: as long as the fresh ones
            tokens = functional.normalize(tokens, dim=1) * start.norm(dim=1).mean()
        start[known] = self.shrink * tokens[rows] + self.perturb * start[known]
        learned = earlier.vocabulary.bias.to(bias.device)[rows]
        shift = (learned - bias[known]).median()
        bias.add_(shift)  # new users' degrees on the scale of what was learned
        bias[known] = learned


def earlier_tokens(model: FilterLLM) -> Tensor:
    """The learned tokens (U, d) of a finished model, as well as its fused table still tells them."""
    tokens = model.vocabulary.tokens.detach()
    return tokens @ model.fusion.T if model.fusion.numel() else tokens
