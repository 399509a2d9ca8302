"""The import of a data set: users, items, then events, all checked, in the caller's one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from data.columns import USER_ID
from data.errors import InputError, input_error
from data.item_texts import text_hash
from data.quarantine import Quarantine
from data.readers.checks import (
    CheckedIds,
    CheckedInteractions,
    checked_interactions,
    checked_items,
    checked_users,
)
from data.readers.dataset import Dataset, Source
from data.store.interactions import EventTable, add_events, count_new_events, max_interaction_key
from data.store.users_items import (
    NewItem,
    add_items,
    add_users,
    change_attributes,
    change_texts,
    item_keys,
    item_text_hashes,
    max_revision,
    user_keys,
)

FLUSH_ROWS = 1_000_000  # events gathered before they are sorted and written: 28 MB, and large sorted runs

Stage = Literal["users", "items", "interactions"]


@dataclass(frozen=True)
class ImportProgress:
    """How far an import has got: ``done`` of ``total`` records of a table (total None: unknown)."""

    stage: Stage
    done: int
    total: int | None


OnProgress = Callable[[ImportProgress], None]


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    Args:
        create_unknown: Create users and items that only the interactions name, items with an empty text.
        text_limit: Longer texts are cut to this many characters.
        now: Unix seconds; later times are in the future.
        quarantine: Takes interactions that are wrong; without one the first of them refuses the whole file.

    Raises:
        ValueError: If ``text_limit`` is below 1.
    """

    create_unknown: bool
    text_limit: int
    now: int
    quarantine: Quarantine | None = None

    def __post_init__(self) -> None:
        if self.text_limit < 1:
            raise ValueError(f"text_limit must be at least 1 character, got {self.text_limit}")


@dataclass
class ImportSummary:
    """What an import did, in rows.

    Args:
        users_added, items_added, interactions_added: New rows.
        items_changed: Known items that got another text.
        duplicates: Events left out because their (user, item, time) was there already.
        unknown_users_created, unknown_items_created: Of those added, how many were created because
            interactions named them; such items have an empty text and cannot be placed by it.
        truncated_texts: Texts cut to the limit.
        quarantined: Interactions set aside as wrong.
        warnings: Sentences for people.
    """

    users_added: int = 0
    items_added: int = 0
    items_changed: int = 0
    interactions_added: int = 0
    duplicates: int = 0
    unknown_users_created: int = 0
    unknown_items_created: int = 0
    truncated_texts: int = 0
    quarantined: int = 0
    warnings: list[str] = field(default_factory=list)


def import_into(
    connection: Connection, dataset: Dataset, options: ImportOptions, *, on_progress: OnProgress | None = None
) -> ImportSummary:
    """Write a data set; the caller's transaction makes it all or nothing.

    Args:
        connection: In a writing transaction.
        dataset: What a reader found.
        options: How to import.
        on_progress: Told after every batch.

    Returns:
        What was done.

    Raises:
        InputError: If a record is wrong (:mod:`data.readers.checks`), an id of users or items stands twice,
            or the interactions name an unknown user or item; the message names file, row and id.
    """
    run = _Import(connection, dataset, options, on_progress or (lambda progress: None))
    if dataset.users is not None:
        run.users(dataset.users)
    if dataset.items is not None:
        run.items(dataset.items)
    if dataset.interactions is not None:
        run.interactions(dataset.interactions)
    return run.finished()


class _Import:
    """One import under way: the keys known so far and what has been counted."""

    def __init__(
        self, connection: Connection, dataset: Dataset, options: ImportOptions, report: OnProgress
    ) -> None:
        self.connection, self.dataset, self.options, self.report = connection, dataset, options, report
        self.summary = ImportSummary(warnings=list(dataset.warnings))
        self.user_keys, self.item_keys = user_keys(connection), item_keys(connection)
        self.hashes: dict[int, str] = {}
        self.revision = max_revision(connection) + 1
        self.last_event = max_interaction_key(connection)
        # Without a list of users a first import can only take them from the events.
        self.users_implied = dataset.implied_users or (dataset.users is None and not self.user_keys)

    def users(self, source: Source) -> None:
        seen: dict[str, int] = {}
        for batch, first_row in self._batches(source, "users"):
            found = checked_users(batch, source.path, first_row=first_row, now=self.options.now)
            _require_new(source.path, "user_id", found.ids, rows=found.rows, seen=seen)
            times = found.created_at.tolist()
            self._add_users({u: t for u, t in zip(found.ids, times, strict=True) if u not in self.user_keys})

    def items(self, source: Source) -> None:
        self.hashes = item_text_hashes(self.connection)
        seen: dict[str, int] = {}
        now, limit = self.options.now, self.options.text_limit
        for batch, first_row in self._batches(source, "items"):
            found = checked_items(batch, source.path, first_row=first_row, now=now, text_limit=limit)
            _require_new(source.path, "item_id", found.ids, rows=found.rows, seen=seen)
            _require_objects(source.path, found.attributes, rows=found.rows)
            columns = (found.ids, found.texts, found.attributes, found.created_at.tolist())
            self._put_items([NewItem(*record) for record in zip(*columns, strict=True)])
            self.summary.truncated_texts += found.truncated
        if self.summary.truncated_texts:
            self.summary.warnings.append(
                f"{source.path}: {self.summary.truncated_texts} texts were cut to {limit} characters"
            )

    def interactions(self, source: Source) -> None:
        before = self.last_event
        waiting: list[EventTable] = []
        done = 0
        for read, first_row in self._batches(source, "interactions"):
            done += read.num_rows
            batch = self._sifted(read, first_row)
            found = checked_interactions(batch, source.path, first_row=first_row, now=self.options.now)
            waiting.append(
                EventTable(
                    user_keys=self._keys_of("user", source.path, found),
                    item_keys=self._keys_of("item", source.path, found),
                    times=found.times,
                    weights=found.weights,
                )
            )
            if sum(map(len, waiting)) >= FLUSH_ROWS:
                self._put_events(waiting)
                waiting = []
        self._put_events(waiting)
        count_new_events(self.connection, after=before)
        if self.options.quarantine is not None:
            self.options.quarantine.write(source.path, done)
            self.summary.quarantined = len(self.options.quarantine)

    def finished(self) -> ImportSummary:
        if self.summary.unknown_items_created:
            self.summary.warnings.append(
                f"{self.summary.unknown_items_created} items have no text; import one to place them"
            )
        return self.summary

    def _batches(self, source: Source, stage: Stage) -> Iterator[tuple[pa.RecordBatch, int]]:
        done = 0
        for batch in source.batches():
            yield batch, done + 1
            done += batch.num_rows
            self.report(ImportProgress(stage, done, source.rows))

    def _sifted(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        if self.options.quarantine is None:
            return batch
        return self.options.quarantine.sift(
            batch, first_row=first_row, now=self.options.now, unknown=self._strangers
        )

    def _strangers(self, name: str, ids: list[str]) -> set[str]:
        """Those of some ids that no list has and that are not to be created."""
        implied = name == USER_ID and self.users_implied
        if implied or self.options.create_unknown:
            return set()
        known = self.user_keys if name == USER_ID else self.item_keys
        return {value for value in ids if value not in known}

    def _add_users(self, created_at: dict[str, int]) -> None:
        first_key = len(self.user_keys) + 1  # keys are counted from 1 and no user is ever deleted
        add_users(self.connection, created_at, first_key=first_key)
        self.user_keys.update(zip(created_at, range(first_key, first_key + len(created_at)), strict=True))
        self.summary.users_added += len(created_at)

    def _put_items(self, found: list[NewItem]) -> None:
        new = [item for item in found if item.item_id not in self.item_keys]
        known = {self.item_keys[item.item_id]: item for item in found if item.item_id in self.item_keys}
        changed = {key: item for key, item in known.items() if self.hashes[key] != text_hash(item.text)}
        change_texts(self.connection, changed, revision=self.revision)
        same = {key: item.attributes for key, item in known.items() if key not in changed}
        change_attributes(self.connection, same)
        self.summary.items_changed += len(changed)
        self._add_items(new)

    def _add_items(self, new: list[NewItem]) -> None:
        first_key = len(self.item_keys) + 1
        add_items(self.connection, new, first_key=first_key, revision=self.revision)
        self.item_keys.update((item.item_id, key) for key, item in enumerate(new, start=first_key))
        self.summary.items_added += len(new)

    def _keys_of(
        self, kind: Literal["user", "item"], path: str, found: CheckedInteractions
    ) -> NDArray[np.int64]:
        ids, known = (found.users, self.user_keys) if kind == "user" else (found.items, self.item_keys)
        keys = _looked_up(ids, known)
        unknown = ids.values[keys < 0].tolist()
        if unknown:
            implied = kind == "user" and self.users_implied
            if not (implied or self.options.create_unknown):
                raise self._unknown(kind, path, ids=ids, keys=keys, rows=found.rows)
            self._create(kind, unknown)
            keys = _looked_up(ids, known)
        return keys[ids.codes]

    def _create(self, kind: Literal["user", "item"], unknown: list[str]) -> None:
        now = self.options.now
        if kind == "user":
            self._add_users(dict.fromkeys(unknown, now))
            self.summary.unknown_users_created += 0 if self.users_implied else len(unknown)
        else:
            self._add_items([NewItem(item_id, "", "{}", now) for item_id in unknown])
            self.summary.unknown_items_created += len(unknown)

    def _unknown(
        self,
        kind: str,
        path: str,
        *,
        ids: CheckedIds,
        keys: NDArray[np.int64],
        rows: NDArray[np.int64],
    ) -> InputError:
        at = int(np.flatnonzero(keys[ids.codes] < 0)[0])
        problem = f"unknown {kind}_id {ids.values[ids.codes[at]]!r}"
        remedy = f"list it in --{kind}s, or create unknown users and items with --create-unknown"
        return input_error(path, problem, remedy=remedy, row=int(rows[at]))

    def _put_events(self, waiting: list[EventTable]) -> None:
        if not waiting:
            return
        events = EventTable(
            user_keys=np.concatenate([part.user_keys for part in waiting]),
            item_keys=np.concatenate([part.item_keys for part in waiting]),
            times=np.concatenate([part.times for part in waiting]),
            weights=np.concatenate([part.weights for part in waiting]),
        )
        distinct = _sorted_distinct(events)
        added = add_events(self.connection, distinct, first_key=self.last_event + 1)
        self.last_event += len(distinct)
        self.summary.interactions_added += added
        self.summary.duplicates += len(events) - added


def _looked_up(ids: CheckedIds, known: dict[str, int]) -> NDArray[np.int64]:
    return np.fromiter((known.get(value, -1) for value in ids.values), dtype=np.int64, count=len(ids.values))


def _sorted_distinct(events: EventTable) -> EventTable:
    """Sort by user, item, time, which fills the unique index in its own order; keep the first of equals."""
    order = np.lexsort((events.times, events.item_keys, events.user_keys))
    columns = [column[order] for column in (events.user_keys, events.item_keys, events.times)]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    users, items, times = (column[first] for column in columns)
    return EventTable(users, items, times, events.weights[order][first])


def _require_new(
    path: str, name: str, ids: list[str], *, rows: NDArray[np.int64], seen: dict[str, int]
) -> None:
    for value, row in zip(ids, rows.tolist(), strict=True):
        if value in seen:
            problem = f"{name} {value!r} stands twice, first in row {seen[value]}"
            raise input_error(path, problem, remedy="keep one of the rows", row=row)
        seen[value] = row


def _require_objects(path: str, attributes: list[str], *, rows: NDArray[np.int64]) -> None:
    for text, row in zip(attributes, rows.tolist(), strict=True):
        if text == "{}":
            continue
        try:
            held = json.loads(text)
        except json.JSONDecodeError:
            held = None
        if not isinstance(held, dict):
            problem = f"attributes must be a JSON object, got {text[:60]!r}"
            raise input_error(
                path, problem, remedy='write {"name": "value"}, or leave the column out', row=row
            )
