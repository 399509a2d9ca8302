"""AMR: VBPR goes on training against the worst small change of the content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from models.baselines.factors import Factors
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, Positive, Weight
from models.baselines.rival_training import train_rival
from models.baselines.vbpr import Vbpr, VbprConfig, trained
from models.baselines.warm_pairs import Triples, triple_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class AmrConfig(VbprConfig):
    """Settings of VBPR, trained first, and of what follows.

    Attributes:
        perturbation: Length of the change; content vectors have length one.
        adversarial_weight: Weight of the loss on changed content.
        adversarial_epochs: At most; patience is VBPR's.
    """

    perturbation: Positive = 0.1
    adversarial_weight: Weight = 1.0
    adversarial_epochs: Count = 50

    @classmethod
    def tuned(cls) -> Self:
        """VBPR's, as long as validation rises in either stage."""
        return replace(super().tuned(), adversarial_epochs=1000)


class Amr(nn.Module):
    """VBPR's parameters under another loss.

    Args:
        vbpr: The trained model; changed in place.
        config: Settings.
    """

    def __init__(self, vbpr: Vbpr, config: AmrConfig) -> None:
        super().__init__()
        self.vbpr = vbpr
        self.config = config

    def loss(self, batch: Triples) -> Tensor:
        """BPR on the content, BPR on the changed content, and VBPR's penalty; sums over the batch."""
        both = torch.cat((batch.positives, batch.negatives))
        items, places = torch.unique(both, return_inverse=True)
        seen, unseen = places.chunk(2)
        content = self.vbpr.warm_texts[items].requires_grad_()  # (b, H), each item once
        kept = self.vbpr.drawn_kept(len(batch.users))
        margin = self.vbpr.margin(batch, content[seen], content[unseen], kept=kept)
        plain = nn.functional.softplus(-margin).sum()
        change = worst_change(plain, content, length=self.config.perturbation)
        changed = content.detach() + change
        margin = self.vbpr.margin(batch, changed[seen], changed[unseen], kept=kept)
        adversarial = nn.functional.softplus(-margin).sum()
        return plain + self.config.adversarial_weight * adversarial + self.vbpr.penalty(batch)

    def factors(self) -> Factors:
        """As VBPR's: the content unchanged."""
        return self.vbpr.factors()


def worst_change(loss: Tensor, content: Tensor, *, length: float) -> Tensor:
    """The change of each row that raises the loss fastest, to first order.

    Args:
        loss: Scalar made from ``content``; its graph is kept.
        content: Shape (b, H), requires a gradient.
        length: Of each row of the change.

    Returns:
        Shape (b, H), a constant; zero for a row without influence.
    """
    (gradient,) = torch.autograd.grad(loss, content, retain_graph=True)
    return length * nn.functional.normalize(gradient, dim=1)


def fit(data: RivalInput, *, config: AmrConfig = AmrConfig(), on_epoch: OnEpoch | None = None) -> Factors:
    """Train VBPR, then go on against changed content.

    Args:
        data: Training set.
        config: Settings.
        on_epoch: Called after each epoch; their numbers begin anew with the second stage.

    Returns:
        Users and items as VBPR's.

    Source: Tang et al., "Adversarial Training Towards Robust Multimedia Recommender System" (TKDE 2019,
        arXiv:1809.07062), equations of the adversary and of its learner.
    """
    vbpr = trained(data, config=config, on_epoch=on_epoch)
    draws = np.random.default_rng([data.seed, 1])
    model = Amr(vbpr, config)
    batches = triple_batches(data, config.batch_size, generator=draws)
    second = replace(config, epochs=config.adversarial_epochs)
    return train_rival(model, batches, vbpr.optimizer(), data=data, config=second, on_epoch=on_epoch)
