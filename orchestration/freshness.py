"""How old each asset may get before Dagster says so; what is wrong with it is said by its checks."""

from datetime import timedelta

import dagster as dg

from assets.retrain_rule import RetrainRule

OWN_RHYTHM = {"watch": (timedelta(hours=3), timedelta(hours=24))}
LEAST = timedelta(minutes=1)  # Dagster looks no closer
NEVER_DAYS = 36_500.0  # a hundred years; no window can be much longer
BY_EVENTS = frozenset({"provisional_users"})  # old when nobody new has come, which is no fault


def fresh(assets: list[dg.AssetsDefinition], rule: RetrainRule) -> list[dg.AssetsDefinition]:
    """The assets with a freshness policy: a warning at ``age_days``, a failure at twice that.

    Without a limit to the age, only what has a rhythm of its own gets a policy.

    Args:
        assets: Every asset.
        rule: The thresholds, as they are when Dagster loads.
    """
    usual = _windows(rule.age_days)

    def with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        if name in BY_EVENTS:
            return spec
        windows = OWN_RHYTHM.get(name, usual)
        if windows is None:
            return spec
        warn, fail = windows
        policy = dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)
        applied: dg.AssetSpec = dg.apply_freshness_policy(spec, policy)
        return applied

    return [asset.map_asset_specs(with_policy) for asset in assets]


def _windows(age_days: float) -> tuple[timedelta, timedelta] | None:
    """Ages of the warning and of the failure; None if nothing lives so long."""
    if age_days >= NEVER_DAYS:
        return None
    warn = max(timedelta(days=age_days), LEAST)
    return warn, 2 * warn
