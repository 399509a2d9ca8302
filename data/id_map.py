"""IdMap: external id <-> index; grows at the end, never renumbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SHOWN = 5  # unknown ids an error message lists


class IdMap:
    """The one place where external ids become dense indices 0..n-1 and back.

    Args:
        ids: Distinct, non-empty strings; the position of an id is its index for ever.

    Raises:
        TypeError: If ``ids`` is a single string or an id is not a string.
        ValueError: If an id is empty or stands twice.
    """

    __slots__ = ("__dict__", "_ids")

    def __init__(self, ids: Sequence[str] | NDArray[np.object_]) -> None:
        if isinstance(ids, str):
            raise TypeError(f"ids must be several strings, got the single string {ids!r}; wrap it in a list")
        self._ids = np.empty(len(ids), dtype=object)
        self._ids[:] = [_plain(value, at) for at, value in enumerate(ids)]
        self._ids.flags.writeable = False
        if len(self._index) != len(self._ids):
            twice = _first_repeated(self._ids)
            raise ValueError(f"ids must be distinct, got {twice!r} twice; drop the repeated id")

    @property
    def ids(self) -> NDArray[np.object_]:
        """All ids in index order, shape (n,), dtype object holding ``str``, read-only."""
        return self._ids

    @cached_property
    def _index(self) -> dict[str, int]:
        return {value: at for at, value in enumerate(self._ids.tolist())}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (64 hex digits) of the ids in order; equal exactly where two maps number alike."""
        digest = hashlib.sha256()
        for value in self._ids:
            encoded = value.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little"))
            digest.update(encoded)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and bool(np.array_equal(self._ids, other._ids))

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"IdMap({len(self)} ids, fingerprint {self.fingerprint[:12]})"

    def index_of(self, ids: Iterable[str]) -> NDArray[np.int64]:
        """Translate ids to indices.

        Args:
            ids: Known ids, any number of them, repeats allowed; length n.

        Returns:
            Indices, shape (n,), int64.

        Raises:
            KeyError: If an id is unknown; the message names the first unknown ids.
        """
        asked = _as_list(ids)
        get = self._index.get
        found = np.fromiter((get(value, -1) for value in asked), dtype=np.int64, count=len(asked))
        unknown = np.flatnonzero(found < 0)
        if unknown.size:
            named = ", ".join(repr(asked[at]) for at in unknown[:SHOWN])
            raise KeyError(
                f"ids must be known to this map of {len(self)} ids, got {unknown.size} unknown: {named}; "
                "filter with contains() or add them with grown()"
            )
        return found

    def contains(self, ids: Iterable[str]) -> NDArray[np.bool_]:
        """Say for each of n ids whether it is known, shape (n,), bool."""
        asked = _as_list(ids)
        return np.fromiter((value in self._index for value in asked), dtype=np.bool_, count=len(asked))

    def ids_of(self, indices: Sequence[int] | NDArray[np.int64]) -> list[str]:
        """Translate n indices back to n ids.

        Raises:
            IndexError: If an index is outside 0..len-1 (negative ones are not wrapped around).
        """
        asked = np.asarray(indices, dtype=np.int64)
        if asked.size and (asked.min() < 0 or asked.max() >= len(self)):
            raise IndexError(f"indices must lie in [0, {len(self)}), got {asked.min()}..{asked.max()}")
        found: list[str] = self._ids[asked].tolist()
        return found

    def grown(self, new_ids: Iterable[str]) -> IdMap:
        """Return a map with the unknown ones of ``new_ids`` appended in the order given; old indices stay."""
        fresh = [value for value in dict.fromkeys(_as_list(new_ids)) if value not in self._index]
        return IdMap([*self._ids.tolist(), *fresh])


def _as_list(ids: Iterable[str]) -> list[str]:
    if isinstance(ids, str):
        raise TypeError(f"ids must be several strings, got the single string {ids!r}; wrap it in a list")
    return ids.tolist() if isinstance(ids, np.ndarray) else list(ids)


def _plain(value: object, at: int) -> str:
    if not isinstance(value, str):
        raise TypeError(f"ids must be strings, got {value!r} ({type(value).__name__}) at position {at}")
    if not value:
        raise ValueError(f"ids must not be empty, got '' at position {at}")
    return str(value)


def _first_repeated(ids: Iterable[str]) -> str:
    seen: set[str] = set()
    for value in ids:
        if value in seen:
            return value
        seen.add(value)
    raise AssertionError("called without a repeated id")
