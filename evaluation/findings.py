"""Findings: all that a report says, as frozen values, before it takes any form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.comparison import Comparison
from evaluation.row import Row


@dataclass(frozen=True)
class ReliabilityCurve:
    """A reliability curve at rest (see :class:`evaluation.distribution.Reliability`)."""

    predicted: list[float]
    observed: list[float]
    mass: list[float]


@dataclass(frozen=True)
class EpochLoss:
    """One epoch of one training: its mean loss and, where measured, its validation value."""

    epoch: int
    loss: float
    validation: float | None = None


@dataclass(frozen=True)
class Findings:
    """Everything that is known about one trained model on one snapshot.

    Attributes:
        model: Name of the judged model; the other models of ``rows`` are references.
        snapshot_key: Key of the snapshot.
        snapshot_hash: Its content hash.
        created_at: When the report was made, ISO 8601, UTC.
        rows: Every number.
        comparisons: Paired differences to the references.
        reliability: Curve by model, for models that give probabilities.
        losses: Loss curve by training station.
        notes: Sentences for the reader, such as what the references are.
    """

    model: str
    snapshot_key: str
    snapshot_hash: str
    created_at: str
    rows: list[Row]
    comparisons: list[Comparison] = field(default_factory=list)
    reliability: Mapping[str, ReliabilityCurve] = field(default_factory=dict)
    losses: Mapping[str, list[EpochLoss]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def models(self) -> list[str]:
        """All models in the order of their first row."""
        return list(dict.fromkeys(row.model for row in self.rows))

    def select(self, **wanted: Any) -> list[Row]:
        """The rows whose named fields have the given values, in order.

        Args:
            wanted: Field names of :class:`Row` and their values, such as ``metric="ndcg", k=20``.

        Returns:
            Possibly no row.

        Raises:
            AttributeError: If a name is no field of a row.
        """
        return [
            row for row in self.rows if all(getattr(row, name) == value for name, value in wanted.items())
        ]

    def find(self, **wanted: Any) -> Row | None:
        """The only row with these values, or None if there is none.

        Args:
            wanted: As for :meth:`select`.

        Returns:
            The row or None.

        Raises:
            ValueError: If several rows match; name more fields.
        """
        found = self.select(**wanted)
        if len(found) > 1:
            raise ValueError(f"{wanted} matches {len(found)} rows, expected one; name more fields")
        return found[0] if found else None

    def metrics(self) -> dict[str, float]:
        """The judged model's numbers under flat names, for a metric store.

        Returns:
            Names such as ``test.cold.B.ndcg_at_20`` and ``both.audience.gini_at_20``.
        """
        return {_flat_name(row): row.value for row in self.select(model=self.model)}


def _flat_name(row: Row) -> str:
    """Phase, setting (or side), evaluator and metric, joined by dots."""
    where = [row.setting, row.evaluator or ""] if row.side == "user" else ["audience"]
    metric = row.metric if row.k is None else f"{row.metric}_at_{row.k}"
    return ".".join([row.phase, *(part for part in where if part), metric])
