"""Split: what it checks, and the two rules every protocol shares; answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import InputError
from data.split import HeldOut, ItemRole, PairPart, Split, require_usable, settled_split, with_cold_parts

W, V, T, N = (ItemRole.WARM, ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST, ItemRole.WITHOUT_INTERACTIONS)
# Items 0, 1 warm, 2 held out for validation, 3 for test, 4 without interactions.
ROLE = np.array([W, W, V, T, N], dtype=np.int8)
PAIRS = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 2], [1, 3], [2, 3]])
PARTS = np.array(
    [
        PairPart.TRAIN,
        PairPart.WARM_VALIDATION,
        PairPart.TRAIN,
        PairPart.TRAIN,
        PairPart.COLD_VALIDATION,
        PairPart.COLD_TEST,
        PairPart.COLD_TEST,
    ],
    dtype=np.int8,
)


def test_pairs_of_a_user_without_training_pair_are_dropped_and_counted() -> None:
    split = settled_split("live", PAIRS, parts=PARTS, item_role=ROLE)
    assert split.train.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert split.validation.warm.tolist() == [[0, 1]]
    assert split.validation.cold.tolist() == [[0, 2]]
    assert split.test.cold.tolist() == [[1, 3]]  # user 2 has no training pair
    assert split.dropped == {"pairs_of_untrained_items": 0, "pairs_of_users_outside_vocabulary": 1}
    assert split.warm_items.tolist() == [0, 1]
    assert split.items_with_role(V, T).tolist() == [2, 3]


def test_a_warm_candidate_without_training_pair_becomes_untrained() -> None:
    parts = PARTS.copy()
    parts[3] = PairPart.WARM_TEST  # item 1 keeps held-out pairs only
    split = settled_split("live", PAIRS, parts=parts, item_role=ROLE)
    assert split.item_role[1] == ItemRole.UNTRAINED
    assert split.dropped["pairs_of_untrained_items"] == 2
    assert len(split.validation.warm) == len(split.test.warm) == 0


def test_parts_and_pairs_come_back_in_one_order() -> None:
    split = settled_split("live", PAIRS, parts=PARTS, item_role=ROLE)
    again = Split.from_parts("live", split.pairs, parts=split.parts, item_role=split.item_role)
    assert again.pairs.tolist() == split.pairs.tolist()
    assert again.parts.tolist() == split.parts.tolist() == [0, 0, 0, 1, 3, 4]


def test_keys_order_pairs_by_user_then_item() -> None:
    split = settled_split("live", PAIRS, parts=PARTS, item_role=ROLE)
    assert split.n_pairs == len(split.pairs) == 6
    assert split.keys.tolist() == [5 * user + item for user, item in split.pairs.tolist()]
    assert {part.name: len(pairs) for part, pairs in split.by_part().items()} == {
        "TRAIN": 3,
        "WARM_VALIDATION": 1,
        "WARM_TEST": 0,
        "COLD_VALIDATION": 1,
        "COLD_TEST": 1,
    }


def test_pairs_of_held_out_items_go_to_their_items_phase() -> None:
    late = np.full(len(PAIRS), PairPart.WARM_TEST, dtype=np.int8)
    parts = with_cold_parts(late, PAIRS, item_role=ROLE)
    assert parts.tolist() == [2, 2, 2, 2, PairPart.COLD_VALIDATION, PairPart.COLD_TEST, PairPart.COLD_TEST]
    assert late.tolist() == [PairPart.WARM_TEST] * 7  # the argument stays as it was


def test_overall_is_warm_and_cold_of_the_users_who_have_both() -> None:
    held_out = HeldOut(warm=np.array([[0, 1], [2, 1]]), cold=np.array([[0, 5], [3, 5], [0, 6]]))
    assert held_out.overall.tolist() == [[0, 1], [0, 5], [0, 6]]


def test_a_test_pair_planted_in_training_is_found() -> None:
    split = settled_split("live", PAIRS, parts=PARTS, item_role=ROLE)
    planted = np.concatenate([split.train, split.validation.warm[:1]])
    with pytest.raises(
        ValueError, match=r"1 overlapping pairs, first .* \[0, 1\] in TRAIN and WARM_VALIDATION"
    ):
        Split("live", planted, split.validation, split.test, split.item_role)


def test_a_pair_of_a_held_out_item_planted_in_training_is_found() -> None:
    split = settled_split("live", PAIRS, parts=PARTS, item_role=ROLE)
    planted = np.concatenate([split.train, [[0, 3]]])
    with pytest.raises(ValueError, match=r"TRAIN pairs must be of WARM items, got 1 others.*\[\[0, 3\]\]"):
        Split("live", planted, split.validation, split.test, split.item_role)


def test_an_item_out_of_range_is_refused() -> None:
    split = settled_split("live", PAIRS, parts=PARTS, item_role=ROLE)
    with pytest.raises(ValueError, match=r"items in \[0, 5\).*up to 9"):
        Split("live", np.array([[0, 9]]), split.validation, split.test, split.item_role)


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        (PairPart.TRAIN, "no warm items"),
        (PairPart.COLD_VALIDATION, "no held-out items with interactions for validation"),
        (PairPart.COLD_TEST, "no held-out items with interactions for test"),
    ],
)
def test_a_split_of_no_use_is_refused(hidden: PairPart, message: str) -> None:
    kept = hidden != PARTS
    with pytest.raises(InputError, match=message):
        settled_split("live", PAIRS[kept], parts=PARTS[kept], item_role=ROLE)


def test_the_way_out_belongs_to_the_protocol() -> None:
    none = np.empty((0, 2), dtype=np.int64)
    empty = HeldOut(none, none)
    for protocol, way_out in (("live", "holdout fraction"), ("files", "folder"), ("time", "quantiles")):
        with pytest.raises(InputError, match=way_out):
            require_usable(Split(protocol, none, empty, empty, ROLE))  # type: ignore[arg-type]
