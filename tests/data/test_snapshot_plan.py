"""Plan and freeze: the run gets what was planned, or a plain refusal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from data.readers.citeulike import read_citeulike
from data.readers.dataset import Dataset, Source
from data.readers.synthetic import SyntheticWorld
from data.snapshot_plan import SplitChoice, freeze_snapshot, plan_snapshot
from data.split import ItemRole
from data.store.store import Store

CHOICE = SplitChoice(holdout=0.2, minimum=20)
MIDDLE = 1_720_000_000  # about half of the world's year


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'coldcast.db'}", clock=lambda: 1_800_000_000) as opened:
        yield opened


@pytest.fixture
def world() -> SyntheticWorld:
    return SyntheticWorld.create(40, 120, n_topics=4, n_interactions=1500, seed=1)


def new_texts(texts: dict[str, str]) -> Dataset:
    items = Source.of_table("items", {"item_id": list(texts), "text": list(texts.values())})
    return Dataset("texts", items=items)


def test_the_frozen_snapshot_is_the_planned_one(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset())
    plan = plan_snapshot(store, CHOICE)
    assert plan.is_new
    assert plan.key.startswith("000001-" + plan.content_hash[:8])
    assert store.snapshot(plan.key).state == "building"
    snapshot = freeze_snapshot(store, plan.key)
    assert snapshot.key == plan.key
    assert snapshot.content_hash == plan.content_hash
    assert snapshot.manifest.counts == plan.counts
    assert store.snapshot(plan.key).state == "ready"
    assert len(store.read_tokens()) == snapshot.n_users
    again = freeze_snapshot(store, plan.key)
    assert again.users == snapshot.users
    assert again.manifest.watermark == snapshot.manifest.watermark


def test_planning_writes_no_tokens(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset())
    plan_snapshot(store, CHOICE)
    assert len(store.read_tokens()) == 0


def test_unchanged_content_is_not_planned_twice(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset())
    first = plan_snapshot(store, CHOICE)
    waiting = plan_snapshot(store, CHOICE)
    assert (waiting.key, waiting.is_new) == (first.key, False)
    forced_before_freezing = plan_snapshot(store, CHOICE, again=True)
    assert (forced_before_freezing.key, forced_before_freezing.is_new) == (first.key, True)
    freeze_snapshot(store, first.key)
    forced = plan_snapshot(store, CHOICE, again=True)
    assert forced.is_new
    assert forced.key.startswith("000002-")
    assert forced.content_hash == first.content_hash
    assert len(store.snapshots()) == 2


def test_tokens_and_holdout_survive_growth(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset(until=MIDDLE))
    early = freeze_snapshot(store, plan_snapshot(store, CHOICE).key)
    store.import_dataset(world.dataset(since=MIDDLE))
    late = freeze_snapshot(store, plan_snapshot(store, SplitChoice(holdout=0.05, minimum=0)).key)
    assert late.n_items == 120 > early.n_items
    token_of = dict(zip(late.users.ids, late.user_tokens, strict=True))
    assert all(
        token_of[user] == token for user, token in zip(early.users.ids, early.user_tokens, strict=True)
    )
    assert late.manifest.holdout_threshold is not None
    assert early.manifest.holdout_threshold is not None
    assert late.manifest.holdout_threshold >= early.manifest.holdout_threshold
    held = early.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    assert not set(early.items.ids[held]) & set(late.items.ids[late.split.warm_items])


def test_what_arrives_after_the_plan_stays_outside(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset(until=MIDDLE))
    plan = plan_snapshot(store, CHOICE)
    store.import_dataset(world.dataset(since=MIDDLE))
    assert freeze_snapshot(store, plan.key).content_hash == plan.content_hash


def test_a_text_changed_after_the_plan_is_refused(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset())
    plan = plan_snapshot(store, CHOICE)
    store.import_dataset(new_texts({"item-00000": "quite another title"}))
    with pytest.raises(InputError, match=r"planned with the content hash .* Remedy: plan a new snapshot"):
        freeze_snapshot(store, plan.key)
    assert store.snapshot(plan.key).state == "failed"
    assert plan_snapshot(store, CHOICE).is_new


def test_an_unknown_key_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match=r"no snapshot was planned under the key 'x'; the store knows none"):
        freeze_snapshot(store, "x")


def test_an_empty_store_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="no interactions to split"):
        plan_snapshot(store, CHOICE)
    assert store.snapshots() == []


def test_the_snapshot_holds_every_imported_event(store: Store, world: SyntheticWorld) -> None:
    store.import_dataset(world.dataset())
    snapshot = freeze_snapshot(store, plan_snapshot(store, CHOICE).key)
    imported = {
        (world.user_ids[user], world.item_ids[item], int(time))
        for (user, item), time in zip(world.pairs, world.times, strict=True)
    }
    pairs = snapshot.interactions.pairs
    kept = zip(
        snapshot.users.ids[pairs[:, 0]],
        snapshot.items.ids[pairs[:, 1]],
        snapshot.interactions.times,
        strict=True,
    )
    found = {(user, item, int(time)) for user, item, time in kept}
    dropped = sum(count for name, count in snapshot.manifest.counts.items() if name.startswith("dropped"))
    assert found <= imported
    assert len(found) + dropped == len(imported)
    assert np.unique(pairs, axis=0).shape == pairs.shape


def test_a_relative_folder_of_a_split_is_kept_absolute(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = {
        "warm_train": [("u", "a"), ("v", "a"), ("v", "b")],
        "warm_val": [("u", "b")],
        "warm_test": [],
        "cold_item_val": [("u", "c")],
        "cold_item_test": [("v", "d")],
    }
    (tmp_path / "split").mkdir()
    for name, rows in pairs.items():
        lines = ["user,item", *(f"{user},{item}" for user, item in rows)]
        (tmp_path / "split" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    events = [pair for rows in pairs.values() for pair in rows]
    columns = {"user_id": [user for user, _ in events], "item_id": [item for _, item in events]}
    items = Source.of_table("items", {"item_id": list("abcd"), "text": list("abcd")})
    store.import_dataset(
        Dataset("small", items=items, interactions=Source.of_table("events", columns), implied_users=True)
    )
    monkeypatch.chdir(tmp_path)
    plan = plan_snapshot(store, SplitChoice(protocol="files", directory="split"))
    monkeypatch.chdir("/")
    assert freeze_snapshot(store, plan.key).users.ids.tolist() == ["u", "v"]


@pytest.mark.real_data
def test_citeulike_with_the_files_of_seed_42(store: Store, shared_data: Path) -> None:
    folder = shared_data / "citeulike-a"
    store.import_dataset(read_citeulike(folder))
    choice = SplitChoice(protocol="files", directory=str(folder / "split-seed42"))
    snapshot = freeze_snapshot(store, plan_snapshot(store, choice).key)
    assert (snapshot.n_users, snapshot.n_items) == (5551, 16_980)
    assert len(snapshot.split.train) == 132_073
    assert (len(snapshot.split.validation.warm), len(snapshot.split.test.warm)) == (16_471, 16_482)
    assert (len(snapshot.split.validation.cold), len(snapshot.split.test.cold)) == (19_802, 20_158)
    assert (len(snapshot.split.validation.overall), len(snapshot.split.test.overall)) == (33_427, 34_040)
    assert snapshot.manifest.warnings == []


def test_another_salt_is_another_holdout_and_begins_with_its_own_share(
    store: Store, world: SyntheticWorld
) -> None:
    """A store that began small holds out half for ever; another salt is the way out, and back again changes nothing."""
    store.import_dataset(world.dataset())
    half = plan_snapshot(store, SplitChoice(holdout=0.5, minimum=0)).holdout_threshold
    fifth = SplitChoice(holdout=0.2, minimum=0)
    assert plan_snapshot(store, fifth).holdout_threshold == half == 0.5
    assert plan_snapshot(store, replace(fifth, salt="anew")).holdout_threshold == 0.2
    assert plan_snapshot(store, fifth).holdout_threshold == 0.5
