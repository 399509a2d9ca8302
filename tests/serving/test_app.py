"""The routes, asked over HTTP without a network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from data.errors import StoreError
from serving.app import LOOPBACK, create_app
from serving.published import Edition
from tests.serving.worlds import USERS, MemorySource, space


@pytest.fixture
def source() -> MemorySource:
    return MemorySource(space(1), space(2, sign=-1), pairs=(("ada", "tea"), ("bo", "oat/bran")))


@pytest.fixture
def client(source: MemorySource) -> TestClient:
    return TestClient(create_app(source, check_seconds=0))


def test_recommendations_leave_out_what_was_seen(client: TestClient) -> None:
    answer = client.get("/recommendations/ada", params={"k": 2})
    assert answer.status_code == 200
    assert answer.json() == {
        "user_id": "ada",
        "version": 1,
        "provisional": False,
        "items": [{"id": "rye", "score": 3.0}, {"id": "oat/bran", "score": 2.0}],
    }


def test_audience_leaves_out_who_has_the_item_and_takes_ids_with_slashes(client: TestClient) -> None:
    answer = client.get("/audience/oat/bran?k=5")
    assert answer.json() == {
        "item_id": "oat/bran",
        "version": 1,
        "basis": "vectors",
        "users": [{"id": "cy", "score": 8.0}, {"id": "ada", "score": 2.0}],
    }


def test_an_item_placed_by_its_text_answers_with_its_published_audience(
    client: TestClient, source: MemorySource
) -> None:
    source.audiences["fig"] = [("bo", -0.25), ("ada", -1.5)]
    assert client.get("/audience/fig?k=1").json() == {
        "item_id": "fig",
        "version": 1,
        "basis": "text",
        "users": [{"id": "bo", "score": -0.25}],
    }


def test_version_and_health(client: TestClient) -> None:
    assert client.get("/version").json() == {"version": 1, "users": 3, "items": 4, "dimensions": 2}
    assert client.get("/health").json() == {"status": "ok", "version": 1}


def test_another_published_version_answers_the_next_request(client: TestClient, source: MemorySource) -> None:
    first = client.get("/recommendations/cy?k=1").json()
    source.edition = Edition(2, "first")
    second = client.get("/recommendations/cy?k=1").json()
    assert (first["version"], first["items"][0]["id"]) == (1, "oat/bran")
    assert (second["version"], second["items"][0]["id"]) == (2, "fig")


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/recommendations/dee", "user 'dee' is not among the 3 users of version 1"),
        ("/audience/ale", "item 'ale' is not among the 4 items of version 1"),
    ],
)
def test_unknown_ids_are_404_and_say_why(client: TestClient, path: str, detail: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize("k", ["0", "-1", "1001", "many"])
def test_a_k_out_of_range_is_422(client: TestClient, k: str) -> None:
    assert client.get("/recommendations/ada", params={"k": k}).status_code == 422


@pytest.mark.parametrize("route", ["recommendations", "audience"])
def test_an_id_that_postgresql_cannot_be_asked_for_is_422(
    client: TestClient, source: MemorySource, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    def refused(given: str) -> list[str]:
        raise ValueError("PostgreSQL text fields cannot contain NUL (0x00) bytes")

    monkeypatch.setattr(source, "items_of", refused)
    monkeypatch.setattr(source, "users_of", refused)
    assert client.get(f"/{route}/a%00b").status_code == 422


def test_before_the_first_publication_everything_is_503() -> None:
    client = TestClient(create_app(MemorySource()))
    for path in ("/health", "/version", "/recommendations/ada", "/audience/tea"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "coldcast retrain" in answer.json()["detail"]


def test_a_store_out_of_reach_is_503(source: MemorySource, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(user_id: str) -> list[str]:
        raise StoreError("the database cannot be reached")

    monkeypatch.setattr(source, "items_of", unreachable)
    answer = TestClient(create_app(source)).get("/recommendations/ada")
    assert (answer.status_code, answer.json()) == (503, {"detail": "the database cannot be reached"})


def test_it_listens_on_this_machine_only() -> None:
    assert LOOPBACK == "127.0.0.1"


def test_a_user_who_was_folded_in_is_answered_and_marked() -> None:
    folded = replace(space(), user_ids=(*USERS[:2], "new"), n_provisional=1)
    client = TestClient(create_app(MemorySource(folded)))
    assert client.get("/recommendations/new?k=1").json() == {
        "user_id": "new",
        "version": 1,
        "provisional": True,
        "items": [{"id": "oat/bran", "score": 8.0}],
    }
    assert client.get("/recommendations/ada?k=1").json()["provisional"] is False
