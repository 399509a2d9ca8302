from __future__ import annotations

import pytest

from data.store.store import Store
from tests.data.store.conftest import NOW
from tests.data.store.worlds import dataset, small


def test_a_snapshot_is_named_by_order_and_content(store: Store) -> None:
    store.import_dataset(small())
    mark = store.watermark()
    first = store.add_snapshot("ab" * 32, protocol="live", watermark=mark, holdout_threshold=0.05)
    assert (first.sequence, first.key, first.state) == (1, "000001-abababababab", "building")
    assert (first.watermark, first.holdout_threshold, first.created_at) == (mark, 0.05, NOW)
    store.import_dataset(dataset(["d"]))
    second = store.add_snapshot("ab" * 32, protocol="files", watermark=store.watermark())
    assert (second.key, second.holdout_threshold) == ("000002-abababababab", None)
    assert second.watermark != first.watermark
    assert [row.key for row in store.snapshots()] == [first.key, second.key]


def test_the_latest_is_the_newest_in_its_state(store: Store) -> None:
    mark = store.watermark()
    first, second = (store.add_snapshot(digit * 64, protocol="live", watermark=mark) for digit in "ab")
    assert store.latest_snapshot() is None
    store.set_snapshot_state(first.key, "ready")
    store.set_snapshot_state(second.key, "failed")
    assert store.latest_snapshot() == store.snapshot(first.key)
    failed = store.latest_snapshot("failed")
    assert failed is not None
    assert failed.key == second.key


def test_what_does_not_exist_is_refused(store: Store) -> None:
    with pytest.raises(KeyError, match="no snapshot has the key 'q'"):
        store.snapshot("q")
    with pytest.raises(KeyError, match="no snapshot has the key 'q'"):
        store.set_snapshot_state("q", "ready")
    row = store.add_snapshot("a" * 64, protocol="live", watermark=store.watermark())
    with pytest.raises(ValueError, match="state must be one of building, ready, failed, got 'done'"):
        store.set_snapshot_state(row.key, "done")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="content_hash must have at least 12 digits, got 'abc'"):
        store.add_snapshot("abc", protocol="live", watermark=store.watermark())
