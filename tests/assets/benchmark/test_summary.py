"""From the folders of finished benchmarks to one table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.benchmark.documents import markers
from assets.benchmark.registry import ENTRIES
from assets.benchmark.run import run_benchmark
from assets.benchmark.summary import CLOSED_FORMS, summarised
from data.errors import InputError
from data.snapshot import Snapshot
from tests.assets.benchmark.worlds import keep_features, request

pytestmark = pytest.mark.usefixtures("read_once")


def test_folders_are_summed_up_from_what_runs_leave(world: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for number, folder in enumerate(folders):
        keep_features(folder, snapshot.content_hash)
        run_benchmark(request(world, folder, only=("ridge", "popularity")), entries=ENTRIES)
        found = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))
        found["about"]["split_hash"] = str(number)  # stands for another split
        (folder / "benchmark.json").write_text(json.dumps(found), encoding="utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "results.md").write_text("\n".join(markers("citeulike-summary")), encoding="utf-8")
    summary = summarised(folders, tmp_path / "all", docs=docs)
    assert summary.spreads["ridge", "cold", "ndcg"].deviation == 0
    assert summary.best_closed_form == "ridge"
    assert summary.differences == []  # the product is in neither
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"summary.json", "summary.md"}
    assert "### Means over splits" in (docs / "results.md").read_text(encoding="utf-8")
    assert (docs / "results" / "citeulike-summary.json").exists()
    with pytest.raises(InputError, match="is there twice"):
        summarised([folders[0], folders[0]], tmp_path / "twice")


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no results .* run coldcast benchmark"):
        summarised([tmp_path], tmp_path / "all")


def test_closed_forms_are_those_of_the_table() -> None:
    models = {model for one in ENTRIES for model in one.models}
    assert set(CLOSED_FORMS) <= models
    assert {"ridge", "kernel_ridge", "tfidf_kernel_ridge", "content_knn"} <= set(CLOSED_FORMS)
    assert not {"chance", "default"} & set(CLOSED_FORMS)
