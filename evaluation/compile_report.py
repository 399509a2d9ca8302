"""From judgements of a model and its references to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.comparison import Comparison, compare_audiences, compare_users
from evaluation.findings import EpochLoss, ReliabilityCurve
from evaluation.judgement import Judgement
from evaluation.report import Report

COMPARED_USERS = (
    ("cold", "ndcg", 20),
    ("cold", "recall", 20),
    ("warm", "recall", 20),
    ("overall", "ndcg", 20),
)
"""Settings, metrics and list lengths of the paired differences."""

COMPARED_AUDIENCES = (("precision", 20), ("recall", 20))


@dataclass(frozen=True)
class Origin:
    """Where the judged model and its data come from; see :class:`evaluation.findings.Findings`."""

    model: str
    snapshot_key: str
    snapshot_hash: str
    created_at: str
    losses: Mapping[str, list[EpochLoss]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def compile_report(judgements: Mapping[str, Judgement], origin: Origin, *, seed: int = 0) -> Report:
    """Put everything into one report.

    Args:
        judgements: The judged model and its references by name, all on the same snapshot.
        origin: Who is judged, on what, when.
        seed: Seed of the bootstrap; all models get the same resamples.

    Returns:
        The report, with paired differences of the judged model to every reference on test users and on the
        cold items of both phases.

    Raises:
        KeyError: If ``origin.model`` is not among the judgements.
    """
    if origin.model not in judgements:
        raise KeyError(f"no judgement of {origin.model!r}; there are {sorted(judgements)}")
    curves = {
        name: judgement.distribution.reliability
        for name, judgement in judgements.items()
        if judgement.distribution is not None
    }
    return Report(
        model=origin.model,
        snapshot_key=origin.snapshot_key,
        snapshot_hash=origin.snapshot_hash,
        created_at=origin.created_at,
        rows=[row for name, judgement in judgements.items() for row in judgement.rows(name, seed=seed)],
        comparisons=[
            comparison
            for name, judgement in judgements.items()
            if name != origin.model
            for comparison in _compared(
                (origin.model, name), (judgements[origin.model], judgement), seed=seed
            )
        ],
        reliability={
            name: ReliabilityCurve(curve.predicted.tolist(), curve.observed.tolist(), curve.mass.tolist())
            for name, curve in curves.items()
        },
        losses=dict(origin.losses),
        notes=list(origin.notes),
    )


def _compared(names: tuple[str, str], judged: tuple[Judgement, Judgement], *, seed: int) -> list[Comparison]:
    """Every paired difference that both judgements allow."""
    found = []
    for setting, metric, k in COMPARED_USERS:
        sides = [
            [s for key, s in one.users.items() if key == (setting, "test", "B") and (metric, k) in s.values]
            for one in judged
        ]
        if all(sides):
            found.append(compare_users(names, (sides[0][0], sides[1][0]), metric=metric, k=k, seed=seed))
    for metric, k in COMPARED_AUDIENCES:
        if all("both" in one.audience for one in judged):
            pair = (judged[0].audience["both"], judged[1].audience["both"])
            found.append(compare_audiences(names, pair, metric=metric, k=k, seed=seed))
    return found
