"""The publication: one row says which model version is served; all its vectors switch with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data.store.vectors import (
    Audiences,
    ItemVectors,
    UserVectors,
    forget_vectors,
    write_audiences,
    write_items,
    write_users,
)
from data.tables import model_versions, publication, publication_log


@dataclass(frozen=True, eq=False)
class ModelVersion:
    """Everything that is published of one model version.

    Args:
        version: The registry's number, at least 1.
        snapshot_key: The snapshot it was trained on.
        content_hash: Of that snapshot.
        users: Vectors of the U users of its vocabulary, (U, D).
        items: Vectors of warm, cold and held-out items, (I, D).
        audiences: Of the cold items.
    """

    version: int
    snapshot_key: str
    content_hash: str
    users: UserVectors
    items: ItemVectors
    audiences: Audiences

    def __post_init__(self) -> None:
        if self.version < 1:
            raise ValueError(f"version must be at least 1, got {self.version}")
        if self.users.vectors.shape[1] != self.items.vectors.shape[1]:
            raise ValueError(
                "users and items must lie in one space, got vectors of "
                f"{self.users.vectors.shape[1]} and {self.items.vectors.shape[1]} numbers"
            )


@dataclass(frozen=True)
class VersionRow:
    """What the store remembers of a version.

    ``predecessor`` was published before it; ``edition`` has risen with every write of its vectors.
    """

    version: int
    snapshot_key: str
    content_hash: str
    dimension: int
    created_at: int
    predecessor: int | None
    edition: int


@dataclass(frozen=True)
class Publication:
    """The published version, the one a rollback leads to, and since when (unix seconds)."""

    version: int
    previous_version: int | None
    published_at: int


@dataclass(frozen=True)
class PublicationLogEntry:
    """One switch of the publication: when (unix seconds), what, from which version, and why."""

    at: int
    action: Literal["publish", "rollback"]
    version: int
    previous_version: int | None
    forced: bool
    reason: str


@dataclass(frozen=True)
class Reason:
    """Why the publication is switched: a sentence, whether somebody overruled the rules, and when."""

    sentence: str
    forced: bool
    at: int


def write_version(connection: Connection, model: ModelVersion, *, at: int) -> None:
    """Write a version's vectors and audiences, in place of any it had.

    Args:
        connection: In a writing transaction.
        model: All of it.
        at: Unix seconds.
    """
    values = {
        "snapshot_key": model.snapshot_key,
        "content_hash": model.content_hash,
        "dimension": int(model.users.vectors.shape[1]),
        "created_at": at,
    }
    if version_row(connection, model.version) is None:
        connection.execute(sa.insert(model_versions).values(version=model.version, **values))
    else:
        forget_vectors(connection, model.version)
        same = model_versions.c.version == model.version
        connection.execute(sa.update(model_versions).where(same).values(**values))
        raise_edition(connection, model.version)
    write_users(connection, model.version, model.users)
    write_items(connection, model.version, model.items)
    write_audiences(connection, model.version, model.audiences)


def raise_edition(connection: Connection, version: int) -> None:
    """Write down that vectors of a version were added or replaced: who holds them in memory reads them again."""
    same = model_versions.c.version == version
    connection.execute(sa.update(model_versions).where(same).values(edition=model_versions.c.edition + 1))


def switch(connection: Connection, version: int, reason: Reason) -> Publication:
    """Publish a version whose vectors are written.

    Raises:
        KeyError: If the store has no vectors of this version.
    """
    if version_row(connection, version) is None:
        raise KeyError(f"model version {version} has no vectors in the store; publish it whole first")
    current = current_publication(connection)
    if current is not None and current.version == version:
        previous = current.previous_version
    else:
        previous = None if current is None else current.version
        same = model_versions.c.version == version
        connection.execute(sa.update(model_versions).where(same).values(predecessor=previous))
    return _put(connection, Publication(version, previous, reason.at), action="publish", reason=reason)


def rollback(connection: Connection, reason: Reason) -> Publication:
    """Publish the previous version again; a second rollback goes one further back.

    Raises:
        ValueError: If nothing is published, or there is no previous version to return to.
    """
    current = current_publication(connection)
    if current is None:
        raise ValueError(
            "nothing is published, so there is nothing to roll back; run `coldcast retrain` first"
        )
    target = None if current.previous_version is None else version_row(connection, current.previous_version)
    if target is None:
        raise ValueError(
            f"version {current.version} has no predecessor with vectors in the store; "
            "publish another one with `coldcast promote --force VERSION`"
        )
    new = Publication(target.version, target.predecessor, reason.at)
    return _put(connection, new, action="rollback", reason=reason, from_version=current.version)


def current_publication(connection: Connection) -> Publication | None:
    """Read which version is published, None where none is."""
    found = connection.execute(sa.select(publication)).mappings().one_or_none()
    if found is None:
        return None
    return Publication(found["version"], found["previous_version"], found["published_at"])


def publication_history(connection: Connection) -> list[PublicationLogEntry]:
    """Read every switch, oldest first."""
    found = connection.execute(sa.select(publication_log).order_by(publication_log.c.entry)).mappings()
    return [
        PublicationLogEntry(
            at=row["at"],
            action=row["action"],
            version=row["version"],
            previous_version=row["previous_version"],
            forced=bool(row["forced"]),
            reason=row["reason"],
        )
        for row in found
    ]


def version_row(connection: Connection, version: int) -> VersionRow | None:
    """Read what the store remembers of a version, None where it has no vectors."""
    one = sa.select(model_versions).where(model_versions.c.version == version)
    found = connection.execute(one).mappings().one_or_none()
    return None if found is None else VersionRow(**found)


def version_rows(connection: Connection) -> list[VersionRow]:
    """Read all versions with vectors, oldest number first."""
    found = connection.execute(sa.select(model_versions).order_by(model_versions.c.version)).mappings()
    return [VersionRow(**row) for row in found]


def prune_versions(connection: Connection, keep: int) -> list[int]:
    """Delete the vectors of all but the ``keep`` newest versions, never those published now or before.

    Returns:
        The versions deleted, rising.

    Raises:
        ValueError: If ``keep`` is below 1.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1 version, got {keep}")
    current = current_publication(connection)
    held = set() if current is None else {current.version, current.previous_version}
    versions = [row.version for row in version_rows(connection)]
    doomed = [version for version in versions[:-keep] if version not in held]
    for version in doomed:
        connection.execute(sa.delete(model_versions).where(model_versions.c.version == version))
    return doomed


def _put(
    connection: Connection,
    new: Publication,
    *,
    action: Literal["publish", "rollback"],
    reason: Reason,
    from_version: int | None = None,
) -> Publication:
    values = dict(vars(new))
    if current_publication(connection) is None:
        connection.execute(sa.insert(publication).values(id=1, **values))
    else:
        connection.execute(sa.update(publication).values(**values))
    connection.execute(
        sa.insert(publication_log).values(
            at=reason.at,
            action=action,
            version=new.version,
            previous_version=new.previous_version if from_version is None else from_version,
            forced=reason.forced,
            reason=reason.sentence,
        )
    )
    return new
