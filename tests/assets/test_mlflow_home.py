"""One address of MLflow: links, refusals, and a server that is not there."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from assets.mlflow_home import MlflowHome, knock, sqlite_file
from assets.registry import Registry, RegistryUnavailable


def closed_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("uri", "pages", "expected"),
    [
        ("http://me:secret@host:5000/base/", None, "http://host:5000/base"),
        ("sqlite:////x/mlflow.db", None, "http://127.0.0.1:3001"),
        ("sqlite:////x/mlflow.db", "http://127.0.0.1:7777/", "http://127.0.0.1:7777"),
    ],
)
def test_links_lead_to_the_pages_without_a_password(uri: str, pages: str | None, expected: str) -> None:
    home = MlflowHome(uri, pages=pages)
    assert home.version_url("coldcast", 3) == f"{expected}/#/models/coldcast/versions/3"


def test_a_plain_folder_is_no_address() -> None:
    with pytest.raises(ValueError, match=r"tracking_uri must be a URL .* got './mlruns'"):
        MlflowHome("./mlruns")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    port = closed_port()
    registry = Registry(f"http://me:secret@127.0.0.1:{port}", retry_seconds=1)
    with pytest.raises(
        RegistryUnavailable, match=rf"http://me:\*\*\*@127.0.0.1:{port} did not answer"
    ) as caught:
        registry.champion()
    assert "secret" not in str(caught.value)


def test_a_database_server_that_is_not_there_is_named_at_once() -> None:
    port = closed_port()
    registry = Registry(f"postgresql://me:secret@127.0.0.1:{port}/mlflow", retry_seconds=1)
    with pytest.raises(RegistryUnavailable, match=rf"postgresql://me:\*\*\*@127.0.0.1:{port}/mlflow"):
        registry.tracking.retrain_run("snapshot", "run")


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts by backlog, says nothing
        registry = Registry(f"http://127.0.0.1:{silent.getsockname()[1]}", retry_seconds=1)
        with pytest.raises(RegistryUnavailable, match="did not answer"):
            registry.champion()


def test_a_server_that_comes_back_in_time_is_used() -> None:
    port = closed_port()
    listening = threading.Event()
    stop = threading.Event()

    def come_back() -> None:
        time.sleep(0.5)
        with socket.create_server(("127.0.0.1", port)):
            listening.set()
            stop.wait(10)

    thread = threading.Thread(target=come_back)
    thread.start()
    home = MlflowHome("sqlite:////nowhere/mlflow.db", retry_seconds=10)
    try:
        home.patience.insist(lambda: knock(f"postgresql://127.0.0.1:{port}/x", timeout=1), "knocking")
        assert listening.is_set()
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:////abs/mlflow.db", Path("/abs/mlflow.db")),
        ("sqlite:///here/mlflow.db?timeout=5", Path("here/mlflow.db")),
        ("sqlite://", None),
        ("http://host:5000/x", None),
    ],
)
def test_the_file_of_an_address(uri: str, expected: Path | None) -> None:
    assert sqlite_file(uri) == expected


@pytest.mark.slow
def test_an_interrupted_first_use_leaves_no_half_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mlflow.db"
    opened: list[str] = []

    def interrupted(self: MlflowHome, uri: str) -> None:
        opened.append(uri)
        (tmp_path / "mlflow.db.creating").write_bytes(b"half")
        raise KeyboardInterrupt

    registry = Registry(f"sqlite:///{file}", tmp_path / "artifacts")
    monkeypatch.setattr(MlflowHome, "_open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        registry.champion()
    monkeypatch.undo()
    assert opened == [f"sqlite:///{file}.creating"]
    assert not file.exists()
    assert Registry(f"sqlite:///{file}", tmp_path / "artifacts").champion() is None
    assert sorted(path.name for path in tmp_path.glob("mlflow.db*")) == ["mlflow.db", "mlflow.db.lock"]
