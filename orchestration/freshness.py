"""How old each asset may get before Dagster says so; what is wrong with it is said by its checks."""

from datetime import timedelta

import dagster as dg

from assets.retrain_rule import RetrainRule

OWN_RHYTHM = {"watch": (timedelta(hours=3), timedelta(hours=24))}
BY_EVENTS = frozenset({"provisional_users"})  # old when nobody new has come, which is no fault


def fresh(assets: list[dg.AssetsDefinition], rule: RetrainRule) -> list[dg.AssetsDefinition]:
    """The assets with a freshness policy: a warning at ``age_days``, a failure at twice that.

    Args:
        assets: Every asset.
        rule: The thresholds, as they are when Dagster loads.
    """

    def with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        if name in BY_EVENTS:
            return spec
        usual = (timedelta(days=rule.age_days), timedelta(days=2 * rule.age_days))
        warn, fail = OWN_RHYTHM.get(name, usual)
        policy = dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)
        applied: dg.AssetSpec = dg.apply_freshness_policy(spec, policy)
        return applied

    return [asset.map_asset_specs(with_policy) for asset in assets]
