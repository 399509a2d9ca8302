"""From training pairs to embeddings: puts a model, its batches and the epoch loop together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from models.collaborative.bpr import BprModel, TripleBatches
from models.collaborative.config import BprConfig
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.graph import NormalisedAdjacency
from models.collaborative.label_noise import LabelNoise
from models.collaborative.lightgcn import LightGcn
from models.collaborative.mf import MatrixFactorisation
from models.collaborative.negative_sampling import NegativeSampler
from models.collaborative.ngcf import Ngcf
from models.collaborative.training_pairs import TrainingPairs
from models.retrieval import IndexArray
from models.training import EpochReport, OnEpoch, fitting_batch, train_epochs

Validate = Callable[[CollaborativeEmbeddings], float]


def fit_bpr(
    train: IndexArray,
    *,
    n_users: int,
    n_items: int,
    config: BprConfig,
    validate: Validate | None = None,
    on_epoch: OnEpoch | None = None,
    device: str = "cpu",
) -> CollaborativeEmbeddings:
    """Train embeddings of all users and of the items that occur in ``train``.

    Args:
        train: Training pairs (N, 2), int64: user_index, item_index; none twice.
        n_users: U; each user has at least one pair.
        n_items: I, all items, warm or not.
        config: Model and settings.
        validate: Judges embeddings, higher is better; decides when to stop and which epoch is kept. Without
            it all epochs are run and the last one is kept.
        on_epoch: Called after each epoch, those of a first matrix factorisation included: their numbers come
            first, and the others go on from there.
        device: Torch device of the training. Same seed, same bits on "cpu" only.

    Returns:
        The best epoch's embeddings.

    Raises:
        ValueError: If pairs are missing, repeated or out of range, a user has no pair or all warm items.
        FloatingPointError: If a loss is not finite.
    """
    tell = None if on_epoch is None else _numbered_on(on_epoch)
    first = None
    if config.tuned.start == "mf":
        first = _train(train, n_users, n_items, config.of_start(), validate, tell, device)
    return _train(train, n_users, n_items, config, validate, tell, device, first)


def _train(
    train: IndexArray,
    n_users: int,
    n_items: int,
    config: BprConfig,
    validate: Validate | None,
    on_epoch: OnEpoch | None,
    device: str,
    first: CollaborativeEmbeddings | None = None,
) -> CollaborativeEmbeddings:
    """One training, from ``first`` or from chance."""
    pairs = TrainingPairs.from_indices(train, n_users=n_users, n_items=n_items)
    model_seed, batch_seed, noise_seed = np.random.SeedSequence(config.seed).generate_state(3)
    batches = TripleBatches(
        pairs.positions,
        NegativeSampler(pairs.positions, n_users=n_users, n_items=len(pairs.warm_item_index)),
        batch_size=fitting_batch(config.batch_size, len(train)),
        negatives=config.negatives,
        generator=np.random.default_rng(int(batch_seed)),
        device=device,
    )
    model = _build(pairs, config, torch.Generator().manual_seed(int(model_seed)), device)
    if first is not None:
        model.start_from(first.users, first.warm_items)
    if config.noisy_labels != "ignored":
        model.learn_noise(
            LabelNoise(
                n_users,
                len(pairs.warm_item_index),
                d=config.noise_d,
                use=config.noisy_labels,
                generator=torch.Generator().manual_seed(int(noise_seed)),
            ),
            l2=config.noise_l2,
        )
    model = model.to(device)
    train_epochs(
        model,
        batches,
        torch.optim.Adam(model.parameters(), lr=config.tuned.learning_rate, fused=True),
        epochs=config.epochs,
        validate=None if validate is None else lambda: validate(_embeddings(model, pairs)),
        validate_every=config.tuned.validate_every,
        patience=None if validate is None else config.patience,
        on_epoch=on_epoch,
    )
    return _embeddings(model, pairs)


def _numbered_on(on_epoch: OnEpoch) -> OnEpoch:
    """Reports of several trainings, numbered as if they were one."""
    told = 0

    def tell(report: EpochReport) -> None:
        nonlocal told
        told += 1
        on_epoch(replace(report, epoch=told, epochs=report.epochs + told - report.epoch))

    return tell


def _build(pairs: TrainingPairs, config: BprConfig, generator: torch.Generator, device: str) -> BprModel:
    """The model that the settings name."""
    n_users, n_warm = pairs.n_users, len(pairs.warm_item_index)
    if config.model == "mf":
        return MatrixFactorisation(n_users, n_warm, d=config.d, l2=config.tuned.l2, generator=generator)
    graph = NormalisedAdjacency.from_pairs(pairs.positions, n_users=n_users, n_items=n_warm, device=device)
    if config.model == "lightgcn":
        return LightGcn(graph, layers=config.layers, d=config.d, l2=config.tuned.l2, generator=generator)
    return Ngcf(
        graph,
        layers=config.layers,
        d=config.d,
        l2=config.tuned.l2,
        dropout=config.message_dropout,
        generator=generator,
    )


def _embeddings(model: BprModel, pairs: TrainingPairs) -> CollaborativeEmbeddings:
    """The model's present tables as arrays of their own."""
    with torch.no_grad():
        users, items = (table.detach().cpu().numpy().copy() for table in model.tables())
    return CollaborativeEmbeddings(users, items, pairs.warm_item_index)
