"""GoRec: a conditional autoencoder learns how collaborative vectors vary given the content, and draws new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn

from models.baselines.array_types import Indices, Matrix
from models.baselines.factors import Factors
from models.baselines.layers import GeneratorDropout, linear
from models.baselines.rival import RivalInput
from models.baselines.rival_config import Count, PartShare, Positive, RivalConfig, Weight
from models.baselines.rival_training import RivalModel, train_rival
from models.baselines.warm_pairs import shuffled_batches
from models.training import OnEpoch


@dataclass(frozen=True)
class GoRecConfig(RivalConfig):
    """Settings; weights and clusters are the defaults of the authors' code, widths are ours.

    Attributes:
        hidden: Width of encoder and decoder.
        latent: Numbers of the code.
        clusters: Groups of warm items; more than W means W.
        uniformity_weight: Weight of the logarithm of how near codes lie.
        divergence_weight: Weight of the divergence between the code from content and the whole code, averaged
            over coordinates.
        dropout: Share of the inputs dropped in training.
        learning_rate: Adam's.
        batch_size: Items per step, at most.
        epochs: Passes over the warm items, at most.
    """

    hidden: Count = 256
    latent: Count = 64
    clusters: Count = 50
    uniformity_weight: Weight = 5.0
    divergence_weight: Weight = 10.0
    dropout: PartShare = 0.0
    learning_rate: Positive = 1e-3
    batch_size: Count = 256
    epochs: Count = 500
    patience: Count | None = 20

    @classmethod
    def tuned(cls) -> GoRecConfig:
        """Weights chosen on CiteULike's cold validation items."""
        return cls(uniformity_weight=0.1, divergence_weight=1000.0)


class GoRec(RivalModel):
    """Encoder of [content ; vector], a second code from the content alone, and a decoder of [content ; code].

    Args:
        data: Training set with collaborative vectors.
        config: Settings.
        generator: Draws the initial values, the codes' noise and the dropout.
    """

    def __init__(self, data: RivalInput, config: GoRecConfig, *, generator: torch.Generator) -> None:
        super().__init__(data)
        self.config = config
        self.generator = generator
        self.guessed = torch.from_numpy(cluster_means(data, self.texts.numpy(), clusters=config.clusters))
        h, d = self.texts.shape[1], self.items.shape[1]

        def layer(n_in: int, n_out: int) -> nn.Linear:
            return linear(n_in, n_out, start="xavier_uniform", generator=generator)

        def block(n_in: int) -> nn.Sequential:
            return nn.Sequential(
                GeneratorDropout(config.dropout, generator=generator),
                layer(n_in, config.hidden),
                nn.BatchNorm1d(config.hidden),
                nn.Tanh(),
            )

        self.encoder = block(h + d)
        self.mean, self.log_variance = (layer(config.hidden, config.latent) for _ in range(2))
        self.text_mean, self.text_log_variance = (layer(h, config.latent) for _ in range(2))
        self.decoder = nn.Sequential(
            *block(h + config.latent), layer(config.hidden, config.hidden), layer(config.hidden, d)
        )

    def encoded(self, texts: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the code, texts (B, H), vectors (B, D); (B, latent) each."""
        hidden = self.encoder(torch.cat((texts, vectors), dim=1))
        return self.mean(hidden), self.log_variance(hidden)

    def loss(self, batch: Tensor) -> Tensor:
        """Error of the rebuilt vectors, nearness of the codes, and divergence of both codes.

        Args:
            batch: Warm items by position, shape (B,), int64.

        Returns:
            Scalar.
        """
        texts, vectors = self.warm_texts[batch], self.items[batch]
        mean, log_variance = self.encoded(texts, vectors)
        code = self._drawn(mean, log_variance)
        text_code = self._drawn(self.text_mean(texts), self.text_log_variance(texts))
        rebuilt = self.decoder(torch.cat((texts, code), dim=1))
        error = (rebuilt - vectors).square().mean()
        return (
            error
            + self.config.uniformity_weight * uniformity(mean)
            + self.config.divergence_weight * divergence(text_code, code)
        )

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Users as given; every item is rebuilt from its text and its cluster's mean, without noise."""
        code, _ = self.encoded(self.texts, self.guessed)
        return self.users, self.decoder(torch.cat((self.texts, code), dim=1))

    def _drawn(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """One draw of each normal code (B, latent)."""
        noise = torch.randn(mean.shape, generator=self.generator)
        return mean + (log_variance / 2).exp() * noise


def uniformity(codes: Tensor) -> Tensor:
    """Logarithm of the mean of exp(-2 d^2) over pairs of directions; lower is more even on the sphere.

    Args:
        codes: Shape (B, latent), B >= 2.

    Returns:
        Scalar, in [-8, 0].

    Source: Wang and Isola (ICML 2020), with t = 2.
    """
    distances = torch.pdist(nn.functional.normalize(codes, dim=1)).square()
    return (-2 * distances).exp().mean().log()


def divergence(text_codes: Tensor, codes: Tensor) -> Tensor:
    """KL(softmax(text code) || softmax(code)), averaged over items and coordinates.

    Args:
        text_codes: From the content alone, shape (B, latent).
        codes: Of content and vector, shape (B, latent).

    Returns:
        Mean over all entries of p (ln p - ln q), p from ``text_codes`` and q from ``codes``; scalar, >= 0.
    """
    log_share = text_codes.log_softmax(dim=1)
    return (log_share.exp() * (log_share - codes.log_softmax(dim=1))).mean()


def cluster_means(data: RivalInput, texts: Matrix, *, clusters: int) -> Matrix:
    """For each item the mean collaborative vector of its cluster.

    Warm items are clustered by their vectors; any other item joins the cluster whose members' mean text is
    nearest to its own.

    Args:
        data: Training set with collaborative vectors.
        texts: Text directions, shape (I, H), float32.
        clusters: Wanted; more than W means W.

    Returns:
        Shape (I, D), float32.
    """
    count = min(clusters, len(data.warm_items))
    found = KMeans(n_clusters=count, n_init=1, random_state=data.seed).fit(data.warm_vectors)
    labels: Indices = found.labels_.astype(np.int64)
    members = np.maximum(np.bincount(labels, minlength=count), 1)[:, None]
    vectors, centres = np.zeros((count, data.warm_vectors.shape[1])), np.zeros((count, texts.shape[1]))
    np.add.at(vectors, labels, data.warm_vectors)
    np.add.at(centres, labels, texts[data.warm_items])
    vectors, centres = vectors / members, centres / members
    # nearest by distance: |c|^2 - 2 t.c, the text's own length is the same for all
    nearest = ((centres**2).sum(axis=1) - 2 * texts @ centres.T).argmin(axis=1)  # (I,)
    nearest[data.warm_items] = labels
    return vectors[nearest].astype(np.float32)


def fit(data: RivalInput, *, config: GoRecConfig = GoRecConfig(), on_epoch: OnEpoch | None = None) -> Factors:
    """Train the autoencoder on the warm items' vectors and rebuild those of all items.

    Args:
        data: Training set with collaborative vectors.
        config: Settings.
        on_epoch: Called after each epoch.

    Returns:
        Users (U, D) as given and items (I, D), all rebuilt: warm rankings are not the collaborative model's.

    Source: Bai et al., "GoRec: A Generative Cold-start Recommendation Framework" (MM 2023). The divergence is
        taken between the softmaxes of both codes; the clusters' making is ours.
    """
    model = GoRec(data, config, generator=torch.Generator().manual_seed(data.seed))
    draws = np.random.default_rng(data.seed)

    def batches(epoch: int) -> Iterator[Tensor]:
        for rows in shuffled_batches(len(data.warm_items), config.batch_size, generator=draws):
            yield torch.from_numpy(rows)

    return train_rival(
        model,
        batches,
        torch.optim.Adam(model.parameters(), lr=config.learning_rate),
        data=data,
        config=config,
        on_epoch=on_epoch,
    )
