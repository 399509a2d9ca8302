"""iALS: the contract, its objective, and every setting."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.coldstart.fold_in import USUAL_REGULARISER
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.ials import IalsConfig, fit_ials, highest
from models.training import EpochReport
from tests.contracts.collaborative import N_ITEMS, N_USERS, CollaborativeContract, checkerboard


class TestIals(CollaborativeContract):
    def fit(
        self, train: NDArray[np.int64], *, n_users: int, n_items: int, seed: int
    ) -> CollaborativeEmbeddings:
        return fit_ials(train, n_users=n_users, n_items=n_items, config=IalsConfig(d=6, sweeps=8, seed=seed))


def objective(found: CollaborativeEmbeddings, config: IalsConfig) -> float:
    """What iALS minimises, from dense tables."""
    liked = np.zeros((N_USERS, N_ITEMS))
    liked[tuple(checkerboard().T)] = 1
    scores = found.users.astype(float) @ found.warm_items.T.astype(float)
    fit = (liked * (1 - scores) ** 2).sum() + config.unobserved_weight * (scores**2).sum()
    for rows, degrees, others in (
        (found.users, liked.sum(1), N_ITEMS),
        (found.warm_items, liked.sum(0), N_USERS),
    ):
        ridge = found.regulariser * (degrees + config.unobserved_weight * others) ** config.regulariser_power
        fit += (ridge * np.square(rows.astype(float)).sum(axis=1)).sum()
    return float(fit)


def test_every_sweep_lowers_the_objective() -> None:
    config = IalsConfig(d=6, sweeps=6, regulariser=0.05)
    values: list[float] = []

    def validate(embeddings: CollaborativeEmbeddings) -> float:
        values.append(objective(embeddings, config))
        return -values[-1]

    fit_ials(checkerboard(), n_users=N_USERS, n_items=N_ITEMS, config=config, validate=validate)
    assert len(values) == 6
    assert all(later <= earlier + 1e-4 for earlier, later in itertools.pairwise(values))


def test_the_best_sweep_is_kept_and_each_is_reported() -> None:
    judged: list[CollaborativeEmbeddings] = []
    reports: list[EpochReport] = []

    def validate(embeddings: CollaborativeEmbeddings) -> float:
        judged.append(embeddings)
        return [0.1, 0.3, 0.2][len(judged) - 1]

    config = IalsConfig(d=4, sweeps=3, regulariser=0.05)
    found = fit_ials(
        checkerboard(),
        n_users=N_USERS,
        n_items=N_ITEMS,
        config=config,
        validate=validate,
        on_epoch=reports.append,
    )
    np.testing.assert_array_equal(found.users, judged[1].users)
    assert [(report.epoch, report.validation) for report in reports] == [(1, 0.1), (2, 0.3), (3, 0.2)]


@pytest.mark.parametrize(
    "changes",
    [
        {"d": 5},
        {"unobserved_weight": 0.1},
        {"regulariser": 0.5},
        {"regulariser_power": 1.0},
        {"sweeps": 2},
        {"seed": 9},
    ],
)
def test_each_setting_matters(changes: dict[str, Any]) -> None:
    base, changed = (
        fit_ials(checkerboard(), n_users=N_USERS, n_items=N_ITEMS, config=IalsConfig(**settings))
        for settings in ({"d": 4, "sweeps": 3}, {"d": 4, "sweeps": 3, **changes})
    )
    assert base.users.shape != changed.users.shape or not np.array_equal(base.users, changed.users)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d": 0}, "d must be at least 1"),
        ({"sweeps": 0}, "sweeps must be at least 1"),
        ({"unobserved_weight": 0.0}, "unobserved_weight must be above 0"),
        ({"regulariser": 0.0}, "regulariser must be above 0"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IalsConfig(**changes)


def choosing(best: float, **changes: Any) -> tuple[CollaborativeEmbeddings, list[float]]:
    """A fit with the regulariser left open under a judge who likes one of them, and which he was shown."""
    seen: list[float] = []

    def validate(embeddings: CollaborativeEmbeddings) -> float:
        seen.append(embeddings.regulariser)
        return -abs(np.log(embeddings.regulariser / best))

    config = IalsConfig(d=4, sweeps=4)
    found = fit_ials(
        checkerboard(), n_users=N_USERS, n_items=N_ITEMS, config=config, validate=validate, **changes
    )
    return found, seen


@pytest.mark.parametrize(
    ("best", "judged"),
    [
        (0.05, [0.05, 0.15, 0.015]),
        (0.5, [0.05, 0.15, 0.5, 1.5]),
        (5.0, [0.05, 0.15, 0.5, 1.5, 5.0]),
        (0.005, [0.05, 0.15, 0.015, 0.005]),
    ],
)
def test_a_regulariser_left_open_is_climbed_to_on_validation(best: float, judged: list[float]) -> None:
    found, seen = choosing(best)
    assert found.regulariser == best
    assert seen == judged + [best] * 4  # then the fit itself, sweep by sweep
    fixed = IalsConfig(d=4, sweeps=1, regulariser=best)
    again = fit_ials(checkerboard(), n_users=N_USERS, n_items=N_ITEMS, config=fixed)
    # the trials leave no trace, and of equal sweeps the first is kept
    np.testing.assert_array_equal(found.users, again.users)


def test_without_a_judge_it_is_the_usual_one_and_a_start_has_its_own() -> None:
    config = IalsConfig(d=4, sweeps=2)
    assert (
        fit_ials(checkerboard(), n_users=N_USERS, n_items=N_ITEMS, config=config).regulariser
        == USUAL_REGULARISER
    )
    start = fit_ials(
        checkerboard(), n_users=N_USERS, n_items=N_ITEMS, config=IalsConfig(d=4, regulariser=0.3)
    )
    found, seen = choosing(5.0, start=start)
    assert found.regulariser == 0.3
    assert set(seen) == {0.3}


def test_the_climb_stops_at_the_first_step_that_is_not_better() -> None:
    values = {1.0: 0.2, 2.0: 0.2, 3.0: 0.9, 0.5: 0.3, 0.25: 0.1}
    steps = (0.25, 0.5, 1.0, 2.0, 3.0)
    assert highest(steps, values.__getitem__, start=2) == 0.5
