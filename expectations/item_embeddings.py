"""What must hold of placed items before they are published beside the warm ones."""

from collections import Counter
from typing import Any

import dagster as dg

from assets.item_embeddings import item_embeddings as asset
from expectations.check_result import check_result
from expectations.finding import Finding, count_finding


@dg.asset_check(asset=asset, blocking=True)
def nothing_fixed_has_moved(item_embeddings: Any) -> dg.AssetCheckResult:
    """Users and warm items are bitwise what they were before the update."""
    return check_result([tables_untouched(item_embeddings.fixed_before, item_embeddings.fixed_after)])


@dg.asset_check(asset=asset, blocking=True)
def placed_vectors_are_sound(item_embeddings: Any) -> dg.AssetCheckResult:
    """Finite, no dead rows, each item once, lengths as the warm items lead to expect."""
    value = item_embeddings
    return check_result(
        placement_findings(value.vectors, item_ids=value.item_ids, usual_length=value.usual_length)
    )


def tables_untouched(before: str, after: str) -> Finding:
    """SHA-256 of the user and warm item tables before and after the update."""
    name = "users and warm items are bitwise untouched"
    return Finding(name, before == after and before != "", after[:16], before[:16])


def placement_findings(vectors: Any, *, item_ids: list[str], usual_length: float) -> list[Finding]:
    """Doubt placed vectors.

    Args:
        vectors: Shape (C, D), float32.
        item_ids: Length C.
        usual_length: Of such a vector, by the version's warm items.

    Returns:
        One finding per property; offenders are row numbers, or ids that stand twice.
    """
    from expectations.arrays import finite, no_dead_rows, norms_comparable, shape_is

    repeated = [name for name, count in Counter(item_ids).items() if count > 1]
    findings = [
        shape_is("placed vectors", vectors, (len(item_ids), -1)),
        finite("placed vectors", vectors),
        count_finding("no item stands twice", repeated),
    ]
    if not all(finding.passed for finding in findings[:2]):
        return findings  # lengths of such vectors mean nothing
    return [
        *findings,
        no_dead_rows("placed vectors", vectors),
        norms_comparable("placed vectors are as long as warm ones", vectors, usual=usual_length),
    ]
