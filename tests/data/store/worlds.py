"""A small data set whose rows a test can count by hand."""

from __future__ import annotations

from typing import Any

from data.readers.dataset import Dataset, Source


def dataset(
    users: list[str] | None = None,
    items: dict[str, str] | None = None,
    events: list[tuple[str, str, int, float]] | None = None,
    **others: Any,
) -> Dataset:
    """Make a data set from literal rows; the files are called users, items and events."""
    columns = list(zip(*events, strict=True)) if events else [(), (), (), ()]
    return Dataset(
        "hand",
        users=None if users is None else Source.of_table("users", {"user_id": users}),
        items=None
        if items is None
        else Source.of_table("items", {"item_id": list(items), "text": list(items.values())}),
        interactions=None
        if events is None
        else Source.of_table(
            "events",
            dict(zip(("user_id", "item_id", "time", "weight"), map(list, columns), strict=True)),
        ),
        **others,
    )


def small() -> Dataset:
    """Users a, b, c; items x, y, z (z without interactions); four events, one pair of them twice."""
    return dataset(
        ["a", "b", "c"],
        {"x": "An X", "y": "A Y", "z": "A Z"},
        [("a", "x", 10, 1.0), ("a", "x", 20, 2.0), ("b", "y", 30, 3.0), ("a", "y", 5, 0.5)],
    )
