"""The store's answers, from publication over placement to rollback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data.errors import StoreError
from data.item_texts import text_hash
from data.readers.dataset import Dataset, Source
from data.store.publication import ModelVersion
from data.store.store import Store
from data.store.vectors import NO_AUDIENCES, Audiences, ItemVectors, UserVectors
from serving.published import PublishedVersions
from serving.recommender import nearest_users, recommend_items
from serving.store_source import StoreSource

TEXTS = {"tea": "green tea", "rye": "rye bread", "fig": "dried figs"}


def dataset(texts: dict[str, str], events: list[tuple[str, str]]) -> Dataset:
    return Dataset(
        name="kitchen",
        items=Source.of_table("items", {"item_id": list(texts), "text": list(texts.values())}),
        interactions=Source.of_table(
            "events", {"user_id": [user for user, _ in events], "item_id": [item for _, item in events]}
        ),
        implied_users=True,
    )


def items(**vectors: tuple[list[float], str]) -> ItemVectors:
    return ItemVectors(
        list(vectors),
        [kind for _, kind in vectors.values()],
        [text_hash(TEXTS[each]) for each in vectors],
        np.array([vector for vector, _ in vectors.values()], dtype=np.float32),
        [0] * len(vectors),
    )


def model(version: int, *, sign: float) -> ModelVersion:
    users = UserVectors(["ada", "bo"], np.array([[sign, 0], [0, sign]], dtype=np.float32))
    placed = items(tea=([4, 1], "warm"), rye=([3, 2], "warm"))
    return ModelVersion(version, f"s{version}", "hash", users, placed, NO_AUDIENCES)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        opened.import_dataset(dataset(TEXTS, [("ada", "tea"), ("bo", "rye"), ("ada", "tea")]))
        yield opened


@pytest.fixture
def source(store: Store, url: str) -> Iterator[StoreSource]:
    opened = StoreSource.open(url)
    yield opened
    opened.close()


def test_before_the_first_publication_there_is_no_edition(source: StoreSource) -> None:
    assert source.current_edition() is None


def test_a_published_version_is_read_as_it_was_written(store: Store, source: StoreSource) -> None:
    store.publish(model(3, sign=1), reason="first")
    space = source.read_space(3)
    assert (space.version, list(space.user_ids), list(space.item_ids)) == (3, ["ada", "bo"], ["tea", "rye"])
    np.testing.assert_array_equal(space.users, [[1, 0], [0, 1]])
    np.testing.assert_array_equal(space.items, [[4, 1], [3, 2]])
    with pytest.raises(KeyError, match="4"):
        source.read_space(4)


def test_who_has_what_is_read_at_the_moment_of_asking(store: Store, source: StoreSource) -> None:
    assert source.items_of("ada") == ["tea"]
    assert source.users_of("fig") == []
    store.import_dataset(dataset({}, [("bo", "fig"), ("ada", "fig")]))
    assert sorted(source.items_of("ada")) == ["fig", "tea"]
    assert sorted(source.users_of("fig")) == ["ada", "bo"]
    assert source.items_of("nobody") == []
    assert source.users_of("nothing") == []


def test_publishing_and_rolling_back_change_the_answers_whole(store: Store, source: StoreSource) -> None:
    published = PublishedVersions(source, check_seconds=0)
    store.publish(model(1, sign=1), reason="first")
    first = published.current()
    assert published.current() is first
    store.publish(model(2, sign=-1), reason="second")
    assert [each.id for each in recommend_items(published.current(), "ada", k=2)] == ["rye", "tea"]
    assert [each.id for each in recommend_items(first, "ada", k=2)] == ["tea", "rye"]
    store.rollback_publication(reason="worse")
    assert published.current().version == 1


def test_a_placed_item_is_served_without_a_new_version(store: Store, source: StoreSource) -> None:
    published = PublishedVersions(source, check_seconds=0)
    store.publish(model(1, sign=1), reason="first")
    assert "fig" not in published.current().item_ids
    audience = Audiences(["fig"], np.array([["bo", "ada"]], dtype=object), np.array([[-0.25, -1.5]]))
    store.add_placements(1, items(fig=([0, 9], "cold")), audience)
    assert nearest_users(published.current(), "fig", k=1)[0].id == "bo"
    assert source.audience_of(1, "fig") == [("bo", -0.25), ("ada", -1.5)]
    assert source.audience_of(1, "tea") == []
    assert list(source.audience_of(7, "fig")) == []


def test_an_import_of_new_items_is_no_reason_to_read_the_vectors_again(
    store: Store, source: StoreSource
) -> None:
    published = PublishedVersions(source, check_seconds=0)
    store.publish(model(1, sign=1), reason="first")
    before = published.current()
    store.import_dataset(dataset({"new": "a new one"}, [("ada", "new")]))
    assert published.current() is before


def test_an_item_placed_again_for_a_new_text_is_noticed(
    store: Store, source: StoreSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = PublishedVersions(source, check_seconds=0)
    store.publish(model(1, sign=1), reason="first")
    store.add_placements(1, items(fig=([0, 9], "cold")), NO_AUDIENCES)
    assert nearest_users(published.current(), "fig", k=1)[0].id == "bo"
    store.import_dataset(dataset({"fig": "fig jam"}, []))
    monkeypatch.setitem(TEXTS, "fig", "fig jam")
    store.add_placements(1, items(fig=([9, 0], "cold")), NO_AUDIENCES)
    assert nearest_users(published.current(), "fig", k=1)[0].id == "ada"


def test_a_database_without_our_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        StoreSource.open(f"sqlite:///{tmp_path / 'empty.db'}")
