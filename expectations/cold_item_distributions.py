"""What must hold of the audiences before items are placed by them."""

from collections import Counter
from typing import Any

import dagster as dg

from assets.cold_item_distributions import cold_item_distributions as asset
from assets.item_distributions import ItemDistributions
from expectations.check_result import check_result
from expectations.finding import Finding, count_finding

ROUNDING = 1e-3  # float32 log-probabilities summed over some thousand users


@dg.asset_check(asset=asset, blocking=True)
def audiences_are_distributions(cold_item_distributions: ItemDistributions) -> dg.AssetCheckResult:
    """Rows descend, probabilities sum to at most 1, users exist and stand once in a row."""
    value = cold_item_distributions
    return check_result(
        distribution_findings(
            value.top.users, value.top.log_probabilities, item_ids=value.item_ids, n_users=len(value.user_ids)
        )
    )


def distribution_findings(
    users: Any, log_probabilities: Any, *, item_ids: list[str], n_users: int
) -> list[Finding]:
    """Doubt top-K audiences.

    Args:
        users: user_index, shape (C, K), int64.
        log_probabilities: In nats over all users, shape (C, K).
        item_ids: Length C; offenders are named by them.
        n_users: U.

    Returns:
        One finding per property.
    """
    import numpy as np

    from expectations.arrays import shape_is

    users, logs = np.asarray(users), np.asarray(log_probabilities, dtype=np.float64)
    shapes = [
        shape_is("audiences", users, (len(item_ids), -1)),
        shape_is("log-probabilities", logs, users.shape),
    ]
    if not all(finding.passed for finding in shapes):
        return shapes

    def named(wrong: Any) -> list[str]:
        return [item_ids[row] for row in np.flatnonzero(wrong)]

    ordered = np.sort(users, axis=1)
    rising = (np.diff(logs, axis=1) > 0).any(axis=1)
    with np.errstate(over="ignore"):
        total = np.exp(logs).sum(axis=1)
    return [
        *shapes,
        count_finding("log-probabilities are finite", named(~np.isfinite(logs).all(axis=1))),
        count_finding("rows descend", named(rising)),
        count_finding("probabilities sum to at most 1", named(~(total <= 1 + ROUNDING))),
        count_finding("users exist", named(((users < 0) | (users >= n_users)).any(axis=1))),
        count_finding(
            "no user stands twice in a row", named((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        ),
        count_finding(
            "no item stands twice", [name for name, count in Counter(item_ids).items() if count > 1]
        ),
    ]
