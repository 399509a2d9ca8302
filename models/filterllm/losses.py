"""The three terms FilterLLM is trained by; each a pure function of tensors.

The positives of a batch of B items come as two index vectors: pair p says that user ``user_index[p]`` took
item ``row[p]`` of the batch. Every item has at least one positive.
"""

from __future__ import annotations

import torch
from torch import Tensor


def distribution_loss(logits: Tensor, row: Tensor, user_index: Tensor) -> Tensor:
    """Cross-entropy between an item's users and the predicted distribution over all users, in nats.

    For item i with users N_i the target is the normalised multi-hot vector 1/|N_i| on N_i; the loss is
    ``mean over i of  logsumexp_u l_iu - 1/|N_i| sum_{u in N_i} l_iu``.

    Args:
        logits: (B, U) float, unnormalised.
        row: (P,) int64 in 0..B-1, each row at least once.
        user_index: (P,) int64 in 0..U-1.

    Returns:
        Scalar, mean over the B items.

    Source:
        FilterLLM, arXiv 2502.16924, the distribution term; targets normalised so that every item weighs the
        same whatever its number of users.
    """
    users_of_item = torch.bincount(row, minlength=logits.shape[0]).to(logits.dtype)  # (B,)
    positives = logits[row, user_index] / users_of_item[row]  # (P,)
    return logits.logsumexp(dim=1).mean() - positives.sum() / logits.shape[0]


def mirrored_loss(logits: Tensor, row: Tensor, user_index: Tensor) -> Tensor:
    """The same loss seen from the users: who of the batch's items does a user take?

    Mean over the users V with a positive in the batch of
    ``logsumexp_i l_iv - 1/|N_v| sum_{i in N_v} l_iv``, both over the items of the batch alone. A ranking of
    items for a user is what the user-side metrics ask for; the distribution term never compares items.

    Args:
        logits: (B, U) float, unnormalised.
        row: (P,) int64 in 0..B-1.
        user_index: (P,) int64 in 0..U-1.

    Returns:
        Scalar in nats.
    """
    present, position, items_of_user = torch.unique(user_index, return_inverse=True, return_counts=True)
    columns = logits.index_select(1, present)  # (B, V)
    positives = logits[row, user_index] / items_of_user[position].to(logits.dtype)  # (P,)
    return columns.logsumexp(dim=0).mean() - positives.sum() / present.shape[0]


def behaviour_guiding_loss(predicted: Tensor, item_vectors: Tensor) -> Tensor:
    """Mean squared distance of the mapper's item vectors to the collaborative ones, which stay fixed.

    Args:
        predicted: (B, d) float, the mapper's output in the space of the user table.
        item_vectors: (B, d) float, the items' collaborative vectors in the same space; no gradient flows
            into them.

    Returns:
        Scalar: squared Euclidean distance over d, mean over the items; 0 where they coincide.

    Source:
        FilterLLM, arXiv 2502.16924, the behaviour-guiding term (weight lambda).
    """
    return (predicted - item_vectors.detach()).square().mean()
