"""Users under other names: the whole way from snapshot to report gives the same figures."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.readers.dataset import Dataset, Source
from data.readers.synthetic import SyntheticWorld
from data.snapshot import Snapshot
from data.snapshot_plan import freeze_snapshot, plan_snapshot
from data.split_choice import SplitChoice
from data.store.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BY_TIME = SplitChoice(protocol="time")  # the live holdout draws by ids, so other names are another draw

NAME_READER = "name_reader"


def snapshot_of(folder: Path, names: Mapping[str, str]) -> Snapshot:
    """A world's snapshot by time, its users renamed."""
    folder.mkdir()
    dataset = SyntheticWorld.create(60, 240, n_topics=4, n_interactions=4000, seed=3).dataset()
    sources: dict[str, Any] = {}
    for table in ("users", "items", "interactions"):
        columns = _columns(getattr(dataset, table))
        if "user_id" in columns:
            columns["user_id"] = [names[user] for user in columns["user_id"]]
        sources[table] = Source.of_table(table, columns)
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        store.import_dataset(Dataset("world", **sources))
        return freeze_snapshot(store, plan_snapshot(store, BY_TIME).key)


def _columns(source: Source) -> dict[str, list[Any]]:
    import pyarrow as pa

    table = pa.Table.from_batches(list(source.batches()))
    return {name: table.column(name).to_pylist() for name in table.column_names if name != "row"}


def figures(snapshot: Snapshot, language_model: str) -> dict[tuple[Any, ...], float]:
    """Every figure of the report on a snapshot: trained, judged and compiled as the stations do it."""
    import torch

    from assets.judging import evaluation_input, judge_all
    from assets.scorers import Judged, product_scorers, reference_scorers
    from assets.spaces import composed_space
    from models.coldstart.config import ColdUpdateConfig
    from models.collaborative.config import BprConfig
    from models.collaborative.fit import fit_bpr
    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.fit import fit_filterllm

    torch.set_num_threads(1)
    space = fit_bpr(
        snapshot.split.train,
        n_users=snapshot.n_users,
        n_items=snapshot.n_items,
        config=BprConfig(d=8, epochs=3),
    )
    config = FilterLLMConfig(
        language_model=language_model, lora_epochs=0, epochs=2, mapper_width=32, max_tokens=16
    )
    model = fit_filterllm(snapshot.texts[space.warm_item_index], snapshot.split.train, space, config=config)
    placement = ColdUpdateConfig()
    published = composed_space(snapshot, space, model, placement)
    judged = product_scorers(snapshot, published, model, placement)
    judged |= reference_scorers(snapshot, space, model, seed=0)
    judged[NAME_READER] = Judged(NameReader(list(snapshot.users.ids)))
    judgements = judge_all(judged, evaluation_input(snapshot), report=lambda done, total, note: None)
    return {
        (row.model, row.setting, row.side, row.evaluator, row.metric, row.k, end): getattr(row, end)
        for name, judgement in judgements.items()
        for row in judgement.rows(name)
        for end in ("value", "low", "high")
        if getattr(row, end) is not None
    }


@dataclass(frozen=True)
class NameReader:
    """The planted fault: a model that looks at the spelling of its users' ids."""

    ids: list[str]

    def scores(self, user_index: Any, item_index: Any) -> Any:
        """Scores that follow the ids, shape (b, c), float32."""
        spelling = np.array([zlib.crc32(self.ids[user].encode()) % 997 for user in user_index])
        return np.sin(spelling[:, None] * (1.0 + item_index[None, :])).astype(np.float32)


def test_other_names_give_the_same_figures(tmp_path: Path) -> None:
    from tests.fakes import tiny_encoder

    language_model = tiny_encoder(tmp_path / "encoder")
    ids = [f"user-{at:04d}" for at in range(60)]
    order = np.random.default_rng(0).permutation(len(ids))
    permuted = {user: ids[at] for user, at in zip(ids, order, strict=True)}
    before = figures(snapshot_of(tmp_path / "before", {user: user for user in ids}), language_model)
    after = figures(snapshot_of(tmp_path / "after", permuted), language_model)
    assert {key: values for key, values in after.items() if key[0] != NAME_READER} == pytest.approx(
        {key: values for key, values in before.items() if key[0] != NAME_READER}, nan_ok=True
    )
    assert len(before) > 100
    assert any(after[key] != values for key, values in before.items() if key[0] == NAME_READER)
