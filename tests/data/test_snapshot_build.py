"""From events to a snapshot: repeated pairs, the vocabulary, tokens, and what the hash depends on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.interactions import Interactions
from data.snapshot import Snapshot
from data.snapshot_build import StoreContents, build_snapshot, one_row_per_pair, tokens_after
from data.split import ItemRole
from data.split_choice import SplitChoice
from tests.data.contents import contents_of, random_events

USERS = [f"u{at}" for at in range(20)]
ITEMS = [f"i{at}" for at in range(40)]
LIVE = SplitChoice(holdout=0.25, minimum=10)


def world(seed: int = 0, tokens: list[int] | None = None) -> StoreContents:
    return contents_of(random_events(20, 38, n=400, seed=seed), users=USERS, items=ITEMS, tokens=tokens)


def build(contents: StoreContents, choice: SplitChoice = LIVE) -> Snapshot:
    return build_snapshot(contents, choice, key="000001-test", created_at="2024-01-01T00:00:00+00:00")


def test_repeated_pairs_become_one_with_first_known_time_and_latest_weight() -> None:
    events = Interactions(
        pairs=np.array([[0, 0], [0, 0], [0, 0], [1, 0], [0, 1], [1, 1], [1, 1]]),
        times=np.array([30, 0, 20, 0, 7, 9, 9]),
        weights=np.array([3, 1, 2, 4, 5, 6, 8], dtype=np.float32),
        n_users=2,
        n_items=2,
    )
    once = one_row_per_pair(events)
    assert once.pairs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert once.times.tolist() == [20, 7, 0, 9]
    assert once.weights.tolist() == [3, 5, 4, 8]


def test_no_events_stay_no_events() -> None:
    none = Interactions(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0), 2, 2)
    assert len(one_row_per_pair(none)) == 0


def test_tokens_are_appended_and_never_renumbered() -> None:
    assert tokens_after(np.array([30, 10]), np.array([10, 20, 40])).tolist() == [30, 10, 20, 40]


def test_users_stand_in_token_order_and_new_ones_at_the_end() -> None:
    snapshot = build(world(tokens=[7, 3]))
    assert snapshot.users.ids[:2].tolist() == ["u7", "u3"]
    assert snapshot.user_tokens.tolist() == list(range(20))
    assert snapshot.users.ids[2:5].tolist() == ["u0", "u1", "u2"]
    assert snapshot.manifest.counts["new_tokens"] == 18


def test_the_vocabulary_is_exactly_the_users_with_a_training_pair() -> None:
    snapshot = build(world())
    assert np.unique(snapshot.split.train[:, 0]).tolist() == list(range(snapshot.n_users))
    counts = snapshot.manifest.counts
    kept_and_dropped = counts["pairs"] + sum(
        count for name, count in counts.items() if name.startswith("dropped")
    )
    assert kept_and_dropped + counts["repeated_events"] == counts["events"]


def test_a_token_of_a_user_without_training_pair_leaves_a_gap() -> None:
    contents = contents_of(
        random_events(19, 38, n=400, seed=0), users=USERS, items=ITEMS, tokens=[19, 0]
    )  # user 19 had a token, but has no event now
    snapshot = build(contents)
    assert "u19" not in snapshot.users.ids.tolist()
    assert snapshot.user_tokens[0] == 1


def test_items_keep_their_order_and_those_without_events_their_role() -> None:
    snapshot = build(world())
    assert snapshot.items.ids.tolist() == ITEMS
    assert snapshot.split.items_with_role(ItemRole.WITHOUT_INTERACTIONS).tolist() == [38, 39]
    assert snapshot.texts[np.array([2])] == ["title of i2"]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_hash_ignores_the_order_of_arrival(seed: int) -> None:
    events = random_events(20, 38, n=400, seed=1)
    plain = build(contents_of(events, users=USERS, items=ITEMS))
    generator = np.random.default_rng(seed)
    user_at, item_at = generator.permutation(20), generator.permutation(40)  # old position -> new position
    users, items = [""] * 20, [""] * 40
    for old, new in enumerate(user_at):
        users[new] = USERS[old]
    for old, new in enumerate(item_at):
        items[new] = ITEMS[old]
    moved = [(int(user_at[user]), int(item_at[item]), time, weight) for user, item, time, weight in events]
    generator.shuffle(moved)
    other = build(contents_of(moved, users=users, items=items))
    assert other.content_hash == plain.content_hash

    def named_test_pairs(snapshot: Snapshot) -> set[tuple[str, str]]:
        return {
            (snapshot.users.ids[user], snapshot.items.ids[item]) for user, item in snapshot.split.test.cold
        }

    assert named_test_pairs(other) == named_test_pairs(plain)


def test_the_hash_notices_every_kind_of_change() -> None:
    contents = world()
    plain = build(contents).content_hash
    assert build(world()).content_hash == plain
    events = random_events(20, 38, n=400, seed=0)
    heavier = [(user, item, time, 9.0) for user, item, time, _ in events]
    later = [(user, item, time + 1, weight) for user, item, time, weight in events]
    changed = {
        "text": replace(contents, texts=["another", *contents.texts[1:]]),
        "weight": contents_of(heavier, users=USERS, items=ITEMS),
        "time": contents_of(later, users=USERS, items=ITEMS),
        "item id": contents_of(events, users=USERS, items=[*ITEMS[:-1], "x"]),
        "pair": contents_of(events[1:], users=USERS, items=ITEMS),
    }
    hashes = {name: build(other).content_hash for name, other in changed.items()}
    hashes["split"] = build(contents, SplitChoice(holdout=0.4, minimum=10)).content_hash
    hashes["protocol"] = build(contents, SplitChoice(protocol="time")).content_hash
    assert len({plain, *hashes.values()}) == 1 + len(hashes), hashes


def test_the_file_split_drops_and_counts_what_the_files_do_not_name(tmp_path: Path) -> None:
    files = {
        "warm_train.csv": ["u0,i0", "u1,i0", "u1,i1"],
        "warm_val.csv": ["u0,i1"],
        "warm_test.csv": [],
        "cold_item_val.csv": ["u0,i2"],
        "cold_item_test.csv": ["u1,i3"],
    }
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(["user,item", *lines]) + "\n", encoding="utf-8")
    events = [
        *[(0, 0, 1, 1.0), (1, 0, 2, 1.0), (1, 1, 3, 1.0), (0, 1, 4, 1.0), (0, 2, 5, 1.0), (1, 3, 6, 2.5)],
        (2, 4, 7, 1.0),  # an item and a user that no file names
    ]
    contents = contents_of(events, users=USERS[:3], items=ITEMS[:6])
    snapshot = build(contents, SplitChoice(protocol="files", directory=str(tmp_path)))
    assert snapshot.users.ids.tolist() == ["u0", "u1"]
    assert snapshot.split.item_role[4:].tolist() == [ItemRole.UNTRAINED, ItemRole.WITHOUT_INTERACTIONS]
    assert snapshot.manifest.counts["dropped_pairs_outside_split_files"] == 1
    assert snapshot.interactions.weights[-1] == 2.5
    assert any("files do not name" in warning for warning in snapshot.manifest.warnings)

    unknown_pair = contents_of(events[1:], users=USERS[:3], items=ITEMS[:6])
    with pytest.raises(InputError, match="name 1 pairs that are no interactions of the store"):
        build(unknown_pair, SplitChoice(protocol="files", directory=str(tmp_path)))


def test_a_store_without_interactions_is_refused() -> None:
    with pytest.raises(InputError, match="no interactions to split; import some"):
        build(contents_of([], users=USERS, items=ITEMS))


def test_an_event_of_an_unknown_user_is_refused() -> None:
    contents = world()
    with pytest.raises(ValueError, match="user keys must be known, got 1 unknown, first 999"):
        build(replace(contents, event_users=np.append(contents.event_users[1:], 999)))


def test_without_events_the_users_and_items_stay() -> None:
    contents = world()
    bare = contents.without_events()
    assert len(bare.interactions()) == len(bare.weights) == 0
    assert bare.times.base is None  # no view that would keep the events
    assert (bare.user_ids is contents.user_ids, bare.texts is contents.texts) == (True, True)
