"""The routes: recommendations for a user, the audience of an item, and what is being served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from data.errors import StoreError
from data.home import Home
from serving.published import NothingPublishedError, PublicationSource, PublishedVersions
from serving.recommender import (
    RankedId,
    UnknownItemError,
    UnknownUserError,
    nearest_users,
    published_audience,
    recommend_items,
)
from serving.store_source import StoreSource

LOOPBACK = "127.0.0.1"
PORT = 8000
MOST_RESULTS = 1_000

# no store holds an id with a NUL, and PostgreSQL fails where it is asked for one
Id = Annotated[str, Path(pattern=r"^[^\x00]*$", description="the external id, as it was imported")]
Wanted = Annotated[int, Query(ge=1, le=MOST_RESULTS, description="how many to return")]


class Scored(BaseModel):
    """One place in a ranking."""

    id: str
    score: float


class Recommendations(BaseModel):
    """Items for a user, best first; provisional where the user was folded in since the last retrain."""

    user_id: str
    version: int
    provisional: bool
    items: list[Scored]


class Audience(BaseModel):
    """Users for an item, best first.

    On the basis of its text a score is a log-probability in nats, normalised over all users; on the basis
    of vectors it is their inner product.
    """

    item_id: str
    version: int
    basis: Literal["text", "vectors"]
    users: list[Scored]


class Health(BaseModel):
    """Whether requests can be answered."""

    status: str
    version: int


class Version(BaseModel):
    """What is being served."""

    version: int
    users: int
    items: int
    dimensions: int


def create_app(source: PublicationSource, *, check_seconds: float = 5.0) -> FastAPI:
    """Build the application.

    Args:
        source: Where published versions and seen items come from.
        check_seconds: How long answers may rest on a version that is no longer the published one.

    Returns:
        The application; nothing is read before the first request.
    """
    app = FastAPI(title="Coldcast", description="Items for users, users for items.")
    published = PublishedVersions(source, check_seconds=check_seconds)
    _answer_errors(app)

    @app.get("/health")
    def health() -> Health:
        """200 once a version is published and readable, 503 before."""
        return Health(status="ok", version=published.current().version)

    @app.get("/version")
    def version() -> Version:
        """The version in use and its sizes."""
        space = published.current()
        return Version(
            version=space.version,
            users=len(space.user_ids),
            items=len(space.item_ids),
            dimensions=space.users.shape[1],
        )

    @app.get("/recommendations/{user_id:path}")
    def recommendations(user_id: Id, k: Wanted = 20) -> Recommendations:
        """The items a user is most likely to want, without those already seen."""
        space = published.current()
        ranked = recommend_items(space, user_id, k=k, seen=source.items_of(user_id))
        return Recommendations(
            user_id=user_id,
            version=space.version,
            provisional=space.is_provisional(user_id),
            items=_scored(ranked),
        )

    @app.get("/audience/{item_id:path}")
    def audience(item_id: Id, k: Wanted = 20) -> Audience:
        """The users most likely to want an item, without those who already have it.

        An item that was placed by its text answers with its published audience, any other by its vector.
        """
        space = published.current()
        seen_by = source.users_of(item_id)
        predicted = source.audience_of(space.version, item_id)
        if predicted:
            users = _scored(published_audience(predicted, k=k, seen_by=seen_by))
            return Audience(item_id=item_id, version=space.version, basis="text", users=users)
        users = _scored(nearest_users(space, item_id, k=k, seen_by=seen_by))
        return Audience(item_id=item_id, version=space.version, basis="vectors", users=users)

    return app


def _scored(ranked: Sequence[RankedId]) -> list[Scored]:
    """The ranking in the shape of the answer."""
    return [Scored(id=each.id, score=each.score) for each in ranked]


def _answer_errors(app: FastAPI) -> None:
    """Unknown ids become 404; nothing published, or a store out of reach, becomes 503; each says why."""

    def not_found(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": error.args[0]}, status_code=404)

    def unavailable(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=503)

    app.add_exception_handler(UnknownUserError, not_found)
    app.add_exception_handler(UnknownItemError, not_found)
    app.add_exception_handler(NothingPublishedError, unavailable)
    app.add_exception_handler(StoreError, unavailable)


def from_home() -> FastAPI:
    """The application over the environment's home, for ``uvicorn --factory serving.app:from_home``."""
    return create_app(StoreSource.open(Home.resolve().database_url))


def serve(database_url: str, *, host: str = LOOPBACK, port: int = PORT) -> None:
    """Answer requests over the published version of a store until stopped.

    Args:
        database_url: SQLAlchemy URL of the store.
        host: Address to listen on; this machine only unless told otherwise.
        port: Port to listen on.

    Raises:
        StoreError: If the store cannot be opened.
    """
    source = StoreSource.open(database_url)
    try:
        uvicorn.run(create_app(source), host=host, port=port)
    finally:
        source.close()
