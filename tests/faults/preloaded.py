"""What a command loads. A server imports this once and forks a child for each command, so that none starts up."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy.orm import configure_mappers

LIBRARIES = (
    "dagster._core.storage.sqlite_storage",
    "great_expectations",
    "matplotlib.backends.backend_svg",
    "mlflow.pyfunc",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "pandas",
    "peft",
    "sklearn.feature_extraction.text",
    "torch",
    "transformers.models.bert.modeling_bert",
    "upath",
)
ROOMS = ("assets", "evaluation", "expectations", "models", "orchestration")

for _name in (*LIBRARIES, *ROOMS):
    _module = importlib.import_module(_name)
    if _name in ROOMS:
        for _part in pkgutil.walk_packages(_module.__path__, f"{_name}."):
            importlib.import_module(_part.name)
configure_mappers()
