"""Versions are swapped whole, when and only when another edition is published."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from serving.published import (
    Edition,
    NothingPublishedError,
    PublishedSpace,
    PublishedVersions,
)
from tests.serving.worlds import ITEMS, USERS, MemorySource, space


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rows_follow_the_ids() -> None:
    world = space()
    assert [world.user_row(each) for each in USERS] == [0, 1, 2]
    assert [world.item_row(each) for each in ITEMS] == [0, 1, 2, 3]
    np.testing.assert_array_equal(world.known_item_rows(["fig", "unknown", "tea"]), [3, 0])
    np.testing.assert_array_equal(world.known_user_rows([]), np.array([], dtype=np.int64))


def test_a_space_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        space().items[0, 0] = 9


@pytest.mark.parametrize(
    ("users", "items", "message"),
    [
        ((2, 2), (4, 2), r"one user vector per user id, got 3 ids and vectors of shape \(2, 2\)"),
        ((3, 2), (5, 2), r"one item vector per item id, got 4 ids and vectors of shape \(5, 2\)"),
        ((3, 2), (4, 3), "of equal width, got 2 and 3"),
    ],
)
def test_a_space_whose_parts_do_not_fit_is_refused(
    users: tuple[int, int], items: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PublishedSpace(1, USERS, np.zeros(users, np.float32), ITEMS, np.zeros(items, np.float32))


def test_nothing_is_read_before_the_first_request_and_once_after_it() -> None:
    source = MemorySource(space())
    published = PublishedVersions(source, check_seconds=0)
    assert source.reads == []
    assert published.current() is published.current()
    assert source.reads == [1]


def test_the_published_version_is_looked_up_only_every_few_seconds() -> None:
    clock = Clock()
    source = MemorySource(space(1), space(2))
    published = PublishedVersions(source, check_seconds=5, clock=clock)
    assert published.current().version == 1
    source.edition = Edition(2, "first")
    clock.now += 4.9
    assert published.current().version == 1
    clock.now += 0.1
    assert published.current().version == 2


def test_items_placed_into_the_same_version_are_read() -> None:
    source = MemorySource(space(1))
    published = PublishedVersions(source, check_seconds=0)
    before = published.current()
    grown = np.concatenate([before.items, [[9, 9]]]).astype(np.float32)
    source.spaces[1] = PublishedSpace(1, USERS, before.users, [*ITEMS, "new"], grown)
    assert published.current() is before
    source.edition = Edition(1, "one item more")
    assert published.current().item_row("new") == 4
    assert "new" not in before.item_ids


def test_a_rollback_is_followed() -> None:
    source = MemorySource(space(2), space(1))
    published = PublishedVersions(source, check_seconds=0)
    assert published.current().version == 2
    source.edition = Edition(1, "first")
    assert published.current().version == 1


def test_nothing_published_is_said_and_mended_by_itself() -> None:
    source = MemorySource()
    published = PublishedVersions(source, check_seconds=0)
    with pytest.raises(NothingPublishedError, match="coldcast retrain"):
        published.current()
    source.spaces[1], source.edition = space(1), Edition(1, "first")
    assert published.current().version == 1


def test_while_one_request_loads_the_next_version_the_others_keep_the_one_before() -> None:
    entered, go_on = threading.Event(), threading.Event()

    class SlowSource(MemorySource):
        def read_space(self, version: int) -> PublishedSpace:
            if version == 2:
                entered.set()
                assert go_on.wait(timeout=30)
            return super().read_space(version)

    source = SlowSource(space(1), space(2))
    published = PublishedVersions(source, check_seconds=0)
    published.current()
    source.edition = Edition(2, "first")
    answers: list[int] = []
    loader = threading.Thread(target=lambda: answers.append(published.current().version))
    loader.start()
    assert entered.wait(timeout=30)
    assert published.current().version == 1
    go_on.set()
    loader.join(timeout=30)
    assert answers == [2]
    assert published.current().version == 2


def test_while_the_first_version_loads_the_others_wait_for_it() -> None:
    entered, go_on = threading.Event(), threading.Event()

    class SlowSource(MemorySource):
        def read_space(self, version: int) -> PublishedSpace:
            entered.set()
            assert go_on.wait(timeout=30)
            return super().read_space(version)

    published = PublishedVersions(SlowSource(space(1)), check_seconds=5)
    answers: list[int] = []
    askers = [threading.Thread(target=lambda: answers.append(published.current().version)) for _ in range(3)]
    askers[0].start()
    assert entered.wait(timeout=30)
    for one in askers[1:]:
        one.start()
    go_on.set()
    for one in askers:
        one.join(timeout=30)
    assert answers == [1, 1, 1]


def test_a_failed_first_read_is_tried_again_by_the_next_request() -> None:
    source = MemorySource(space(1))
    source.edition = Edition(7, "gone again")
    published = PublishedVersions(source, check_seconds=5, clock=Clock())
    with pytest.raises(KeyError):
        published.current()
    source.edition = Edition(1, "first")
    assert published.current().version == 1


def test_a_failed_read_leaves_the_version_in_hand() -> None:
    source = MemorySource(space(1))
    clock = Clock()
    published = PublishedVersions(source, check_seconds=5, clock=clock)
    published.current()
    source.edition = Edition(7, "gone again")
    clock.now += 5
    with pytest.raises(KeyError):
        published.current()
    assert published.current().version == 1
    source.edition = Edition(1, "first")
    clock.now += 5
    assert published.current().version == 1


def test_a_negative_wait_is_refused() -> None:
    with pytest.raises(ValueError, match=r"check_seconds must not be negative, got -1"):
        PublishedVersions(MemorySource(), check_seconds=-1)
