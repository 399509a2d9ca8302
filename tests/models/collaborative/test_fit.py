"""Fitting: every setting matters, validation decides, and the real data are learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import fit_bpr
from models.training import EpochReport
from tests.contracts.collaborative import N_ITEMS, N_USERS, checkerboard
from tests.models.collaborative.worlds import small


def fit(**changes: Any) -> CollaborativeEmbeddings:
    """Embeddings of the checkerboard, few epochs; validation falls from the fourth epoch on."""
    count = iter([0.1, 0.2, 0.3, 0.4] + [0.0] * 100)
    usual = {"epochs": 7, "start": "random", "validate_every": 1, "patience": 2, "message_dropout": 0.1}
    settings = {**usual, **changes}
    return fit_bpr(
        checkerboard(),
        n_users=N_USERS,
        n_items=N_ITEMS,
        config=small(**settings),
        validate=lambda embeddings: next(count),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "lightgcn"},
        {"d": 5},
        {"learning_rate": 0.01},
        {"batch_size": 5},
        {"epochs": 2},
        {"validate_every": 2},
        {"l2": 0.5},
        {"l2": 0.0},
        {"negatives": 2},
        {"seed": 9},
        {"model": "ngcf", "message_dropout": 0.3},
        {"model": "ngcf", "layers": 1},
        {"model": "lightgcn", "layers": 1},
        {"noisy_labels": "weighted"},
        {"noisy_labels": "likelihood"},
        {"model": "lightgcn", "noisy_labels": "weighted"},
        {"noisy_labels": "likelihood", "noise_d": 3},
        {"noisy_labels": "likelihood", "noise_l2": 3.0},
    ],
)
def test_each_setting_matters(changes: dict[str, Any]) -> None:
    name = changes.get("model", "mf")
    base = fit(model=name) if len(changes) > 1 or "model" not in changes else fit()
    if "noise_d" in changes or "noise_l2" in changes:
        base = fit(noisy_labels=changes["noisy_labels"])
    changed = fit(**changes)
    assert base.users.shape != changed.users.shape or not np.array_equal(base.users, changed.users)


def test_patience_ends_the_training_and_the_best_epoch_is_kept() -> None:
    reports: list[EpochReport] = []
    judged: list[CollaborativeEmbeddings] = []

    def validate(embeddings: CollaborativeEmbeddings) -> float:
        judged.append(embeddings)
        return -abs(len(judged) - 2.0)  # the second is best

    found = fit_bpr(
        checkerboard(),
        n_users=N_USERS,
        n_items=N_ITEMS,
        config=small(epochs=30, validate_every=3, patience=2),
        validate=validate,
        on_epoch=reports.append,
    )
    assert [report.epoch for report in reports] == list(range(1, 13))
    np.testing.assert_array_equal(found.users, judged[1].users)
    np.testing.assert_array_equal(found.warm_items, judged[1].warm_items)


@pytest.mark.parametrize("model", ["lightgcn", "ngcf"])
def test_graph_models_start_from_the_rows_of_matrix_factorisation(model: str) -> None:
    reports: list[EpochReport] = []
    sizes = {"n_users": N_USERS, "n_items": N_ITEMS}
    config = small(model=model, epochs=3, learning_rate=1e-9, start="mf")  # so small that rows stay
    mf = fit_bpr(checkerboard(), config=config.of_start(), **sizes)
    found = fit_bpr(checkerboard(), config=config, on_epoch=reports.append, **sizes)
    by_hand = mf.users
    if model == "lightgcn":
        edges = np.zeros((N_USERS, len(mf.warm_items)))
        edges[checkerboard()[:, 0], np.searchsorted(mf.warm_item_index, checkerboard()[:, 1])] = 1
        edges /= np.sqrt(edges.sum(axis=1, keepdims=True) * edges.sum(axis=0, keepdims=True))
        by_hand = (mf.users + edges @ mf.warm_items + edges @ edges.T @ mf.users) / 3
    np.testing.assert_allclose(found.users[:, : mf.d], by_hand, atol=1e-5)
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5, 6]
    assert [report.epochs for report in reports] == [3, 3, 3, 6, 6, 6]


def test_without_validation_all_epochs_run() -> None:
    reports: list[EpochReport] = []
    fit_bpr(
        checkerboard(),
        n_users=N_USERS,
        n_items=N_ITEMS,
        config=small(epochs=5, patience=1),
        on_epoch=reports.append,
    )
    assert len(reports) == 5
    assert reports[-1].loss < reports[0].loss
    assert reports[-1].validation is None


@pytest.mark.real_data
def test_citeulike_a_few_epochs_bring_held_out_items_up(shared_data: Path) -> None:
    """A sign of life in seconds; the whole fit is judged where the report is."""
    folder = shared_data / "citeulike-a" / "split-seed42"
    train, truth = (
        np.loadtxt(folder / name, delimiter=",", skiprows=1, dtype=np.int64)
        for name in ("warm_train.csv", "warm_val.csv")
    )
    found = fit_bpr(
        train,
        n_users=5551,
        n_items=16980,
        config=small(d=64, epochs=6, batch_size=4096, learning_rate=0.01, l2=1e-4),
    )
    assert len(found.warm_item_index) == 13584
    position = np.searchsorted(found.warm_item_index, truth[:, 1])
    scores = found.users[truth[:, 0]] @ found.warm_items.T  # (n, W)
    rank = (scores > scores[np.arange(len(truth)), position][:, None]).sum(axis=1)
    assert np.median(rank) < 0.15 * 13584
