from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from data.store.store import Store
from tests.data.store.worlds import dataset, small


def test_tokens_are_appended_and_never_renumbered(store: Store) -> None:
    store.import_dataset(small())
    assert store.assign_tokens(np.array([3, 1])).tolist() == [0, 1]
    assert store.assign_tokens(np.array([1, 2, 3])).tolist() == [1, 2, 0]
    store.import_dataset(dataset(["d"]))
    assert store.assign_tokens(np.array([4, 3])).tolist() == [3, 0]
    assert store.read_tokens().tolist() == [3, 1, 2, 4]
    assert store.assign_tokens(np.array([], dtype=np.int64)).tolist() == []


def test_a_user_twice_is_refused(store: Store) -> None:
    store.import_dataset(small())
    with pytest.raises(ValueError, match="user_keys must be distinct, got 2 with repeats"):
        store.assign_tokens(np.array([1, 1]))


def test_an_unknown_user_gets_none(store: Store) -> None:
    store.import_dataset(small())
    with pytest.raises(IntegrityError):
        store.assign_tokens(np.array([1, 99]))
    assert store.read_tokens().tolist() == []
