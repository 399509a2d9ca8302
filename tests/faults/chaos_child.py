"""What a struck process runs; :mod:`tests.faults.preloaded` is imported by then."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def run(arguments: list[str], log: str) -> None:
    """Run a `coldcast` command in a process group of its own; its words go to a file."""
    _on_its_own(log)
    os.environ["COLUMNS"] = "500"
    sys.argv = ["coldcast", *arguments]
    from orchestration.cli import main

    main(arguments)


def check_registry(home: str, log: str) -> None:
    """End well only if the champion alias is at the published version and no run of Dagster or MLflow goes on."""
    _on_its_own(log)
    from assets.resources import RegistryResource
    from data.store.store import Store
    from tests.faults.homes import mlflow_states, run_states

    root = Path(home)
    with Store.open(f"sqlite:///{root / 'coldcast.db'}") as store:
        current = store.current_publication()
    if current is not None:
        champion = RegistryResource(home=home).open().champion()
        assert champion is not None, f"version {current.version} is published and nobody is champion"
        assert champion.version == current.version, f"{champion.version} for {current.version}"
    if (root / "mlflow" / "mlflow.db").exists():
        assert "RUNNING" not in mlflow_states(root, stations=False)
    if (root / "dagster" / "history").exists():
        assert set(run_states(root)) <= {"SUCCESS", "FAILURE"}


def _on_its_own(log: str) -> None:
    os.setpgrp()
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(stream, descriptor)
