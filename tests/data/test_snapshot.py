"""Snapshot: saving and loading change nothing; damage is found and named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from data.errors import InputError
from data.id_map import IdMap
from data.snapshot import Snapshot
from data.snapshot_build import build_snapshot
from data.split_choice import SplitChoice
from tests.data.contents import contents_of, random_events


@pytest.fixture
def snapshot() -> Snapshot:
    contents = contents_of(
        random_events(20, 38, n=400, seed=0),
        users=[f"Nutzer-ü{at}" for at in range(20)],
        items=[f"i{at}" for at in range(40)],
        tokens=[5, 2],
    )
    choice = SplitChoice(holdout=0.25, minimum=10)
    return build_snapshot(contents, choice, key="000001-test", created_at="2024-01-01T00:00:00+00:00")


def test_saving_and_loading_change_nothing(snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.save(tmp_path)
    loaded = Snapshot.load(tmp_path)
    assert loaded.users == snapshot.users
    assert loaded.items == snapshot.items
    assert loaded.texts == snapshot.texts
    assert loaded.manifest == snapshot.manifest
    assert loaded.key == "000001-test"
    assert loaded.split.holdout_threshold == snapshot.split.holdout_threshold
    for one, other in (
        (loaded.user_tokens, snapshot.user_tokens),
        (loaded.interactions.pairs, snapshot.interactions.pairs),
        (loaded.interactions.times, snapshot.interactions.times),
        (loaded.interactions.weights, snapshot.interactions.weights),
        (loaded.split.train, snapshot.split.train),
        (loaded.split.test.cold, snapshot.split.test.cold),
        (loaded.split.item_role, snapshot.split.item_role),
    ):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_equal_snapshots_rest_as_equal_bytes(snapshot: Snapshot, tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        snapshot.save(folder)
    for name in ("users.parquet", "items.parquet", "interactions.parquet", "manifest.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


@pytest.mark.parametrize("name", ["users.parquet", "items.parquet", "interactions.parquet"])
def test_a_damaged_file_is_named(snapshot: Snapshot, tmp_path: Path, name: str) -> None:
    snapshot.save(tmp_path)
    damaged = bytearray((tmp_path / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(damaged))
    with pytest.raises(InputError, match=rf"{name}: the file is damaged.*materialize the snapshot again"):
        Snapshot.load(tmp_path)


@pytest.mark.parametrize("name", ["users.parquet", "manifest.json"])
def test_a_missing_file_is_named(snapshot: Snapshot, tmp_path: Path, name: str) -> None:
    snapshot.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: .* missing"):
        Snapshot.load(tmp_path)


def test_a_truncated_manifest_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.save(tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(InputError, match="not the manifest of a snapshot"):
        Snapshot.load(tmp_path)


def test_content_swapped_together_with_its_digest_is_found(snapshot: Snapshot, tmp_path: Path) -> None:
    import hashlib

    snapshot.save(tmp_path)
    path = tmp_path / "items.parquet"
    table = parquet.read_table(path)
    texts = ["forged", *table.column("text").to_pylist()[1:]]
    parquet.write_table(table.set_column(1, "text", pa.array(texts)), path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["items.parquet"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="the files beside it hash to"):
        Snapshot.load(tmp_path)


def test_what_does_not_fit_together_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(ValueError, match="user_tokens must count 20, got 19"):
        replace(snapshot, user_tokens=snapshot.user_tokens[1:])
    with pytest.raises(ValueError, match="user_tokens must rise"):
        replace(snapshot, user_tokens=snapshot.user_tokens[::-1])
    with pytest.raises(ValueError, match=r"every user must have a training pair, got 1 without: \['new'\]"):
        replace(
            snapshot,
            users=IdMap([*snapshot.users.ids, "new"]),
            user_tokens=np.append(snapshot.user_tokens, 99),
            interactions=replace(snapshot.interactions, n_users=21),
        )
    moved = snapshot.interactions.pairs.copy()
    moved[0, 1] = (moved[0, 1] + 1) % 40
    with pytest.raises(ValueError, match="the split's pairs must be the interactions"):
        replace(snapshot, interactions=replace(snapshot.interactions, pairs=moved))


def test_parts_stand_beside_the_interactions(snapshot: Snapshot) -> None:
    train = snapshot.interactions.pairs[snapshot.parts == 0]
    assert sorted(map(tuple, train.tolist())) == sorted(map(tuple, snapshot.split.train.tolist()))


def test_rows_beyond_one_row_group_are_written_in_order(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.snapshot.ROW_GROUP", 100)
    snapshot.save(tmp_path)
    path = tmp_path / "interactions.parquet"
    assert parquet.ParquetFile(path).num_row_groups == -(-len(snapshot.interactions) // 100)
    loaded = Snapshot.load(tmp_path)
    assert np.array_equal(loaded.interactions.pairs, snapshot.interactions.pairs)
    assert np.array_equal(loaded.parts, snapshot.parts)


def test_the_bytes_are_those_of_the_whole_table(snapshot: Snapshot, tmp_path: Path) -> None:
    snapshot.save(tmp_path)
    columns = {
        "user_index": snapshot.interactions.pairs[:, 0],
        "item_index": snapshot.interactions.pairs[:, 1],
        "time": snapshot.interactions.times,
        "weight": snapshot.interactions.weights,
        "part": snapshot.parts,
    }
    parquet.write_table(pa.table(columns), tmp_path / "whole.parquet", compression="zstd")
    assert (tmp_path / "interactions.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
