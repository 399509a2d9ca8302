"""What each asset's age is measured against, at the edges of the rule."""

from __future__ import annotations

import math
from datetime import timedelta

import dagster as dg
import pytest

from assets.retrain_rule import RetrainRule
from orchestration.freshness import fresh


@dg.asset
def some() -> None:
    """An asset."""


@dg.asset
def watch() -> None:
    """One with a rhythm of its own."""


def policy(asset: dg.AssetsDefinition, age_days: float) -> dg.FreshnessPolicy | None:
    (made,) = fresh([asset], RetrainRule(age_days=age_days))
    (spec,) = made.specs
    return spec.freshness_policy


@pytest.mark.parametrize(
    ("age_days", "warn"),
    [
        (1e-5, timedelta(minutes=1)),
        (30.0, timedelta(days=30)),
        (36_499.0, timedelta(days=36_499)),
    ],
)
def test_a_warning_comes_at_the_age_and_a_failure_at_twice_that(age_days: float, warn: timedelta) -> None:
    expected = dg.FreshnessPolicy.time_window(fail_window=2 * warn, warn_window=warn)
    assert policy(some, age_days) == expected


@pytest.mark.parametrize("age_days", [math.inf, 1e9])
def test_what_never_grows_too_old_has_no_policy_but_the_watch(age_days: float) -> None:
    assert policy(some, age_days) is None
    assert policy(watch, age_days) == policy(watch, 30)
