"""The split that somebody else made: read from a folder of ``user,item`` files and reproduced exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from data.errors import InputError, input_error
from data.id_map import IdMap
from data.split import ItemRole, PairPart, Split, pair_keys, settled_split

PART_FILES = {
    PairPart.TRAIN: "warm_train.csv",
    PairPart.WARM_VALIDATION: "warm_val.csv",
    PairPart.WARM_TEST: "warm_test.csv",
    PairPart.COLD_VALIDATION: "cold_item_val.csv",
    PairPart.COLD_TEST: "cold_item_test.csv",
}
OVERALL_FILES = {"validation": "overall_val.csv", "test": "overall_test.csv"}
COLUMNS = ["user", "item"]


def files_split(directory: Path, users: IdMap, *, items: IdMap) -> Split:
    """Read a split from its folder.

    The folder holds ``warm_train.csv``, ``warm_val.csv``, ``warm_test.csv``, ``cold_item_val.csv`` and
    ``cold_item_test.csv``, each with the header ``user,item`` and external ids. Where ``overall_val.csv`` and
    ``overall_test.csv`` lie beside them, they must equal warm + cold restricted to the users who have both.

    Args:
        directory: The folder.
        users: Ids of the U users the pairs may name.
        items: Ids of the I items; an item that no file names is WITHOUT_INTERACTIONS as far as the files
            know.

    Returns:
        The split, in the indices of the two maps.

    Raises:
        InputError: If a file is missing or is no such table, names an unknown id, holds a pair twice or a
            pair of another file, contradicts the cold items of another file, or an overall file differs.

    Source: the public ColdRec protocol (80 % of items warm, pairs 80/10/10, cold items half and half).
    """
    parts: list[NDArray[np.int8]] = []
    tables: list[NDArray[np.int64]] = []
    for part, name in PART_FILES.items():
        pairs = _read_pairs(directory / name, users, items=items)
        tables.append(pairs)
        parts.append(np.full(len(pairs), part, dtype=np.int8))
    all_pairs, all_parts = np.concatenate(tables), np.concatenate(parts)
    _refuse_overlap(directory, all_pairs, all_parts, users=users, items=items)
    role = _item_roles(directory, all_pairs, all_parts, items=items)
    order = np.argsort(pair_keys(all_pairs, len(items)))
    split = settled_split("files", all_pairs[order], parts=all_parts[order], item_role=role)
    for phase, held_out in (("validation", split.validation), ("test", split.test)):
        _check_overall(directory / OVERALL_FILES[phase], held_out.overall, users=users, items=items)
    return split


def _read_pairs(path: Path, users: IdMap, *, items: IdMap) -> NDArray[np.int64]:
    table = _read_table(path)
    columns = []
    for name, known in (("user", users), ("item", items)):
        ids = table.column(name).to_pylist()
        missing = np.flatnonzero(~known.contains(ids))
        if missing.size:
            raise input_error(
                path,
                f"{name} {ids[missing[0]]!r} is not in the store ({missing.size} unknown in all)",
                remedy="import the data set this split belongs to, or pass another folder",
                row=int(missing[0]) + 2,
            )
        columns.append(known.index_of(ids))
    pairs = np.stack(columns, axis=1)
    _, first, count = np.unique(pair_keys(pairs, len(items)), return_index=True, return_counts=True)
    if (count > 1).any():
        keys = pair_keys(pairs, len(items))
        twice = int(np.flatnonzero(keys == keys[first[count > 1].min()])[1])
        user, item = users.ids_of(pairs[twice, :1])[0], items.ids_of(pairs[twice, 1:])[0]
        raise input_error(
            path, f"the pair {user},{item} stands twice", remedy="remove one line", row=twice + 2
        )
    return pairs


def _read_table(path: Path) -> pa.Table:
    if not path.is_file():
        raise input_error(
            path,
            "the split's file is missing",
            remedy=f"pass a folder that holds {', '.join(PART_FILES.values())}",
        )
    options = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False)
    try:
        table = csv.read_csv(
            path, parse_options=csv.ParseOptions(ignore_empty_lines=False), convert_options=options
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise input_error(path, f"not a table of user,item: {error}", remedy="restore the file") from error
    if table.column_names != COLUMNS:
        raise input_error(
            path, f"columns must be {COLUMNS}, got {table.column_names}", remedy="name them so", row=1
        )
    return table


def _refuse_overlap(
    directory: Path, pairs: NDArray[np.int64], parts: NDArray[np.int8], *, users: IdMap, items: IdMap
) -> None:
    keys = pair_keys(pairs, len(items))
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if same.size:
        one, other = order[same[0]], order[same[0] + 1]
        first, second = (PART_FILES[PairPart(int(parts[at]))] for at in (one, other))
        user, item = users.ids_of(pairs[one, :1])[0], items.ids_of(pairs[one, 1:])[0]
        raise InputError(
            f"{directory}: the pair {user},{item} stands in {first} and in {second} "
            f"({same.size} pairs overlap in all); what is held out must not train. "
            "Remedy: remove it from one of them"
        )


def _item_roles(
    directory: Path, pairs: NDArray[np.int64], parts: NDArray[np.int8], *, items: IdMap
) -> NDArray[np.int8]:
    role = np.full(len(items), ItemRole.WITHOUT_INTERACTIONS, dtype=np.int8)
    claims = (
        (ItemRole.WARM, [PairPart.TRAIN, PairPart.WARM_VALIDATION, PairPart.WARM_TEST]),
        (ItemRole.COLD_VALIDATION, [PairPart.COLD_VALIDATION]),
        (ItemRole.COLD_TEST, [PairPart.COLD_TEST]),
    )
    for claimed, of_parts in claims:
        named = np.unique(pairs[np.isin(parts, of_parts), 1])
        taken = named[role[named] != ItemRole.WITHOUT_INTERACTIONS]
        if taken.size:
            files = " and ".join(PART_FILES[part] for part in of_parts)
            raise InputError(
                f"{directory}: item {items.ids_of(taken[:1])[0]!r} is {claimed.name} by {files}, but "
                f"{ItemRole(int(role[taken[0]])).name} by another file ({taken.size} such items). "
                "Remedy: give each item to the warm files or to one cold file"
            )
        role[named] = claimed
    return role


def _check_overall(path: Path, expected: NDArray[np.int64], *, users: IdMap, items: IdMap) -> None:
    if not path.is_file():
        return
    given = pair_keys(_read_pairs(path, users, items=items), len(items))
    differing = np.setxor1d(given, pair_keys(expected, len(items)))
    if differing.size:
        user, item = divmod(int(differing[0]), len(items))
        raise input_error(
            path,
            f"must equal the warm and cold pairs of the users who have both ({len(expected)} pairs), "
            f"got {len(given)}; {differing.size} differ, "
            f"first {users.ids_of([user])[0]},{items.ids_of([item])[0]}",
            remedy="remove the file, or restore the folder as it was published",
        )
