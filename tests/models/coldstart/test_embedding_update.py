"""Cold rows move as by hand, alone, and within the warm norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.coldstart import embedding_update
from models.coldstart.config import ColdUpdateConfig, Comparison
from models.coldstart.embedding_update import place_items
from models.coldstart.top_users import TopUsers

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)
N_USERS, N_WARM, N_COLD, WIDTH, KEPT = 40, 25, 12, 6, 8


def world(seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32], TopUsers]:
    """Two tastes: even users and items on one side, odd ones on the other; cold items likewise."""
    rng = np.random.default_rng(seed)
    side = np.zeros(WIDTH, dtype=np.float32)
    side[0] = 2
    users = rng.normal(0, 0.3, (N_USERS, WIDTH)).astype(np.float32)
    warm = rng.normal(0, 0.3, (N_WARM, WIDTH)).astype(np.float32)
    users += np.where(np.arange(N_USERS)[:, None] % 2 == 0, side, -side)
    warm += np.where(np.arange(N_WARM)[:, None] % 2 == 0, side, -side)
    kept = np.stack([rng.permutation(N_USERS // 2)[:KEPT] * 2 + item % 2 for item in range(N_COLD)])
    shares = np.sort(rng.random((N_COLD, KEPT)), axis=1)[:, ::-1]
    logs = np.log(0.9 * shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return users, warm, TopUsers(kept, logs)


def place(real_pairs: NDArray[np.int64] = NO_PAIRS, **changes: Any) -> NDArray[np.float32]:
    users, warm, pseudo = world()
    return place_items(users, warm, pseudo, real_pairs, ColdUpdateConfig(**{"users_per_item": 5, **changes}))


def test_without_steps_the_weighted_mean_at_the_median_warm_norm() -> None:
    users, warm, pseudo = world()
    expected = (np.exp(pseudo.log_probabilities[0, :5, None]) * users[pseudo.users[0, :5]]).sum(axis=0)
    expected *= np.median(np.linalg.norm(warm, axis=1)) / np.linalg.norm(expected)
    np.testing.assert_allclose(place(steps=0)[0], expected, rtol=1e-5)


@pytest.mark.parametrize("compare_with", ["items", "users", "both"])
def test_one_step_equals_the_step_by_hand(compare_with: Comparison) -> None:
    users, warm, pseudo = world()
    config = ColdUpdateConfig(
        users_per_item=5,
        steps=1,
        negatives=9,
        learning_rate=0.3,
        l2=0.2,
        norm_quantile=1.0,
        compare_with=compare_with,
    )
    unit = np.median(np.linalg.norm(warm, axis=1))
    start = place(steps=0)
    generator = np.random.default_rng(config.seed)
    items = warm[generator.integers(0, N_WARM, 9)]
    drawn = generator.integers(0, N_USERS, 9)
    rate = config.learning_rate * unit / np.median(np.linalg.norm(users, axis=1))
    found = place_items(users, warm, pseudo, NO_PAIRS, config)
    for item in range(N_COLD):
        mine = pseudo.users[item, :5]
        chosen = users[mine]  # (5, D)
        gradient = 2 * 0.2 / unit**2 * start[item]
        if compare_with != "users":
            margin = (chosen @ start[item])[:, None] - chosen @ items.T  # (5, 9)
            pull = (1 / (1 + np.exp(margin))).mean(axis=1)
            gradient = gradient - (pull[:, None] * chosen).mean(axis=0)
        if compare_with != "items":
            differences = chosen[:, None] - users[[user for user in drawn if user not in mine]]  # (5, s, D)
            pull = 1 / (1 + np.exp(differences @ start[item]))
            gradient = gradient - (pull[:, :, None] * differences).mean(axis=(0, 1))
        moved = start[item] - rate * gradient
        moved *= min(1, np.linalg.norm(warm, axis=1).max() / np.linalg.norm(moved))
        np.testing.assert_allclose(found[item], moved, rtol=1e-3, atol=1e-4)


def test_an_item_that_everybody_chose_has_nobody_to_be_compared_with() -> None:
    users, warm, _ = world()
    everybody = np.stack((np.zeros(N_USERS, np.int64), np.arange(N_USERS)), axis=1)
    moved, start = (
        place_items(users, warm, None, everybody, ColdUpdateConfig(steps=steps)) for steps in (5, 0)
    )
    np.testing.assert_allclose(moved, start, rtol=1e-6)


def test_users_and_warm_items_stay_bitwise_equal() -> None:
    users, warm, pseudo = world()
    before = users.tobytes(), warm.tobytes(), pseudo.users.tobytes()
    place_items(users, warm, pseudo, np.array([[0, 3]]), ColdUpdateConfig(users_per_item=5))
    assert (users.tobytes(), warm.tobytes(), pseudo.users.tobytes()) == before


def test_cold_items_are_ranked_high_by_their_own_side() -> None:
    users, _, _ = world()
    scores = users @ place().T  # (U, C)
    same = np.arange(N_USERS)[:, None] % 2 == np.arange(N_COLD) % 2
    assert scores[same].min() > scores[~same].max()


def test_the_loss_falls() -> None:
    users, warm, pseudo = world()

    def loss(rows: NDArray[np.float32]) -> float:
        chosen = users[pseudo.users[:, :5]]  # (C, 5, D)
        margin = (chosen * rows[:, None]).sum(axis=2)[:, :, None] - chosen @ warm.T
        return float(np.log1p(np.exp(-margin)).mean())

    moved = place(compare_with="items", learning_rate=0.2)
    assert loss(moved) < loss(place(steps=0))


def test_norms_stay_within_the_warm_ones() -> None:
    _, warm, _ = world()
    norms = np.linalg.norm(place(steps=200, l2=0.0), axis=1)
    limit = np.quantile(np.linalg.norm(warm, axis=1), 0.95)
    assert norms.max() <= limit * (1 + 1e-5)
    assert norms.min() > 0.1 * limit


def test_an_item_does_not_depend_on_its_company(monkeypatch: pytest.MonkeyPatch) -> None:
    users, warm, pseudo = world()
    config = ColdUpdateConfig(users_per_item=5)
    whole = place()
    alone = place_items(
        users, warm, TopUsers(pseudo.users[3:4], pseudo.log_probabilities[3:4]), NO_PAIRS, config
    )
    np.testing.assert_allclose(alone[0], whole[3], rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(embedding_update, "NUMBERS_PER_BLOCK", 2 * 5 * WIDTH)
    np.testing.assert_allclose(place(), whole, rtol=1e-4, atol=1e-5)


def test_permuting_users_permutes_nothing_else() -> None:
    users, warm, pseudo = world()
    order = np.random.default_rng(1).permutation(N_USERS)
    moved_users = np.empty_like(users)
    moved_users[order] = users
    moved = TopUsers(order[pseudo.users], pseudo.log_probabilities)
    config = ColdUpdateConfig(users_per_item=5, compare_with="items")
    np.testing.assert_allclose(
        place_items(moved_users, warm, moved, NO_PAIRS, config),
        place(compare_with="items"),
        rtol=1e-3,
        atol=1e-4,
    )


def test_same_seed_same_bits() -> None:
    np.testing.assert_array_equal(place(draw="sampled"), place(draw="sampled"))


def test_real_users_pull_and_suffice() -> None:
    users, warm, _ = world()
    real = np.array([[item, user] for item in range(4) for user in range(item % 2, N_USERS, 4)])
    held_out = place_items(users, warm, None, real, ColdUpdateConfig())
    assert held_out.shape == (4, WIDTH)
    odd_users = np.arange(1, N_USERS, 2)
    pulled = place(np.stack((np.zeros_like(odd_users), odd_users), axis=1))
    assert (users[odd_users] @ pulled[0]).mean() > (users[odd_users] @ place()[0]).mean()
    np.testing.assert_allclose(pulled[1:], place()[1:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"users_per_item": 3},
        {"draw": "sampled"},
        {"compare_with": "items"},
        {"compare_with": "both"},
        {"pseudo_weight": 0.2},
        {"steps": 3},
        {"learning_rate": 0.02},
        {"l2": 1.0},
        {"negatives": 2},
        {"norm_quantile": 0.1},
        {"seed": 1},
    ],
)
def test_each_setting_matters(changes: dict[str, Any]) -> None:
    real = np.array([[0, 1], [0, 3]])
    assert not np.array_equal(place(real), place(real, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users_per_item": 0}, "users_per_item must be at least 1"),
        ({"draw": "best"}, "draw must be one of top, sampled, got 'best'"),
        ({"compare_with": "all"}, "compare_with must be one of users, items, both, got 'all'"),
        ({"pseudo_weight": 0.0}, "pseudo_weight must be above 0"),
        ({"steps": -1}, "steps must be at least 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"l2": -1.0}, "l2 must be at least 0"),
        ({"negatives": 0}, "negatives must be at least 1"),
        ({"norm_quantile": 0.0}, r"norm_quantile must be in \(0, 1\]"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ColdUpdateConfig(**changes)


def test_tables_that_do_not_fit_are_refused() -> None:
    users, warm, pseudo = world()
    config = ColdUpdateConfig(users_per_item=5)
    with pytest.raises(ValueError, match="equal width"):
        place_items(users, warm[:, :2], pseudo, NO_PAIRS, config)
    with pytest.raises(ValueError, match="at least one row"):
        place_items(users, warm[:0], pseudo, NO_PAIRS, config)
    with pytest.raises(ValueError, match="must be finite"):
        place_items(users * np.float32(np.nan), warm, pseudo, NO_PAIRS, config)
    with pytest.raises(ValueError, match="users_per_item is 40, but only 8"):
        place_items(users, warm, pseudo, NO_PAIRS, ColdUpdateConfig())
