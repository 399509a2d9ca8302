"""The scorer that MLflow loads: texts in, the users most likely to want each of them out.

MLflow copies this one file into every registered version and runs it there, so it imports nothing of this
folder; ``models.filterllm`` comes from the installed package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class Scorer(PythonModel):
    """A FilterLLM with the ids of its users."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the checkpoint and the user ids out of the version's files.

        Raises:
            MlflowException: If coldcast is not installed here, or the files disagree about the users.
        """
        import pyarrow.parquet as pq

        try:
            from data.id_map import IdMap
            from models.filterllm.checkpoint import load_checkpoint
        except ImportError as error:
            raise MlflowException(
                f"this model needs the package coldcast ({error}); pip install coldcast into the environment "
                "that serves it, and start in a folder that has no 'models' of its own"
            ) from error
        self._model = load_checkpoint(Path(context.artifacts["checkpoint"]))
        table = pq.read_table(context.artifacts["users"], columns=["user_id"])
        users = IdMap(table.column("user_id").to_pylist())
        if self._model.user_fingerprint != users.fingerprint:
            raise MlflowException(
                f"the checkpoint was trained for users with fingerprint {self._model.user_fingerprint}, "
                f"the {len(users)} user ids beside it have {users.fingerprint}; register a version again"
            )
        self._user_ids = users.ids  # (U,)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Name each text's most probable users.

        Args:
            context: Not read.
            model_input: One row per item, column ``text``.
            params: ``k``, the users wanted per text; the version's signature holds the default.

        Returns:
            One row per item in the order given: ``user_ids`` and ``log_probabilities`` (nats, normalised over
            all users), both lists of length k by falling probability.

        Raises:
            MlflowException: If the column is missing, a text is empty, or ``k`` is out of range.
        """
        texts = require_texts(model_input)
        k = require_k((params or {}).get("k"), n_users=len(self._user_ids))
        top = self._model.simulate(texts, k=k)
        return pd.DataFrame(
            {
                "user_ids": self._user_ids[top.users].tolist(),  # (B, k)
                "log_probabilities": top.log_probabilities.tolist(),  # (B, k)
            }
        )


def require_texts(model_input: pd.DataFrame) -> list[str]:
    """Take the column ``text``.

    Raises:
        MlflowException: If the column or every row is missing, or a text is empty or no text.
    """
    if "text" not in model_input.columns:
        raise MlflowException.invalid_parameter_value(
            f"the input must have a column 'text', got {[str(name) for name in model_input.columns]}"
        )
    texts: list[str] = model_input["text"].tolist()
    if not texts:
        raise MlflowException.invalid_parameter_value("the input must have at least one row, got none")
    for row, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise MlflowException.invalid_parameter_value(
                f"'text' must be a non-empty string in every row, got {text!r} in row {row}; "
                "leave the row out or describe the item"
            )
    return texts


def require_k(k: Any, *, n_users: int) -> int:
    """Check the users wanted per text.

    Raises:
        MlflowException: If ``k`` is not a whole number in [1, n_users].
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= n_users:
        raise MlflowException.invalid_parameter_value(
            f"k must be between 1 and the number of users ({n_users}), got {k!r}"
        )
    return int(k)


mlflow.models.set_model(Scorer())
