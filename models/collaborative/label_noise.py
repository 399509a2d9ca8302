"""Noisy labels: a pair without an event may be a positive that was missed."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

START_FACTOR = 5.0  # how much longer than preference rows these begin, so that few positives count as missed


class LabelNoise(nn.Module):
    """A second factor model: the probability gamma(u, i) = sigmoid(P_u.Q_i) that a liked item has no event.

    A disliked item never has an event. With s a preference score, an event has probability
    sigmoid(s) (1 - gamma), none has sigmoid(-s) + sigmoid(s) gamma.

    Args:
        n_users: U.
        n_items: W.
        d: Numbers per row.
        use: "likelihood": scores are trained by these probabilities in place of BPR. "weighted": scores are
            trained by BPR with each triple weighted by how surely its unseen item is disliked; the noise
            alone is trained by the probabilities.
        generator: Draws the initial values: users in (0, 5 / sqrt d), items in (-5 / sqrt d, 0).

    Source: Yu and Qin, "Sampler Design for Implicit Feedback Data by Noisy-label Robust Learning" (SIGIR
        2020, arXiv:2007.07204): the exact likelihood; the authors' code climbs a bound of it.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        *,
        d: int,
        use: Literal["weighted", "likelihood"],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.use = use
        edge = START_FACTOR / math.sqrt(d)
        self.user_rows = nn.Parameter(torch.empty(n_users, d).uniform_(0, edge, generator=generator))
        self.item_rows = nn.Parameter(torch.empty(n_items, d).uniform_(-edge, 0, generator=generator))

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Log-odds that the item, if liked, was missed; user_index and item position (B,), result (B,)."""
        rows = self.user_rows.index_select(0, users) * self.item_rows.index_select(0, items)
        return rows.sum(dim=1)

    def ranking_loss(
        self, positive: Tensor, negative: Tensor, *, seen_noise: Tensor, unseen_noise: Tensor
    ) -> Tensor:
        """What takes the place of the BPR loss.

        Args:
            positive: Scores of the chosen items, shape (B,).
            negative: Scores of the items without an event, shape (B,).
            seen_noise: ``logits`` of the chosen items, shape (B,).
            unseen_noise: ``logits`` of the others, shape (B,).

        Returns:
            Mean over the triples in nats, scalar.
        """
        if self.use == "likelihood":
            return noisy_label_loss(positive, negative, seen_noise=seen_noise, unseen_noise=unseen_noise)
        known = positive.detach(), negative.detach()
        weights = surely_disliked(known[1], unseen_noise.detach())
        weighted = (weights * nn.functional.softplus(negative - positive)).mean()
        return weighted + noisy_label_loss(*known, seen_noise=seen_noise, unseen_noise=unseen_noise)


def noisy_label_loss(
    positive: Tensor, negative: Tensor, *, seen_noise: Tensor, unseen_noise: Tensor
) -> Tensor:
    """Mean of -ln P(event) of the chosen items and -ln P(no event) of the others, all (B,); scalar, nats."""
    softplus = nn.functional.softplus
    return (softplus(-positive) + softplus(seen_noise) - _log_no_event(negative, unseen_noise)).mean()


def surely_disliked(scores: Tensor, noise: Tensor) -> Tensor:
    """Probability that an item without an event is disliked rather than missed.

    Args:
        scores: Preference scores, shape (B,).
        noise: ``LabelNoise.logits``, shape (B,).

    Returns:
        sigmoid(-s) / (sigmoid(-s) + sigmoid(s) gamma), shape (B,), in (0, 1].
    """
    return (-nn.functional.softplus(scores) - _log_no_event(scores, noise)).exp()


def _log_no_event(scores: Tensor, noise: Tensor) -> Tensor:
    """ln(sigmoid(-s) + sigmoid(s) gamma), without overflow."""
    softplus = nn.functional.softplus
    return torch.logaddexp(-softplus(scores), -softplus(-scores) - softplus(-noise))
