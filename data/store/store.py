"""Store: the one door to the database; each method is one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection, Engine

from data.item_texts import TEXT_LIMIT
from data.quarantine import Quarantine
from data.readers.dataset import Dataset
from data.store import (
    erasures,
    provisional,
    publication,
    schema,
    served,
    snapshots,
    tokens,
    users_items,
    vectors,
    world,
)
from data.store import interactions as events
from data.store.arrivals import ArrivalReads
from data.store.connection import BUSY_TIMEOUT_S, connected_engine, masked, parsed_url, reading, writing
from data.store.erasures import Erasure
from data.store.importing import ImportOptions, ImportSummary, OnProgress, import_into
from data.store.interactions import EventTable, Watermark
from data.store.provisional import ProvisionalUsers
from data.store.publication import ModelVersion, Publication, PublicationLogEntry, Reason, VersionRow
from data.store.snapshots import NewSnapshot, SnapshotRow, SnapshotState
from data.store.users_items import ItemTable, UserTable
from data.store.vectors import AudienceRows, Audiences, ItemVectors, UserVectors
from data.store.waiting import WaitingReads
from data.store.world import World

Clock = Callable[[], int]


def _seconds() -> int:
    return int(time.time())


class Store(ArrivalReads, WaitingReads):
    """Users, items, events, tokens, snapshots and what is published; open it with :meth:`open`.

    Every method is one transaction: it sees one state of the database, and what it writes is there whole
    or not at all. Each raises :class:`data.errors.StoreError` where the database cannot be reached, is
    locked beyond the timeout, or is full.
    """

    def __init__(self, engine: Engine, clock: Clock = _seconds) -> None:
        self.engine = engine
        self._clock = clock

    @classmethod
    def open(
        cls,
        url: str,
        *,
        migrate: bool = True,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        clock: Clock = _seconds,
    ) -> Store:
        """Open a database, create its tables or migrate them.

        Args:
            url: ``sqlite:///path`` or ``postgresql://user:password@host/database`` (psycopg is used).
            migrate: Create or migrate the tables; False leaves them and refuses any other version.
            busy_timeout_s: Seconds to wait for another writer.
            clock: Tells the time in unix seconds.

        Raises:
            StoreError: If the URL is wrong, the database cannot be reached or is locked, its schema is
                newer than this code, or, without ``migrate``, older.
        """
        engine = connected_engine(parsed_url(url), busy_timeout_s=busy_timeout_s)
        store = cls(engine, clock)
        try:
            store._prepare_schema(migrate)
        except BaseException:
            store.close()
            raise
        return store

    def _prepare_schema(self, migrate: bool) -> None:
        with self._reading() as connection:
            behind = bool(schema.pending_revisions(connection, schema.current_revision(connection)))
            if behind and not migrate:
                schema.require_newest(connection)
        if behind:
            with self._writing() as connection:
                schema.migrate(connection)

    @property
    def url(self) -> str:
        """The URL with its password hidden."""
        return masked(self.engine.url)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self.engine)

    def _writing(self) -> AbstractContextManager[Connection]:
        return writing(self.engine)

    def schema_revision(self) -> str | None:
        """Return the schema's revision."""
        with self._reading() as connection:
            return schema.current_revision(connection)

    # Import and what came of it

    def import_dataset(
        self,
        dataset: Dataset,
        *,
        create_unknown: bool = False,
        text_limit: int = TEXT_LIMIT,
        on_progress: OnProgress | None = None,
        quarantine: Quarantine | None = None,
    ) -> ImportSummary:
        """Import a data set in one transaction.

        Known users stay; an item with another text gets it; events are added, those with the (user, item, time)
        of a stored one are counted and left out. Unknown users and items are refused, but where neither the data
        set nor the store lists users, or ``dataset.implied_users`` says so, the events say which there are.

        Args:
            dataset: What a reader found.
            create_unknown: Create unknown users, and unknown items with an empty text.
            text_limit: Longer texts are cut to this many characters and counted.
            on_progress: Told after every batch.
            quarantine: Takes the interactions that are wrong, so that the others go in.

        Raises:
            InputError: If anything is wrong; it names file, row and remedy, and the store is as it was before.
        """
        options = ImportOptions(create_unknown, text_limit, self._clock(), quarantine)
        with self._writing() as connection:
            return import_into(connection, dataset, options, on_progress=on_progress)

    def watermark(self) -> Watermark:
        """Return how far the store has got."""
        with self._reading() as connection:
            return events.read_watermark(connection)

    def counts(self) -> dict[str, int]:
        """Return the numbers of users, items, items without interactions, interactions and user tokens."""
        with self._reading() as connection:
            mark = events.read_watermark(connection)
            return {
                "users": mark.n_users,
                "items": mark.n_items,
                "items_without_interactions": users_items.count_items_without_interactions(connection),
                "interactions": mark.n_interactions,
                "user_tokens": tokens.count_tokens(connection),
            }

    def read_users(self) -> UserTable:
        """Read every user."""
        with self._reading() as connection:
            return users_items.read_users(connection)

    def read_items(self) -> ItemTable:
        """Read every item."""
        with self._reading() as connection:
            return users_items.read_items(connection)

    def read_events(self, watermark: Watermark) -> EventTable:
        """Read every event up to a watermark."""
        with self._reading() as connection:
            return events.read_events(connection, watermark.interaction_key)

    def read_world(self) -> World:
        """Read users, items, events and tokens of one moment, with its watermark."""
        with self._reading() as connection:
            return world.read_world(connection)

    # Users outside the published vocabulary, with vectors until the next retrain

    def add_provisional(self, version: int, found: ProvisionalUsers) -> None:
        """Append provisional vectors of users; the newest of a user is in force.

        Raises:
            KeyError: If the version is not stored, or a user is unknown.
            ValueError: If the vectors have another number of dimensions than the version's.
        """
        with self._writing() as connection:
            dimension = self._stored(connection, version).dimension
            if found.vectors.shape[1] != dimension:
                raise ValueError(
                    f"provisional users must have vectors of {dimension} numbers like version {version}, "
                    f"got {found.vectors.shape[1]}"
                )
            provisional.append_provisional(connection, version, found, at=self._clock())
            publication.raise_edition(connection, version)

    def read_provisional(self, version: int) -> ProvisionalUsers:
        """Read the provisional users of a version, none of a version whose vectors are not stored."""
        with self._reading() as connection:
            row = publication.version_row(connection, version)
            return provisional.read_provisional(
                connection, version, dimension=1 if row is None else row.dimension
            )

    def ensure_user(self, user_id: str) -> int:
        """Add a user without events unless he is known; return his number of events."""
        with self._writing() as connection:
            return provisional.ensure_user(connection, user_id, at=self._clock())

    def note_erasure(self, n_users: int, *, reason: str) -> None:
        """Write down that users were removed now: the next retrain starts over."""
        with self._writing() as connection:
            erasures.note_erasure(connection, Erasure(self._clock(), n_users, reason))

    def latest_erasure(self) -> Erasure | None:
        """Read when users were removed last, None if never."""
        with self._reading() as connection:
            return erasures.latest_erasure(connection)

    # User tokens

    def assign_tokens(self, user_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give users without a token the next ones; return the token index of each user given."""
        with self._writing() as connection:
            return tokens.assign_tokens(connection, user_keys)

    def read_tokens(self) -> NDArray[np.int64]:
        """Return the user_key of token 0, 1, ..."""
        with self._reading() as connection:
            return tokens.read_tokens(connection)

    # Snapshots

    def add_snapshot(
        self,
        content_hash: str,
        *,
        protocol: str,
        watermark: Watermark,
        holdout_threshold: float | None = None,
        split_choice: str = "{}",
    ) -> SnapshotRow:
        """Enter a snapshot in state ``building`` under the next sequence number."""
        new = NewSnapshot(content_hash, protocol, watermark, holdout_threshold, split_choice, self._clock())
        with self._writing() as connection:
            return snapshots.add_snapshot(connection, new)

    def snapshot(self, key: str) -> SnapshotRow:
        """Read one snapshot; KeyError if there is none of this key."""
        with self._reading() as connection:
            return snapshots.snapshot_row(connection, key)

    def snapshots(self) -> list[SnapshotRow]:
        """Read all snapshots, oldest first."""
        with self._reading() as connection:
            return snapshots.snapshot_rows(connection)

    def latest_snapshot(self, state: SnapshotState = "ready") -> SnapshotRow | None:
        """Read the newest snapshot in a state, None where there is none."""
        with self._reading() as connection:
            return snapshots.latest_snapshot(connection, state)

    def set_snapshot_state(self, key: str, state: SnapshotState) -> None:
        """Move a snapshot to another state."""
        with self._writing() as connection:
            snapshots.set_snapshot_state(connection, key, state)

    # Publication

    def publish(self, model: ModelVersion, *, reason: str, forced: bool = False) -> Publication:
        """Write a version's vectors and audiences and switch the publication to it, in one transaction."""
        at = self._clock()
        with self._writing() as connection:
            publication.write_version(connection, model, at=at)
            return publication.switch(connection, model.version, Reason(reason, forced, at))

    def switch_publication(self, version: int, *, reason: str, forced: bool = False) -> Publication:
        """Publish a version whose vectors are stored already; KeyError if they are not."""
        with self._writing() as connection:
            return publication.switch(connection, version, Reason(reason, forced, self._clock()))

    def rollback_publication(self, *, reason: str) -> Publication:
        """Publish the previous version again; ValueError if there is none."""
        with self._writing() as connection:
            return publication.rollback(connection, Reason(reason, True, self._clock()))

    def add_placements(self, version: int, items: ItemVectors, audiences: Audiences) -> None:
        """Add, or replace, vectors and audiences of items in a stored version, in one transaction.

        Raises:
            KeyError: If the version is not stored, or an item or user is unknown.
            ValueError: If the vectors have another number of dimensions than the version's.
        """
        with self._writing() as connection:
            dimension = self._stored(connection, version).dimension
            if items.vectors.shape[1] != dimension:
                raise ValueError(
                    f"items must have vectors of {dimension} numbers like version {version}, "
                    f"got {items.vectors.shape[1]}"
                )
            vectors.write_items(connection, version, items)
            vectors.write_audiences(connection, version, audiences)
            if len(items):
                publication.raise_edition(connection, version)

    def current_publication(self) -> Publication | None:
        """Read which version is published, None where none is."""
        with self._reading() as connection:
            return publication.current_publication(connection)

    def publication_log(self) -> list[PublicationLogEntry]:
        """Read every switch of the publication, oldest first."""
        with self._reading() as connection:
            return publication.publication_history(connection)

    def model_versions(self) -> list[VersionRow]:
        """Read all versions whose vectors are stored."""
        with self._reading() as connection:
            return publication.version_rows(connection)

    def read_published(self, version: int) -> tuple[UserVectors, ItemVectors]:
        """Read the vectors of a version; KeyError if they are not stored."""
        with self._reading() as connection:
            dimension = self._stored(connection, version).dimension
            found_users = vectors.read_user_vectors(connection, version, dimension=dimension)
            return found_users, vectors.read_item_vectors(connection, version, dimension=dimension)

    def read_audiences(self, version: int, item_ids: Sequence[str] | None = None) -> AudienceRows:
        """Read the audiences of a version, of all items or of those named; KeyError if it is not stored."""
        with self._reading() as connection:
            self._stored(connection, version)
            return vectors.read_audiences(connection, version, item_ids)

    def audience_counts(self, version: int, *, k: int) -> NDArray[np.int64]:
        """Count in how many audiences of a version each of their users is among the first ``k``."""
        with self._reading() as connection:
            self._stored(connection, version)
            return vectors.read_audience_counts(connection, version, k=k)

    def newest_texts(self, user_ids: Sequence[str], *, limit: int) -> dict[str, list[str]]:
        """Read the texts of the newest ``limit`` items of some users, the newest first."""
        with self._reading() as connection:
            return served.read_newest_texts(connection, user_ids, limit=limit)

    def prune(self, keep: int) -> list[int]:
        """Delete the vectors of all but the ``keep`` newest versions, never those published now or before."""
        with self._writing() as connection:
            return publication.prune_versions(connection, keep)

    def _stored(self, connection: Connection, version: int) -> VersionRow:
        found = publication.version_row(connection, version)
        if found is None:
            raise KeyError(f"model version {version} has no vectors in the store; see model_versions()")
        return found
