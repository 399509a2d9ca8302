from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from data.errors import StoreError
from data.item_texts import text_hash
from data.store.connection import reading
from data.store.provisional import ProvisionalUsers
from data.store.publication import ModelVersion, Publication
from data.store.served import read_edition
from data.store.store import Store
from data.store.vectors import NO_AUDIENCES, Audiences, ItemVectors, UserVectors
from tests.data.store.conftest import NOW
from tests.data.store.worlds import dataset, small


def floats(*shape: int, start: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Numbered floats that float32 cannot hold short of a rounding."""
    return (np.arange(start, start + np.prod(shape)).reshape(shape) / 7).astype(np.float32)


def model(version: int, **changes: Any) -> ModelVersion:
    """Users a, b; items x warm, y held out, z cold with an audience of both users."""
    held: dict[str, Any] = {
        "users": UserVectors(["a", "b"], floats(2, 3, start=version)),
        "items": ItemVectors(
            ["x", "y", "z"],
            ["warm", "held_out", "cold"],
            [text_hash("An X"), text_hash("A Y"), text_hash("A Z")],
            floats(3, 3, start=10 * version),
            [2, 2, 0],
        ),
        "audiences": Audiences(["z"], np.array([["b", "a"]], dtype=object), np.log([[0.6, 0.3]])),
    }
    return ModelVersion(version, f"snapshot {version}", f"hash {version}", **{**held, **changes})


@pytest.fixture
def world(store: Store) -> Store:
    store.import_dataset(small())
    return store


def test_what_is_published_comes_back_bit_for_bit(world: Store) -> None:
    assert world.current_publication() is None
    given = model(7)
    assert world.publish(given, reason="first") == Publication(7, None, NOW)
    users, items = world.read_published(7)
    assert users.user_ids.tolist() == ["a", "b"]  # type: ignore[union-attr]
    assert users.vectors.tobytes() == given.users.vectors.tobytes()
    assert items.vectors.tobytes() == given.items.vectors.tobytes()
    assert list(items.kinds) == ["warm", "held_out", "cold"]
    assert list(items.text_hashes) == [text_hash("An X"), text_hash("A Y"), text_hash("A Z")]
    assert list(items.n_events) == [2, 2, 0]
    audience = world.read_audiences(7)
    assert audience.user_ids.tolist() == ["b", "a"]
    assert audience.ranks.tolist() == [0, 1]
    np.testing.assert_allclose(audience.log_probabilities, np.log([0.6, 0.3]), rtol=1e-12)
    assert len(world.read_audiences(7, ["x"])) == 0
    assert [row.version for row in world.model_versions()] == [7]


def test_users_are_counted_by_the_audiences_that_begin_with_them(world: Store) -> None:
    people = np.array([["b", "a"], ["b", "c"]], dtype=object)
    world.publish(
        model(1, audiences=Audiences(["y", "z"], people, np.log([[0.6, 0.3], [0.6, 0.3]]))), reason="first"
    )
    assert world.audience_counts(1, k=2).tolist() == [1, 2, 1]  # a, b, c
    assert world.audience_counts(1, k=1).tolist() == [2]
    with pytest.raises(KeyError, match="model version 9 has no vectors"):
        world.audience_counts(9, k=1)


@pytest.mark.parametrize(("table", "kind"), [("user_vectors", "user 'a'"), ("item_vectors", "item 'x'")])
def test_a_flipped_byte_in_a_published_vector_is_told_and_the_version_before_still_answers(
    world: Store, table: str, kind: str
) -> None:
    world.publish(model(1), reason="first")
    world.publish(model(2), reason="second")
    key = f"{table.partition('_')[0]}_key"
    one = sa.text(f"SELECT vector FROM {table} WHERE version = 2 AND {key} = 1")
    with world.engine.begin() as connection:
        content = bytearray(connection.execute(one).scalar_one())
        content[5] ^= 1  # the second number changes a little, and stays finite
        put = sa.text(f"UPDATE {table} SET vector = :vector WHERE version = 2 AND {key} = 1")
        connection.execute(put, {"vector": bytes(content)})
    with pytest.raises(StoreError, match=f"vector of {kind} in version 2 is damaged.*coldcast rollback"):
        world.read_published(2)
    assert world.rollback_publication(reason="damaged").version == 1
    assert len(world.read_published(1)[0]) == 2


def test_vectors_that_an_older_coldcast_wrote_are_read(world: Store) -> None:
    world.publish(model(1), reason="first")
    with world.engine.begin() as connection:
        for table in ("user_vectors", "item_vectors"):
            connection.execute(sa.text(f"UPDATE {table} SET vector = substr(vector, 1, 12)"))
    users, _ = world.read_published(1)
    assert users.vectors.tobytes() == model(1).users.vectors.tobytes()


def test_a_failure_half_way_publishes_nothing(world: Store) -> None:
    world.publish(model(1), reason="good")
    unknown = Audiences(["z"], np.array([["b", "stranger"]], dtype=object), np.log([[0.6, 0.3]]))
    with pytest.raises(
        KeyError, match="user_ids must be in the store, got 1 unknown: 'stranger'; import them"
    ):
        world.publish(model(2, audiences=unknown), reason="bad")
    assert world.current_publication() == Publication(1, None, NOW)
    assert [row.version for row in world.model_versions()] == [1]
    with pytest.raises(KeyError, match="model version 2 has no vectors"):
        world.read_published(2)


def test_publishing_a_version_again_replaces_it(world: Store) -> None:
    world.publish(model(1), reason="one")
    world.publish(model(2), reason="two")
    again = model(2, users=UserVectors(["b"], floats(1, 3, start=99)), audiences=NO_AUDIENCES)
    assert world.publish(again, reason="once more") == Publication(2, 1, NOW)
    users, _ = world.read_published(2)
    assert list(users.user_ids) == ["b"]
    assert len(world.read_audiences(2)) == 0


def test_rollbacks_go_back_one_by_one_and_are_recorded(world: Store) -> None:
    for version in (1, 2, 3):
        world.publish(model(version), reason=f"v{version}", forced=version == 3)
    assert world.rollback_publication(reason="worse").version == 2
    assert world.rollback_publication(reason="worse still") == Publication(1, None, NOW)
    with pytest.raises(
        ValueError, match=r"version 1 has no predecessor with vectors.*promote --force VERSION"
    ):
        world.rollback_publication(reason="once more")
    world.switch_publication(3, reason="after all", forced=True)
    assert world.rollback_publication(reason="no").version == 1
    log = [(e.action, e.version, e.previous_version, e.forced, e.reason) for e in world.publication_log()]
    assert log == [
        ("publish", 1, None, False, "v1"),
        ("publish", 2, 1, False, "v2"),
        ("publish", 3, 2, True, "v3"),
        ("rollback", 2, 3, True, "worse"),
        ("rollback", 1, 2, True, "worse still"),
        ("publish", 3, 1, True, "after all"),
        ("rollback", 1, 3, True, "no"),
    ]


def test_there_must_be_something_to_roll_back_or_to_switch_to(world: Store) -> None:
    with pytest.raises(ValueError, match="nothing is published, so there is nothing to roll back"):
        world.rollback_publication(reason="why not")
    with pytest.raises(KeyError, match="model version 5 has no vectors in the store; publish it whole first"):
        world.switch_publication(5, reason="why not")


def test_items_wait_for_a_place_until_they_have_one(world: Store) -> None:
    assert world.count_items_to_place(None) == 3
    world.publish(model(1), reason="one")
    assert world.count_items_to_place(1) == 0
    world.import_dataset(dataset(items={"w": "A W", "z": "Another Z", "x": "Another X"}))
    world.import_dataset(dataset(events=[("a", "v", 3, 1.0)]), create_unknown=True)
    waiting = world.items_to_place(1)
    assert waiting.item_ids.tolist() == ["z", "w", "v"]  # x is warm: its place comes from its events
    placed = ItemVectors(
        waiting.item_ids, ["cold"] * 3, waiting.text_hashes, floats(3, 3, start=50), [0, 0, 1]
    )
    people = np.array([["a"], ["a"], ["b"]], dtype=object)
    world.add_placements(1, placed, Audiences(waiting.item_ids, people, np.log([[0.5], [0.4], [0.3]])))
    assert world.count_items_to_place(1) == 0
    _, items = world.read_published(1)
    assert list(items.item_ids) == ["x", "y", "z", "w", "v"]
    assert items.vectors[2].tobytes() == placed.vectors[0].tobytes()
    assert world.read_audiences(1, ["z"]).user_ids.tolist() == ["a"]  # the old audience is gone


def test_an_item_without_text_and_events_waits_for_nothing(world: Store) -> None:
    world.publish(model(1), reason="one")
    world.import_dataset(dataset(events=[("a", "v", 3, 1.0)]), create_unknown=True)
    assert world.items_to_place(1).item_ids.tolist() == ["v"]
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE items SET n_events = 0 WHERE item_id = 'v'")
    assert world.count_items_to_place(1) == 0


def test_placements_fit_their_version(world: Store) -> None:
    world.publish(model(1), reason="one")
    wide = ItemVectors(["z"], ["cold"], [text_hash("A Z")], floats(1, 4), [0])
    with pytest.raises(ValueError, match="vectors of 3 numbers like version 1, got 4"):
        world.add_placements(1, wide, NO_AUDIENCES)
    with pytest.raises(KeyError, match="model version 9 has no vectors"):
        world.add_placements(9, wide, NO_AUDIENCES)


def test_users_outside_are_counted_from_their_events(world: Store) -> None:
    world.import_dataset(dataset(["d"], events=[("d", "x", 1, 1.0), ("d", "y", 1, 1.0), ("c", "x", 1, 1.0)]))
    world.publish(model(1), reason="one")
    assert world.count_users_outside(1, min_events=1) == 2  # c, d
    assert world.count_users_outside(1, min_events=2) == 1  # d
    assert world.count_users_outside(None, min_events=2) == 2  # a, d


def edition(store: Store, version: int) -> int:
    """What serving compares."""
    with reading(store.engine) as connection:
        return read_edition(connection, version)


def test_an_edition_rises_with_every_write_of_vectors_and_with_nothing_else(world: Store) -> None:
    world.publish(model(1), reason="one")
    first = edition(world, 1)
    world.import_dataset(dataset(["d"], {"w": "A W", "z": "Another Z"}, [("d", "x", 1, 1.0)]))
    world.add_placements(1, ItemVectors([], [], [], floats(0, 3), []), NO_AUDIENCES)
    assert edition(world, 1) == first  # arrivals move no vector
    given = model(1)
    world.add_placements(1, given.items, given.audiences)
    placed = edition(world, 1)
    folded = ProvisionalUsers(["d"], np.ones(1, np.int64), [""], np.ones(1), floats(1, 3))
    world.add_provisional(1, folded)
    with_user = edition(world, 1)
    world.publish(given, reason="again")
    assert first < placed < with_user < edition(world, 1)
    assert edition(world, 9) == 0


def test_pruning_spares_what_is_published_and_its_predecessor(world: Store) -> None:
    for version in (1, 2, 3, 4, 5):
        world.publish(model(version), reason="next")
    world.rollback_publication(reason="back")  # 4 is published, 3 before it
    assert world.prune(1) == [1, 2]
    assert [row.version for row in world.model_versions()] == [3, 4, 5]
    assert world.prune(1) == []
    with pytest.raises(ValueError, match="keep must be at least 1 version, got 0"):
        world.prune(0)
    with world.engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT DISTINCT version FROM audiences ORDER BY version")
        assert [row[0] for row in left] == [3, 4, 5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UserVectors(["a"], floats(2, 3)), r"must have shape \(1, D\), got \(2, 3\)"),
        (lambda: UserVectors(["a", "a"], floats(2, 3)), "user_ids must be distinct, got 2 with 1 distinct"),
        (lambda: UserVectors(["a", "b"], floats(2, 1) * np.float32("nan")), "must be finite, .* for 'a'"),
        (lambda: ItemVectors(["x"], ["hot"], ["h"], floats(1, 3), [0]), "kinds must be among warm, cold"),
        (lambda: ItemVectors(["x"], [], ["h"], floats(1, 3), [0]), "kinds must be 1 long like item_ids, got 0"),
        (lambda: Audiences(["x"], np.array(["a"]), np.zeros(1)), r"user_ids must have shape \(1, K\)"),
        (lambda: Audiences(["x"], np.array([["a"]]), np.zeros((1, 2))), r"shape \(1, 1\) like user_ids"),
        (lambda: Audiences(["x"], np.array([["a"]]), np.ones((1, 1))), "must be finite and at most 0 nats"),
        (lambda: model(0), "version must be at least 1, got 0"),
        (lambda: model(1, users=UserVectors(["a"], floats(1, 2))), "in one space, got vectors of 2 and 3"),
    ],
)  # fmt: skip
def test_what_cannot_be_published_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_vectors_are_float32() -> None:
    with pytest.raises(TypeError, match="user vectors must be float32, got float64"):
        UserVectors(["a"], np.zeros((1, 2)))  # type: ignore[arg-type]
