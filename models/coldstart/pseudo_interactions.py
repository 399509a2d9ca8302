"""From a distribution over all users to the few who stand in for an item's missing interactions."""

from __future__ import annotations

import torch
from torch import Tensor

from models.coldstart.top_users import TopUsers


def top_users(logits: Tensor, k: int) -> TopUsers:
    """Keep each item's ``k`` most probable users.

    Args:
        logits: Scores of every user, shape (B, U), floating; log-probabilities do as well, since a row that
            is normalised already stays as it is.
        k: Users kept per item, 1 <= k <= U.

    Returns:
        Users by falling probability, with log-probabilities in nats over all U users.

    Raises:
        ValueError: If ``k`` is not in [1, U], or a logit is not a finite number.

    Source: FilterLLM, the step from distribution to pseudo-interactions.
    """
    kept = _log_probabilities(logits, k).topk(k, dim=-1)  # (B, k), sorted
    return TopUsers(kept.indices.cpu().numpy(), kept.values.cpu().numpy())


def _log_probabilities(logits: Tensor, k: int) -> Tensor:
    """Normalised rows (B, U) float32 in nats, after the checks."""
    if logits.ndim != 2:
        raise ValueError(f"logits must have shape (B, U), got {tuple(logits.shape)}")
    n_users = logits.shape[-1]
    if not 1 <= k <= n_users:
        raise ValueError(f"k must be between 1 and the number of users ({n_users}), got {k}")
    if not bool(torch.isfinite(logits).all()):
        raise ValueError("logits must be finite numbers: the model that made them has diverged")
    return logits.detach().float().log_softmax(dim=-1)
