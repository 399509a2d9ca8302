"""A retrain that goes on from the published version, and when it may not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from data.home import Home
from orchestration.extending import extending
from orchestration.settings import Settings
from tests.orchestration.worlds import Cli, arrive, filled, open_store, publish_all, trained


def test_without_a_published_version_it_starts_over(home: Home) -> None:
    settings, why = extending(home, Settings.read(home))
    assert settings.effective()["extension"]["version"] is None
    assert why == "nothing is published yet: training in full"


@pytest.mark.slow
def test_after_an_erasure_the_next_one_starts_over(home: Home) -> None:
    filled(home)
    publish_all(home)
    assert extending(home, Settings.read(home))[0].run_config()["resources"] == {
        "extension": {"config": {"version": 1}}
    }
    with open_store(home) as store:
        assert store.latest_erasure() is None
        store.note_erasure(3, reason="asked to be forgotten")
    settings, why = extending(home, Settings.read(home, None, ["extension.version=1"]))
    assert settings.effective()["extension"]["version"] is None
    assert why == (
        "3 users were erased after the snapshot of version 1 (asked to be forgotten): training in full"
    )


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A home with a published version 1 that grows."""
    before = dict(os.environ)
    for name in ("COLDCAST_DATABASE_URL", "COLDCAST_MLFLOW_URL", "COLDCAST_DAGSTER_URL"):
        os.environ.pop(name, None)
    yield trained(tmp_path_factory.mktemp("extending"))
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of packages that load while stations run
def test_the_published_version_is_extended_by_a_job_of_its_own(own_home: Cli) -> None:
    import dagster as dg

    from orchestration.environments import COMMAND_LINE

    arrive(own_home.home, "new-a", "new-b", events=6)
    told = own_home.run("retrain", "--extend")
    assert "extending version 1" in told
    assert "version 2:" in told
    key = next((own_home.home.artifacts / "bpr_embeddings").glob("000002-*")).name
    epochs = {}
    for station in ("bpr_embeddings", "token_vectors", "user_vocabulary_checkpoint"):
        record = json.loads((own_home.home.artifacts / station / key / "record.json").read_text())
        epochs[station] = len(record["epochs"])
        assert record["parameters"]["extends"] == 1  # what is kept of an interrupted one depends on it
    assert epochs["bpr_embeddings"] == 0  # carried over, new users folded in
    assert epochs["token_vectors"] >= 1
    with dg.DagsterInstance.from_config(str(own_home.home.dagster), COMMAND_LINE) as instance:
        assert len(instance.get_run_records(dg.RunsFilter(job_name="extend"))) == 1
    assert "no new data since snapshot" in own_home.run("retrain")  # however it was reached, it is done
