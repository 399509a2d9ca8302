"""All that the tables say of one training, at rest: a few kilobytes where its lists are megabytes."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Indices
from evaluation.benchmark_row import BenchmarkRow
from evaluation.funnel import FunnelFigure
from evaluation.near_duplicates import DuplicateFigure
from evaluation.ranked_lists import ListKey
from evaluation.user_side import UserSide

PAIRED: ListKey = ("cold", "test", "B")
"""The question whose values are kept for each user, for paired differences."""

PAIRED_METRICS = (("recall", 20), ("ndcg", 20))


@dataclass(frozen=True)
class UnitFigures:
    """The figures of the models of one training.

    Attributes:
        head: What is known of the training itself: its settings, data, commit, date; JSON values.
        rows: Every figure, those over both phases among them.
        sides: By model: each user's Recall and NDCG at 20 in :data:`PAIRED`; no entry where that has no truth.
        funnel: What each stage lets through, of models that choose users in stages.
        duplicates: Cold test figures with and without near-duplicates; empty where no text vectors were read.
    """

    head: Mapping[str, Any]
    rows: Sequence[BenchmarkRow]
    sides: Mapping[str, UserSide]
    funnel: Sequence[FunnelFigure] = ()
    duplicates: Sequence[DuplicateFigure] = ()

    def save(self, path: Path) -> None:
        """Write one compressed ``.npz``, whole or not at all, the same bytes for the same figures."""
        texts = {
            "head": dict(self.head),
            "rows": [row.to_dict() for row in self.rows],
            "funnel": [asdict(one) for one in self.funnel],
            "duplicates": [asdict(one) for one in self.duplicates],
        }
        arrays: dict[str, npt.NDArray[Any]] = {name: _packed(values) for name, values in texts.items()}
        for model, side in self.sides.items():
            arrays["users"] = side.users  # the same of every model
            for metric, k in PAIRED_METRICS:
                arrays[_place(model, metric)] = side.values[metric, k].astype(np.float32)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")  # two commands may end at once
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> UnitFigures:
        """Read back what :meth:`save` wrote; refuses pickled objects.

        Raises:
            ValueError: If the file is not what :meth:`save` writes.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return cls(
                    head=_unpacked(arrays["head"]),
                    rows=[BenchmarkRow(**row) for row in _unpacked(arrays["rows"])],
                    sides=_sides(arrays),
                    funnel=[FunnelFigure(**one) for one in _unpacked(arrays["funnel"])],
                    duplicates=[DuplicateFigure(**one) for one in _unpacked(arrays["duplicates"])],
                )
        except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} does not hold the figures of a training: {error}") from error


def paired_values(side: UserSide) -> UserSide:
    """Only the values that are kept, of a side with more."""
    return replace(side, values={key: side.values[key] for key in PAIRED_METRICS})


def _sides(arrays: Mapping[str, Any]) -> dict[str, UserSide]:
    """One entry a model, float64 as the judge gives it."""
    models = dict.fromkeys(name.split(":", 1)[1] for name in arrays if ":" in name)
    users: Indices = arrays["users"] if models else np.zeros(0, dtype=np.int64)
    return {
        model: UserSide(
            *PAIRED,
            users,
            {(metric, k): arrays[_place(model, metric)].astype(np.float64) for metric, k in PAIRED_METRICS},
        )
        for model in models
    }


def _place(model: str, metric: str) -> str:
    return f"{metric}:{model}"


def _packed(values: Any) -> npt.NDArray[np.uint8]:
    return np.frombuffer(json.dumps(values, ensure_ascii=False).encode(), dtype=np.uint8)


def _unpacked(kept: npt.NDArray[np.uint8]) -> Any:
    return json.loads(kept.tobytes().decode())
