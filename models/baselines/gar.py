"""GAR: a generator of item vectors and a recommender that tells them from real ones, in turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from models.baselines.factors import Factors
from models.baselines.layers import GeneratorDropout, half_squared_weights, linear
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, PartShare, Positive, RivalConfig, Share, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import Triples, triple_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class GarConfig(RivalConfig):
    """Settings; defaults are the authors'.

    Attributes:
        width: Width of all hidden layers and of the towers' output.
        likeness_weight: Alpha, share of the distance to the real vector, summed over its numbers, in the
            generator's loss.
        negative_share: Beta, share of the unseen item, against the generated one, among what the recommender
            ranks below the real item.
        vector_size: Root mean square entry to which the vectors of users and of items are brought; None, as in
            the paper: they are taken as they are. On short vectors, such as those of iALS, the generator's
            steps are long, and the recommender learns to rank a user's own kind of generated item last.
        l2: Weight of half the squared entries of the maps.
        generator_dropout: Share of hidden values dropped in the generator.
        tower_dropout: Likewise in the towers.
        learning_rate: Adam's.
    """

    width: Count = 200
    likeness_weight: Share = 0.05
    negative_share: Share = 0.1
    vector_size: Positive | None = None
    l2: Weight = 1e-3
    generator_dropout: PartShare = 0.1
    tower_dropout: PartShare = 0.5
    learning_rate: Positive = 1e-3

    @classmethod
    def tuned(cls) -> GarConfig:
        """More weight on unseen items than on generated ones, as in an earlier version of the authors' code, and
        nearer to the real vectors; chosen on CiteULike's cold validation items."""
        return cls(likeness_weight=0.2, negative_share=0.9, epochs=100)


@dataclass(frozen=True)
class Turn:
    """A batch of triples and whose turn it is to move."""

    triples: Triples
    of_generator: bool


class Gar(RivalModel):
    """Generator, user tower and item tower; the collaborative vectors are constants.

    Args:
        data: Training set.
        config: Settings.
        generator: Draws initial values now and dropout masks later.
    """

    def __init__(self, data: RivalInput, config: GarConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        if config.vector_size is not None:
            self.users, self.items = (resized(rows, config.vector_size) for rows in (self.users, self.items))
        d, width = self.users.shape[1], config.width
        self.generated = nn.Sequential(
            linear(self.texts.shape[1], width, start="xavier_uniform", generator=generator),
            nn.BatchNorm1d(width),
            nn.Tanh(),
            GeneratorDropout(config.generator_dropout, generator=generator),
            linear(width, d, start="xavier_uniform", generator=generator),
        )
        self.user_tower = tower(d, config, generator=generator)
        self.item_tower = tower(d, config, generator=generator)

    def loss(self, turn: Turn) -> Tensor:
        """The loss of the side whose turn it is.

        The other side stands still: no gradient for its parameters, no dropout, norms as in inference.
        """
        self.generated.train(turn.of_generator)
        for side in (self.user_tower, self.item_tower):
            side.train(not turn.of_generator)
        return self.generator_loss(turn.triples) if turn.of_generator else self.recommender_loss(turn.triples)

    def recommender_loss(self, triples: Triples) -> Tensor:
        """Rank the real item above the generated one and, with less weight, above an unseen one."""
        made = self.generated(self.warm_texts[triples.positives]).detach()
        users = self.user_tower(self.users[triples.users])
        # real, unseen and generated vectors in one batch, so that the norms see them together
        together = torch.cat((self.items[triples.positives], self.items[triples.negatives], made))
        real, unseen, fake = ((users * rows).sum(dim=1) for rows in self.item_tower(together).chunk(3))
        share = self.config.negative_share
        ranking = nn.functional.softplus((1 - share) * fake + share * unseen - real).mean()
        size = half_squared_weights(self.user_tower) + half_squared_weights(self.item_tower)
        return ranking + self.config.l2 * size

    def generator_loss(self, triples: Triples) -> Tensor:
        """Be ranked above the real item by the recommender, and stay near the real vector."""
        known = self.items[triples.positives]
        made = self.generated(self.warm_texts[triples.positives])
        users = still(self.user_tower, self.users[triples.users])
        real = (users * still(self.item_tower, known)).sum(dim=1)
        fake = (users * still(self.item_tower, made)).sum(dim=1)
        share = self.config.likeness_weight
        distance = (made - known).abs().sum(dim=1).mean()
        fooling = nn.functional.softplus(real - fake).mean()
        return (
            (1 - share) * fooling + share * distance + self.config.l2 * half_squared_weights(self.generated)
        )

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Warm items by their vectors, cold ones by generated vectors, all through the towers."""
        items = self.generated(self.texts)
        items[self.warm] = self.items
        return self.user_tower(self.users), self.item_tower(items)


def tower(n_in: int, config: GarConfig, *, generator: torch.Generator) -> nn.Sequential:
    """Batch norm, linear, batch norm, tanh, dropout, linear."""
    return nn.Sequential(
        nn.BatchNorm1d(n_in),
        linear(n_in, config.width, start="xavier_uniform", generator=generator),
        nn.BatchNorm1d(config.width),
        nn.Tanh(),
        GeneratorDropout(config.tower_dropout, generator=generator),
        linear(config.width, config.width, start="xavier_uniform", generator=generator),
    )


def resized(vectors: Tensor, size: float) -> Tensor:
    """Vectors times one number, so that their root mean square entry is ``size``; zeros stay."""
    return vectors * (size / vectors.square().mean().sqrt().clamp_min(1e-12))


def still(module: nn.Module, rows: Tensor) -> Tensor:
    """The module's answer with its parameters as constants; gradients pass to ``rows`` alone."""
    constants = {name: value.detach() for name, value in module.named_parameters()}
    answer: Tensor = functional_call(module, constants, (rows,))
    return answer


def fit(data: RivalInput, *, config: GarConfig = GarConfig(), on_epoch: OnEpoch | None = None) -> Factors:
    """Train generator and recommender in turns, one step each per batch.

    One Adam holds both sides: it leaves out parameters without a gradient, so each side keeps moments and
    step counts of its own.

    Args:
        data: Training set and vectors.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, width) and items (I, width), warm and cold alike from the towers.

    Source: Chen et al., "Generative Adversarial Framework for Cold-Start Item Recommendation" (SIGIR 2022),
        section 3; layers and weights from the authors' code. Two versions of it differ in the distance, a mean
        or a sum over the vector's numbers; here it is the sum, since the mean, d times weaker, holds nothing.
        Trained on the pairs that the vectors were fitted to, their second setting; the first keeps some apart.
    """
    model = Gar(data, config, generator=torch.Generator().manual_seed(data.seed))
    triples = triple_batches(data, config.batch_size, generator=np.random.default_rng(data.seed))

    def turns(epoch: int) -> Iterator[Turn]:
        for batch in triples(epoch):
            yield Turn(batch, of_generator=False)
            yield Turn(batch, of_generator=True)

    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    return train_rival(model, turns, optimizer, data=data, config=config, on_epoch=on_epoch)
