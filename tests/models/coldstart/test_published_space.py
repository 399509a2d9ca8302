from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.coldstart.config import ColdUpdateConfig
from models.coldstart.fold_in import FoldInConfig, fold_in_items
from models.coldstart.published_space import (
    Calibration,
    PublishedSpace,
    compose,
    place,
    spread,
    usual_cold_length,
    with_user_offsets,
)
from models.coldstart.top_users import TopUsers

N_USERS, N_WARM, D, T = 8, 6, 3, 2
NO_PAIRS = np.empty((0, 2), dtype=np.int64)
rng = np.random.default_rng(0)


def floats(*shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape).astype(np.float32)


ALONE = PublishedSpace.of_vectors(floats(N_USERS, D), floats(N_WARM, D), np.arange(N_WARM))
TEXT_USERS, TEXT_WARM = floats(N_USERS, T), floats(N_WARM, T + 1)
PSEUDO = TopUsers(np.array([[1, 4], [2, 7]]), np.log(np.array([[0.5, 0.2], [0.4, 0.3]], dtype=np.float32)))
TEXT_COLD = floats(2, T + 1)


def config(**changes: Any) -> ColdUpdateConfig:
    return ColdUpdateConfig(
        **({"users_per_item": 2, "text_weight": 2.0, "warm_text_weight": 0.5, "appeal": 1.0} | changes)
    )


def test_spread_is_the_deviation_of_each_users_scores() -> None:
    users, items = floats(5, 3), floats(40, 3)
    np.testing.assert_allclose(spread(users, items), (users @ items.T).std(axis=1, ddof=1), rtol=1e-5)
    assert spread(np.zeros((1, 3), dtype=np.float32), items).tolist() == [1.0]


def test_a_warm_score_is_both_parts_at_a_spread_of_one() -> None:
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=config())
    assert space.d == D + T + 2
    assert space.has_text
    score = space.users @ space.warm_items.T
    one, other = ALONE.users @ ALONE.warm_items.T, TEXT_USERS @ TEXT_WARM[:, :-1].T
    expected = one / one.std(axis=1, ddof=1, keepdims=True)
    expected += 0.5 * (other + TEXT_WARM[:, -1]) / other.std(axis=1, ddof=1, keepdims=True)
    np.testing.assert_allclose(score, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(space.collaborative_users, ALONE.users, rtol=1e-5)


def test_without_text_weight_the_space_stays_what_it_was() -> None:
    assert compose(ALONE, TEXT_USERS, TEXT_WARM, config=config(text_weight=0.0)) is ALONE
    placed = place(
        ALONE, PSEUDO, NO_PAIRS, text_items=np.zeros((2, 0), dtype=np.float32), config=config(text_weight=0.0)
    )
    expected = fold_in_items(ALONE.users, PSEUDO, real_pairs=NO_PAIRS, config=FoldInConfig(users_per_item=2))
    np.testing.assert_array_equal(placed, expected)


def test_a_cold_score_is_scaled_and_shifted_by_the_calibration() -> None:
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=config())
    space = replace(space, calibration=Calibration(collaborative=0.5, scale=3.0, offset=-1.5))
    placed = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config())
    rows = fold_in_items(
        space.collaborative_users, PSEUDO, real_pairs=NO_PAIRS, config=FoldInConfig(users_per_item=2)
    )
    one = space.users[:, :D] @ rows.T
    other = space.users[:, D : D + T + 1] @ TEXT_COLD.T
    np.testing.assert_allclose(
        space.users @ placed.T, 3 * (0.5 * one + 2 * other) - 1.5, rtol=1e-3, atol=1e-3
    )


def test_the_text_counts_what_the_space_says_where_the_settings_leave_it_open() -> None:
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=config())
    space = replace(space, calibration=Calibration(text=6.0))
    placed = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config(text_weight=None))
    fixed = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config(text_weight=1.0))
    np.testing.assert_allclose(placed[:, D : D + T + 1], 6 * TEXT_COLD, rtol=1e-5)
    np.testing.assert_allclose(fixed[:, D : D + T + 1], TEXT_COLD, rtol=1e-5)


@pytest.mark.parametrize(("readers", "cold"), [(0, 1.0), (1, 0.75), (3, 0.5)])
def test_an_item_with_readers_is_weighed_between_cold_and_warm(readers: int, cold: float) -> None:
    space = replace(
        compose(ALONE, TEXT_USERS, TEXT_WARM, config=config()), calibration=Calibration(1.0, 1.0, 8.0)
    )
    real = np.array([[0, user] for user in range(readers)], dtype=np.int64).reshape(-1, 2)
    placed = place(space, PSEUDO, real, text_items=TEXT_COLD, config=config(warm_at=3.0))
    assert placed[0, -1] == pytest.approx(8 * cold)
    np.testing.assert_allclose(
        placed[0, D : D + T + 1], (2 * cold + 0.5 * (1 - cold)) * TEXT_COLD[0], rtol=1e-5
    )
    assert placed[1, -1] == pytest.approx(8)


def test_a_users_offset_is_added_to_his_scores_of_cold_items_and_to_no_other() -> None:
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=config())
    without = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config())
    offsets = rng.standard_normal(N_USERS)
    moved = with_user_offsets(space, offsets)
    placed = place(moved, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config())
    np.testing.assert_allclose(
        moved.users @ placed.T - space.users @ without.T, np.tile(offsets[:, None], 2), atol=1e-4
    )
    np.testing.assert_array_equal(moved.users @ moved.warm_items.T, space.users @ space.warm_items.T)
    assert moved.calibration.offset == pytest.approx(np.sqrt(np.mean(offsets**2)))
    assert with_user_offsets(space, np.zeros(N_USERS)).users[:, -1].tolist() == [0.0] * N_USERS


def test_without_appeal_a_vector_tells_the_logit_alone() -> None:
    half, none = config(appeal=0.5), config(appeal=0.0)
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=none)
    assert not space.warm_items[:, -2].any()
    np.testing.assert_allclose(
        compose(ALONE, TEXT_USERS, TEXT_WARM, config=half).warm_items[:, -2],
        0.25 * TEXT_WARM[:, -1],
        rtol=1e-5,
    )
    placed = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=half)
    np.testing.assert_allclose(placed[:, -2], 2 * 0.5 * TEXT_COLD[:, -1], rtol=1e-5)
    assert not place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=none)[:, -2].any()


def test_the_papers_update_is_a_choice() -> None:
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=config())
    moved = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config(update="bpr"))
    folded = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config())
    assert np.abs(moved[:, :D] - folded[:, :D]).max() > 0.01
    np.testing.assert_array_equal(moved[:, D:], folded[:, D:])
    literal = ColdUpdateConfig.literal(seed=3)
    assert (literal.update, literal.compare_with, literal.text_weight) == ("bpr", "items", 0.0)
    assert (literal.users_per_item, literal.space, literal.seed) == (20, "bpr_embeddings", 3)


@pytest.mark.parametrize(
    ("wanted", "n_users", "used"),
    [(40, 5551, 40), (40, 320, 40), (40, 240, 30), (40, 160, 20), (40, 12, 12), (20, 60, 20), (3, 60, 3)],
)
def test_of_few_users_few_are_simulated(wanted: int, n_users: int, used: int) -> None:
    assert ColdUpdateConfig(users_per_item=wanted).users_among(n_users) == used


def test_it_rests_as_it_was(tmp_path: Path) -> None:
    space = compose(ALONE, TEXT_USERS, TEXT_WARM, config=config())
    space = replace(space, calibration=Calibration(0.1, 0.2, 0.3, 0.4), regulariser=0.7)
    space.save(tmp_path)
    loaded = PublishedSpace.load(tmp_path)
    for name in ("users", "warm_items", "warm_item_index", "user_scale"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(space, name))
    assert (loaded.collaborative_size, loaded.calibration) == (D, Calibration(0.1, 0.2, 0.3, 0.4))
    assert loaded.regulariser == 0.7


def test_items_are_folded_in_under_the_spaces_regulariser_unless_the_settings_have_one() -> None:
    tight = PublishedSpace.of_vectors(ALONE.users, ALONE.warm_items, ALONE.warm_item_index, regulariser=5.0)
    space = compose(tight, TEXT_USERS, TEXT_WARM, config=config())
    assert space.regulariser == 5.0
    found, told, other = (
        place(space, PSEUDO, NO_PAIRS, text_items=TEXT_COLD, config=config(fold_regulariser=given))
        for given in (None, 5.0, 0.05)
    )
    np.testing.assert_array_equal(found, told)
    assert not np.array_equal(found, other)


def test_vectors_of_another_layout_are_refused_with_the_way_out(tmp_path: Path) -> None:
    compose(ALONE, TEXT_USERS, TEXT_WARM, config=config()).save(tmp_path)
    path = tmp_path / "published_space.npz"
    with np.load(path) as arrays:
        older = {name: arrays[name] for name in arrays if name != "layout"}
    np.savez(path, **older)
    with pytest.raises(ValueError, match=r"layout 1, this version reads 3: retrain, .*promote --force"):
        PublishedSpace.load(tmp_path)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="equal width"):
        PublishedSpace.of_vectors(floats(2, 3), floats(2, 4), np.arange(2))
    with pytest.raises(ValueError, match="warm_item_index must be"):
        PublishedSpace.of_vectors(floats(2, 3), floats(2, 3), np.arange(3))
    with pytest.raises(ValueError, match=r"collaborative_size must be in 1\.\.3, got 4"):
        PublishedSpace(floats(2, 3), floats(2, 3), np.arange(2), 4, np.ones(2, dtype=np.float32))
    with pytest.raises(ValueError, match="update must be one of fold_in, bpr, got 'magic'"):
        config(update="magic")
    with pytest.raises(ValueError, match="warm_at must be above 0"):
        config(warm_at=0.0)


def test_a_cold_vectors_usual_length_is_a_warm_ones_weighed_as_a_cold_one() -> None:
    users, calibration = np.zeros((1, 5), dtype=np.float32), Calibration(0.5, scale=2.0, offset=4.0, text=6.0)
    warm = np.array(
        [[3, 0, 0, 0.5, 0]], dtype=np.float32
    )  # d = 1; text (0, 0) and appeal 1, at a weight of .5
    one = np.ones(1, dtype=np.float32)
    space = PublishedSpace(users, warm, np.arange(1), 1, one, calibration)
    # 2 * (3, 6 * 1) and 4: a cold item's collaborative part is brought to a warm one's spread
    assert usual_cold_length(space, config(text_weight=None)) == pytest.approx(np.sqrt(6**2 + 12**2 + 4**2))
    assert usual_cold_length(space, config(text_weight=1.0)) == pytest.approx(np.sqrt(6**2 + 2**2 + 4**2))
    untold = replace(space, warm_items=np.array([[3, 0, 0, 0, 0]], dtype=np.float32))
    without = config(text_weight=1.0, warm_text_weight=0.0)
    assert usual_cold_length(untold, without) == pytest.approx(np.sqrt(6**2 + 4**2))
    assert usual_cold_length(PublishedSpace.of_vectors(warm, warm, np.arange(1)), config()) == pytest.approx(
        np.linalg.norm(warm)
    )


def test_a_placed_vector_of_a_warm_items_text_and_vector_has_that_length() -> None:
    space = replace(
        compose(ALONE, TEXT_USERS, TEXT_WARM, config=config()),
        calibration=Calibration(collaborative=1.0, scale=20.0, offset=3.0),
    )
    placed = place(space, PSEUDO, NO_PAIRS, text_items=TEXT_WARM[:2], config=config())
    own = ALONE.warm_items[:2] * space.calibration.scale  # in place of what was folded in
    lengths = np.linalg.norm(np.concatenate([own, placed[:, D:]], axis=1), axis=1)
    alike = replace(space, warm_items=space.warm_items[:2], warm_item_index=np.arange(2))
    assert usual_cold_length(alike, config()) == pytest.approx(float(np.median(lengths)), rel=1e-5)
