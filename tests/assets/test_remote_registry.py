"""The registry behind a real MLflow server: everything by HTTP, and what happens when the server stops."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.registry import Registry, RegistryUnavailable
from tests.assets.mlflow_worlds import World
from tests.assets.test_mlflow_home import closed_port


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A server on a free loopback port that keeps everything in ``folder``."""
    port = closed_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    options = ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder / 'server.db'}"]
    artifacts = ["--artifacts-destination", str(folder / "kept")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options, *artifacts],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            for _ in range(480):
                if process.poll() is not None:
                    pytest.fail(f"the server ended: {(folder / 'server.log').read_text()[-2000:]}")
                with (
                    contextlib.suppress(OSError),
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5),
                ):
                    break
                time.sleep(0.25)
            yield f"http://127.0.0.1:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_whole_life_of_a_version_on_a_server_that_stops_in_the_end(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with mlflow_server(tmp_path) as address:
        registry = Registry(address, tmp_path / "ignored", retry_seconds=20)
        world = World(registry, tmp_path)
        first = world.register("dagster-1", metrics={"cold/ndcg@20": 0.25})
        parent = registry.tracking.retrain_run("snapshot-dagster-1", "dagster-1")
        with registry.tracking.station(parent, "bpr") as station:
            station.metrics({"loss": 0.5}, step=1)
            station.artifact(tmp_path / "server.log")
        assert station.waiting == 0
        assert first.url == f"{address}/#/models/coldcast/versions/1"
        files = registry.download(1, cache=cache)
        assert files.user_ids() == ["ann", "bob"]
        assert files.users.is_relative_to(cache)
        second = world.register("dagster-2")
        registry.promote(1, "first")
        registry.promote(2, "second")
        registry.follow_rollback(1, "worse", left=2)
        registry.promote(2, "again")
        for number in (3, 4):
            world.register(f"dagster-{number}")
        assert registry.prune(1) == [3]
        assert [one.version for one in registry.versions()] == [4, 2, 1]
        shutil.rmtree(cache)
        assert registry.download(second.version, cache=cache).users.exists()
    hurried = Registry(address, retry_seconds=1)
    with pytest.raises(RegistryUnavailable, match=rf"MLflow at {address} did not answer"):
        World(hurried, tmp_path).register("dagster-5")
    assert not (tmp_path / "ignored").exists()
