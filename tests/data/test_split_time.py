"""The split by time on ten events, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import InputError
from data.split import ItemRole
from data.split_time import time_split

# user, item, time. With quantiles (0.6, 0.8): t1 is the 7th time (60), t2 the 9th (80).
EVENTS = [
    (0, 0, 10),
    (1, 0, 20),
    (0, 1, 30),
    (1, 1, 40),
    (2, 0, 50),
    (2, 1, 55),
    (0, 2, 60),  # item 2 first seen in [t1, t2): validation
    (3, 0, 70),  # warm validation, but user 3 never trained
    (1, 3, 80),  # item 3 first seen at t2: test
    (1, 2, 90),  # a late event of a validation item stays with its item
]
PAIRS = np.array([event[:2] for event in EVENTS])
TIMES = np.array([event[2] for event in EVENTS])


def test_ten_events_by_hand() -> None:
    split = time_split(PAIRS, TIMES, n_items=5, quantiles=(0.6, 0.8))
    assert split.train.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1], [2, 0], [2, 1]]
    assert split.validation.cold.tolist() == [[0, 2], [1, 2]]
    assert split.test.cold.tolist() == [[1, 3]]
    assert len(split.validation.warm) == 0
    assert split.dropped["pairs_of_users_outside_vocabulary"] == 1
    assert split.item_role.tolist() == [
        ItemRole.WARM,
        ItemRole.WARM,
        ItemRole.COLD_VALIDATION,
        ItemRole.COLD_TEST,
        ItemRole.WITHOUT_INTERACTIONS,
    ]


def test_the_past_alone_trains() -> None:
    generator = np.random.default_rng(0)
    pairs = np.unique(generator.integers(0, 60, size=(3000, 2)), axis=0)
    arrival = generator.integers(1, 100_000, size=60)
    times = arrival[pairs[:, 1]] + generator.integers(0, 5_000, size=len(pairs))
    split = time_split(pairs, times, n_items=60)
    time_of = {tuple(pair): time for pair, time in zip(pairs.tolist(), times.tolist(), strict=True)}
    newest_training = max(time_of[tuple(pair)] for pair in split.train.tolist())
    held_out = np.concatenate(
        [split.validation.warm, split.validation.cold, split.test.warm, split.test.cold]
    )
    assert newest_training < min(time_of[tuple(pair)] for pair in held_out.tolist())


def test_unknown_times_are_refused() -> None:
    times = TIMES.copy()
    times[3] = 0
    with pytest.raises(InputError, match="got 1 of 10 without; import times, or use the live protocol"):
        time_split(PAIRS, times, n_items=5)


def test_one_time_for_all_leaves_no_training() -> None:
    with pytest.raises(InputError, match="no warm items"):
        time_split(PAIRS, np.full(10, 7), n_items=5)


@pytest.mark.parametrize("quantiles", [(0.9, 0.8), (0.0, 0.5), (0.5, 1.0)])
def test_quantiles_out_of_order_are_refused(quantiles: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="0 < first < second < 1"):
        time_split(PAIRS, TIMES, n_items=5, quantiles=quantiles)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"times must have shape \(10,\)"):
        time_split(PAIRS, TIMES[:3], n_items=5)
