"""The one folder that holds all state, and the URLs that can stand in for single parts of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError

HOME_VARIABLE = "COLDCAST_HOME"
DATABASE_VARIABLE = "COLDCAST_DATABASE_URL"
MLFLOW_VARIABLE = "COLDCAST_MLFLOW_URL"
DAGSTER_VARIABLE = "COLDCAST_DAGSTER_URL"
DEFAULT_HOME = ".coldcast"
NOT_IN_URLS = "?%"


@dataclass(frozen=True)
class Home:
    """Where everything lives.

    Attributes:
        root: The state folder, absolute.
        database_url: SQLAlchemy URL of the store; SQLite inside the folder unless replaced.
        mlflow_url: MLflow tracking and registry URI; SQLite inside the folder unless replaced.
        dagster_url: SQLAlchemy URL of Dagster's storage, or None for SQLite inside the folder.
    """

    root: Path
    database_url: str
    mlflow_url: str
    dagster_url: str | None = None

    @classmethod
    def resolve(cls, root: str | Path | None = None, environment: Mapping[str, str] | None = None) -> Home:
        """Find the state folder: the argument, else ``COLDCAST_HOME``, else ``./.coldcast``.

        ``COLDCAST_DATABASE_URL``, ``COLDCAST_MLFLOW_URL`` and ``COLDCAST_DAGSTER_URL`` replace single parts.

        Raises:
            InputError: If the folder's path is taken by a file, or holds a character that URLs give a meaning.
        """
        env = os.environ if environment is None else environment
        folder = Path(root or env.get(HOME_VARIABLE) or DEFAULT_HOME).expanduser().resolve()
        if folder.exists() and not folder.is_dir():
            raise InputError(
                f"the state folder {folder} is a file; choose a folder with --home or {HOME_VARIABLE}"
            )
        _require_plain(folder)
        return cls(
            root=folder,
            database_url=env.get(DATABASE_VARIABLE) or f"sqlite:///{folder / 'coldcast.db'}",
            mlflow_url=env.get(MLFLOW_VARIABLE) or f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}",
            dagster_url=_for_dagster(env.get(DAGSTER_VARIABLE) or "") or None,
        )

    def create(self) -> Home:
        """Make the folders; existing ones stay as they are."""
        for folder in (self.root, self.artifacts, self.mlflow_artifacts, self.dagster):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    @property
    def artifacts(self) -> Path:
        """What the stations leave behind, one folder per asset and snapshot."""
        return self.root / "artifacts"

    @property
    def mlflow_artifacts(self) -> Path:
        """MLflow's artefacts."""
        return self.root / "mlflow" / "artifacts"

    @property
    def dagster(self) -> Path:
        """Dagster's own home."""
        return self.root / "dagster"

    @property
    def config_file(self) -> Path:
        """Optional settings of this home, read by every command, sensor and schedule."""
        return self.root / "config.yaml"

    @property
    def run_lock(self) -> Path:
        """The file whose lock the running job holds."""
        return self.root / "run.lock"

    @property
    def watch_lock(self) -> Path:
        """The file whose lock a look at what is published holds."""
        return self.root / "watch.lock"


def _require_plain(folder: Path) -> None:
    """Refuse a path that, as part of a database's URL, would name another file."""
    for character in NOT_IN_URLS:
        if character in str(folder):
            raise InputError(
                f"the state folder {folder} has {character!r} in its path, which means something else in the URLs of "
                f"the databases in it; choose a folder without it with --home or {HOME_VARIABLE}"
            )


def _for_dagster(url: str) -> str:
    """Name the driver that Dagster's own statements are written for; ``postgresql://`` alone means another."""
    scheme, mark, rest = url.partition("://")
    return f"postgresql+psycopg2://{rest}" if mark and scheme in ("postgresql", "postgres") else url
